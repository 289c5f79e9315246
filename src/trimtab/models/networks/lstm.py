"""The LSTM: a recurrent network that reads a window bar by bar (Hochreiter and Schmidhuber 1997)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, ClassVar

from torch import Tensor, nn

from trimtab.models.networks.fitted import FittedNetwork
from trimtab.models.networks.forecaster import NetworkForecaster
from trimtab.models.networks.layers import Head
from trimtab.models.networks.specs import TRAINING, WINDOW
from trimtab.models.parameters import ParameterSpec

__all__ = ["SPECS", "FittedNetwork", "Lstm"]

SPECS = (ParameterSpec("hidden", "sizes", [32], 1, 1024), WINDOW, *TRAINING)


class Lstm(NetworkForecaster):
    """One recurrent layer per width in `hidden`, dropout after each; the state after the newest bar is read."""

    family: ClassVar[str] = "lstm"
    specs: ClassVar[tuple[ParameterSpec, ...]] = SPECS

    @staticmethod
    def build(parameters: Mapping[str, Any], n_features: int) -> nn.Module:
        return LstmNetwork(n_features, parameters["hidden"], parameters["dropout"])


class LstmNetwork(nn.Module):
    """(n, window, k) -> (n,)."""

    def __init__(self, n_features: int, hidden: list[int], dropout: float) -> None:
        super().__init__()
        widths = pairwise([n_features, *hidden])
        self.layers = nn.ModuleList(nn.LSTM(width, wider, batch_first=True) for width, wider in widths)
        self.dropout = nn.Dropout(dropout)
        self.head = Head(hidden[-1])

    def forward(self, inputs: Tensor) -> Tensor:
        for layer in self.layers:
            inputs = self.dropout(layer(inputs)[0])
        return self.head(inputs[:, -1])

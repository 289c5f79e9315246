"""A small transformer encoder: every bar of a window looks at every other (Vaswani et al. 2017)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from trimtab.errors import ConfigurationError
from trimtab.models.networks.fitted import FittedNetwork
from trimtab.models.networks.forecaster import NetworkForecaster
from trimtab.models.networks.layers import Head
from trimtab.models.networks.specs import TRAINING, WINDOW
from trimtab.models.parameters import ParameterSpec

__all__ = ["SPECS", "FittedNetwork", "Transformer"]

SPECS = (
    ParameterSpec("width", "int", 32, 1, 1024),
    ParameterSpec("n_heads", "int", 4, 1, 64),
    ParameterSpec("n_layers", "int", 1, 1, 16, search=(1, 3)),
    WINDOW,
    *TRAINING,
)


class Transformer(NetworkForecaster):
    """Linear embedding plus a learnt position, `n_layers` encoder layers; the newest bar is read.

    No mask is needed: a window ends at the bar of the decision, so all of it is past.
    """

    family: ClassVar[str] = "transformer"
    specs: ClassVar[tuple[ParameterSpec, ...]] = SPECS

    def __post_init__(self) -> None:
        super().__post_init__()
        width, n_heads = self.parameters["width"], self.parameters["n_heads"]
        if width % n_heads:
            raise ConfigurationError(
                f"parameter 'width' of transformer is {width} with {n_heads} heads; "
                f"it must be a multiple of 'n_heads', such as {n_heads * max(round(width / n_heads), 1)}"
            )

    @staticmethod
    def build(parameters: Mapping[str, Any], n_features: int) -> nn.Module:
        return TransformerNetwork(n_features, parameters)


class TransformerNetwork(nn.Module):
    """(n, window, k) -> (n,)."""

    def __init__(self, n_features: int, parameters: Mapping[str, Any]) -> None:
        super().__init__()
        width = parameters["width"]
        self.embedding = nn.Linear(n_features, width)
        self.place = nn.Parameter(0.02 * torch.randn(parameters["window"], width))
        layer = nn.TransformerEncoderLayer(
            width, parameters["n_heads"], 2 * width, parameters["dropout"], batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, parameters["n_layers"], enable_nested_tensor=False)
        self.head = Head(width)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.head(self.encoder(self.embedding(inputs) + self.place)[:, -1])

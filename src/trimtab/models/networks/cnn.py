"""The 1-D convolutional network: patterns of a few bars, anywhere in the window."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, ClassVar

from torch import Tensor, nn

from trimtab.models.networks.fitted import FittedNetwork
from trimtab.models.networks.forecaster import NetworkForecaster
from trimtab.models.networks.layers import ACTIVATIONS, CausalConvolution, Head, last_and_mean
from trimtab.models.networks.specs import ACTIVATION, TRAINING, WINDOW
from trimtab.models.parameters import ParameterSpec

__all__ = ["SPECS", "Cnn", "FittedNetwork"]

SPECS = (
    ParameterSpec("channels", "sizes", [32, 32], 1, 1024),
    ParameterSpec("kernel_size", "int", 3, 1, 64, search=(2, 5)),
    WINDOW,
    ACTIVATION,
    *TRAINING,
)


class Cnn(NetworkForecaster):
    """Per width in `channels`: convolution, activation, dropout; the newest bar and the mean over bars are read."""

    family: ClassVar[str] = "cnn"
    specs: ClassVar[tuple[ParameterSpec, ...]] = SPECS

    @staticmethod
    def build(parameters: Mapping[str, Any], n_features: int) -> nn.Module:
        layers: list[nn.Module] = []
        for width, wider in pairwise([n_features, *parameters["channels"]]):
            layers.append(CausalConvolution(width, wider, parameters["kernel_size"]))
            layers += [ACTIVATIONS[parameters["activation"]](), nn.Dropout(parameters["dropout"])]
        return CnnNetwork(nn.Sequential(*layers), parameters["channels"][-1])


class CnnNetwork(nn.Module):
    """(n, window, k) -> (n,)."""

    def __init__(self, layers: nn.Module, width: int) -> None:
        super().__init__()
        self.layers = layers
        self.head = Head(2 * width)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.head(last_and_mean(self.layers(inputs.transpose(1, 2))))

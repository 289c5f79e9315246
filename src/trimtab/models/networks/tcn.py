"""The temporal convolutional network: dilated causal residual blocks (Bai, Kolter and Koltun 2018)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, ClassVar

from torch import Tensor, nn

from trimtab.models.networks.fitted import FittedNetwork
from trimtab.models.networks.forecaster import NetworkForecaster
from trimtab.models.networks.layers import ACTIVATIONS, CausalConvolution, Head
from trimtab.models.networks.specs import ACTIVATION, TRAINING, WINDOW
from trimtab.models.parameters import ParameterSpec

__all__ = ["SPECS", "FittedNetwork", "Tcn"]

SPECS = (
    ParameterSpec("channels", "sizes", [32, 32, 32], 1, 1024),
    ParameterSpec("kernel_size", "int", 3, 1, 64, search=(2, 5)),
    WINDOW,
    ACTIVATION,
    *TRAINING,
)


class Tcn(NetworkForecaster):
    """One residual block per width in `channels`, each with twice the dilation of the one before.

    The output of the newest bar is read. It sees 1 + 2 x (kernel_size - 1) x (2^blocks - 1) bars: 29 by default.
    """

    family: ClassVar[str] = "tcn"
    specs: ClassVar[tuple[ParameterSpec, ...]] = SPECS

    @staticmethod
    def build(parameters: Mapping[str, Any], n_features: int) -> nn.Module:
        blocks = [
            ResidualBlock(width, wider, 2**number, parameters)
            for number, (width, wider) in enumerate(pairwise([n_features, *parameters["channels"]]))
        ]
        return TcnNetwork(nn.Sequential(*blocks), parameters["channels"][-1])


class TcnNetwork(nn.Module):
    """(n, window, k) -> (n,)."""

    def __init__(self, blocks: nn.Module, width: int) -> None:
        super().__init__()
        self.blocks = blocks
        self.head = Head(width)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.head(self.blocks(inputs.transpose(1, 2))[..., -1])


class ResidualBlock(nn.Module):
    """Two causal convolutions beside a shortcut; (n, channels, bars) -> (n, wider, bars)."""

    def __init__(self, channels: int, wider: int, dilation: int, parameters: Mapping[str, Any]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for width in (channels, wider):
            layers.append(CausalConvolution(width, wider, parameters["kernel_size"], dilation))
            layers += [ACTIVATIONS[parameters["activation"]](), nn.Dropout(parameters["dropout"])]
        self.layers = nn.Sequential(*layers)
        self.shortcut = nn.Identity() if channels == wider else nn.Conv1d(channels, wider, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.layers(inputs) + self.shortcut(inputs)

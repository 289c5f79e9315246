"""The dense network: layers over one table row."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, ClassVar

from torch import nn

from trimtab.models.networks.fitted import FittedNetwork
from trimtab.models.networks.forecaster import NetworkForecaster
from trimtab.models.networks.layers import ACTIVATIONS, Head
from trimtab.models.networks.specs import ACTIVATION, TRAINING
from trimtab.models.parameters import ParameterSpec

__all__ = ["SPECS", "Dense", "FittedNetwork"]

SPECS = (ParameterSpec("hidden", "sizes", [64, 32], 1, 2048), ACTIVATION, *TRAINING)


class Dense(NetworkForecaster):
    """Per width in `hidden`: linear, activation, dropout; then one output."""

    family: ClassVar[str] = "dense"
    specs: ClassVar[tuple[ParameterSpec, ...]] = SPECS

    @staticmethod
    def build(parameters: Mapping[str, Any], n_features: int) -> nn.Module:
        layers: list[nn.Module] = []
        for width, wider in pairwise([n_features, *parameters["hidden"]]):
            layers += [
                nn.Linear(width, wider),
                ACTIVATIONS[parameters["activation"]](),
                nn.Dropout(parameters["dropout"]),
            ]
        return nn.Sequential(*layers, Head(parameters["hidden"][-1]))

"""Models that need no training, for testing what judges them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from trimtab.datasets.schema import Task
from trimtab.models.protocol import Forecast


@dataclass(frozen=True)
class FirstFeatureForecaster:
    """Forecasts the first feature, through a logistic curve in classification; a NaN says one half or zero."""

    feature_names: tuple[str, ...]
    task: Task = "classification"
    family: ClassVar[str] = "first_feature"
    window: ClassVar[int] = 1

    def predict(self, features: np.ndarray) -> Forecast:
        first = np.nan_to_num(features[:, 0])
        return Forecast(first if self.task == "regression" else 1.0 / (1.0 + np.exp(-first)))

    def save(self) -> dict[str, bytes]:
        return {"features.txt": "\n".join(self.feature_names).encode()}

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> Self:
        return cls(tuple(files["features.txt"].decode().split("\n")))

    def importance(self) -> dict[str, float]:
        return {self.feature_names[0]: 1.0}

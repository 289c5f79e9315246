"""A family that learns one number and remembers what it was trained on, for testing who trains on what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from trimtab.datasets import Dataset
from trimtab.datasets.schema import Task
from trimtab.models.protocol import FitContext, Forecast


@dataclass(frozen=True)
class FittedMean:
    """Says the mean training target, plus the mean of the first feature over its window."""

    feature_names: tuple[str, ...]
    task: Task
    mean: float
    window: int = 1
    family: ClassVar[str] = "mean"

    def predict(self, features: np.ndarray) -> Forecast:
        first = features[..., 0] if self.window == 1 else np.nanmean(features[..., 0], axis=1)
        return Forecast(self.mean + np.nan_to_num(first))


@dataclass(frozen=True)
class RecordingMean:
    """Trains a `FittedMean` and keeps every dataset and context it was given."""

    window: int = 1
    fits: list[tuple[Dataset, FitContext]] = field(default_factory=list)
    family: ClassVar[str] = "mean"
    parameters: ClassVar[Mapping[str, Any]] = {}

    def fit(self, train: Dataset, validation: Dataset | None, context: FitContext) -> FittedMean:
        assert validation is None
        self.fits.append((train, context))
        return FittedMean(train.feature_names, train.task, float(train.target.mean()), self.window)

"""Random forest: grown by scikit-learn, stored as plain arrays, walked by our own kernel.

Breiman, "Random Forests", Machine Learning 45, 2001. scikit-learn sends a missing value down the
side its split has learned, so no imputation is needed. Forecasts equal those of scikit-learn bit
for bit; a single row takes microseconds where scikit-learn takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from trimtab.datasets import Dataset
from trimtab.datasets.schema import Task
from trimtab.models import description
from trimtab.models.description import Description, read_description
from trimtab.models.inputs import checked_features, training_rows
from trimtab.models.parameters import ParameterSpec, complete
from trimtab.models.protocol import FitContext, Forecast
from trimtab.models.trees import Trees, flatten, trees_from_bytes

FILE = "trees.safetensors"
SPECS = (
    ParameterSpec("min_samples_leaf", "int", 20, 1, 100_000, search=(5, 100), log=True),
    ParameterSpec("max_depth", "int", 5, 1, 32, search=(3, 7)),
    ParameterSpec("max_features", "float", 0.1, 0.001, 1.0, search=(0.03, 0.2), log=True),
    ParameterSpec("n_estimators", "int", 60, 1, 2000),
    ParameterSpec("max_samples", "float", 0.25, 0.01, 1.0),
)


@dataclass(frozen=True)
class FittedForest:
    """The trees of a forest; the forecast is the mean of what they say."""

    family: ClassVar[str] = "random_forest"
    window: ClassVar[int] = 1
    task: Task
    feature_names: tuple[str, ...]
    parameters: Mapping[str, Any]
    trees: Trees = field(repr=False)

    def predict(self, features: np.ndarray) -> Forecast:
        return Forecast(self.trees.predict(checked_features(features, self.feature_names)))

    def save(self) -> dict[str, bytes]:
        described = Description(self.family, self.task, self.feature_names, self.parameters)
        return {description.FILE: described.to_bytes(), FILE: self.trees.to_bytes()}

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> FittedForest:
        described = read_description(files, cls.family)
        trees = trees_from_bytes(files.get(FILE, b""), len(described.feature_names))
        return cls(described.task, described.feature_names, described.parameters, trees)

    def importance(self) -> dict[str, float]:
        share = self.trees.importance
        return dict(zip(self.feature_names, share.tolist(), strict=True)) if share.any() else {}


@dataclass(frozen=True)
class RandomForest:
    """A forest with scikit-learn's parameter names; `max_features` and `max_samples` are shares.

    Trees are grown on their own, each from its own seed, so the number of threads changes nothing.
    """

    family: ClassVar[str] = "random_forest"
    window: ClassVar[int] = 1
    given: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        complete(self.family, SPECS, self.given)

    @property
    def parameters(self) -> dict[str, Any]:
        return complete(self.family, SPECS, self.given)

    def fit(self, train: Dataset, validation: Dataset | None, context: FitContext) -> FittedForest:
        rows = training_rows(train)
        grown = grow(self.parameters, train.task, context)
        grown.fit(rows.features, rows.target, sample_weight=rows.weight)
        return FittedForest(train.task, train.feature_names, self.parameters, flatten(grown))


def grow(
    parameters: Mapping[str, Any], task: Task, context: FitContext
) -> RandomForestClassifier | RandomForestRegressor:
    """The scikit-learn forest of these parameters, not fitted yet."""
    kind = RandomForestClassifier if task == "classification" else RandomForestRegressor
    return kind(**parameters, bootstrap=True, random_state=context.seed, n_jobs=context.n_threads)

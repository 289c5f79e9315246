"""The naive family: always the training average, the comparator every other family must beat.

For classification that average is the share of class 1, so at the threshold 0.5 it names the
majority class. Persistence and the like depend on the label, not on the features: they live in
`Dataset.baseline`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from trimtab.datasets import Dataset
from trimtab.datasets.schema import Task
from trimtab.errors import ArtifactError
from trimtab.models import description
from trimtab.models.description import Description, read_description
from trimtab.models.inputs import checked_features, training_rows
from trimtab.models.parameters import ParameterSpec, complete
from trimtab.models.protocol import FitContext, Forecast

SPECS: tuple[ParameterSpec, ...] = ()


@dataclass(frozen=True)
class FittedNaive:
    """The weighted mean of the training target, whatever the features say."""

    family: ClassVar[str] = "naive"
    window: ClassVar[int] = 1
    task: Task
    feature_names: tuple[str, ...]
    mean: float

    def predict(self, features: np.ndarray) -> Forecast:
        rows = checked_features(features, self.feature_names)
        return Forecast(np.full(len(rows), self.mean))

    def save(self) -> dict[str, bytes]:
        described = Description(self.family, self.task, self.feature_names, {}, {"mean": self.mean})
        return {description.FILE: described.to_bytes()}

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> FittedNaive:
        described = read_description(files, cls.family)
        try:
            return cls(described.task, described.feature_names, float(described.learned["mean"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ArtifactError(f"the naive model has no usable mean ({error!r}); train it again") from error

    def importance(self) -> dict[str, float]:
        return {}


@dataclass(frozen=True)
class Naive:
    """The naive family; it has no parameters."""

    family: ClassVar[str] = "naive"
    window: ClassVar[int] = 1
    given: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        complete(self.family, SPECS, self.given)

    @property
    def parameters(self) -> dict[str, Any]:
        return {}

    def fit(self, train: Dataset, validation: Dataset | None, context: FitContext) -> FittedNaive:
        rows = training_rows(train)
        return FittedNaive(train.task, train.feature_names, float(np.average(rows.target, weights=rows.weight)))

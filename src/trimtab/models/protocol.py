"""What every model family promises; one contract suite runs over all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from trimtab.datasets import Dataset
from trimtab.datasets.schema import Task


@dataclass(frozen=True)
class Forecast:
    """What a model says about n samples.

    Attributes
    ----------
    value: float64, shape (n,): probability of class 1, or the predicted value in regression.
    members: what each member of an ensemble says, by name, each of shape (n,); empty otherwise.
    """

    value: np.ndarray
    members: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class FitContext:
    """What training may use beside the data: the seed and the number of threads."""

    seed: int
    n_threads: int = 2


class FittedForecaster(Protocol):
    """A trained model. It is immutable, and the same rows always give the same forecast."""

    family: ClassVar[str]
    feature_names: tuple[str, ...]
    task: Task

    def predict(self, features: np.ndarray) -> Forecast:
        """Forecast from a float64 array of shape (n, k), columns in the order of `feature_names`."""
        ...

    def save(self) -> dict[str, bytes]:
        """The model as named files that hold data only; the same model gives the same bytes."""
        ...

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> Self:
        """Rebuild from the files of `save`, whose hashes have been checked already."""
        ...

    def importance(self) -> dict[str, float]:
        """Importance the model itself reports, by feature, summing to 1; empty when it has none."""
        ...


class Forecaster(Protocol):
    """A family with its parameters, ready to be trained."""

    family: ClassVar[str]

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters, defaults filled in; JSON values only."""
        ...

    def fit(self, train: Dataset, validation: Dataset | None, context: FitContext) -> FittedForecaster:
        """Train on `train`; `validation`, when given, is only for early stopping."""
        ...

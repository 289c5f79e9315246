"""What every model family promises; one contract suite runs over all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, Self

import numpy as np

from trimtab.datasets import Dataset
from trimtab.datasets.schema import Task
from trimtab.models.watch import UNWATCHED, Watch


@dataclass(frozen=True)
class Forecast:
    """What a model says about n samples. Every array is float64 of shape (n,).

    Attributes
    ----------
    value: probability of class 1, or the predicted value in regression.
    members: what each member of an ensemble says, by name; empty otherwise.
    low, high: the prediction interval: in regression around the value, in classification of the label
        itself (0 to 0, 1 to 1, or 0 to 1 where both classes are possible); None where the model gives none.
    confidence: calibrated probability that the class (or direction) said is right; None where the model
        has not measured it.
    novelty: how far the input lies from the training rows: 1 is their edge (see `models.novelty`), above it
        the model abstains; None where the model does not know.
    horizons: the forecast of every horizon by its bars, where the model forecasts several; `value` is then
        that of the first one.
    uncalibrated: `value` before calibration, which sets of classes are read from; None where nothing was
        calibrated, or in regression.
    """

    value: np.ndarray
    members: dict[str, np.ndarray] = field(default_factory=dict)
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    confidence: np.ndarray | None = None
    novelty: np.ndarray | None = None
    horizons: dict[int, Forecast] = field(default_factory=dict)
    uncalibrated: np.ndarray | None = None

    @property
    def spread(self) -> np.ndarray:
        """Standard deviation of what the members say (ddof 0); NaN without members."""
        if not self.members:
            return np.full(len(self.value), np.nan)
        return np.std(list(self.members.values()), axis=0)

    @property
    def abstains(self) -> np.ndarray:
        """Where the input is farther from the training rows than any of them is; bool."""
        return np.zeros(len(self.value), bool) if self.novelty is None else self.novelty > 1.0


@dataclass(frozen=True)
class FitContext:
    """What training may use beside the data.

    Attributes
    ----------
    seed: of everything random.
    n_threads: how many threads; they change the time, never the result.
    device: where networks are trained: "cpu", "cuda", or "auto" for CUDA where there is one.
    checkpoints: a folder in which a long training keeps its state, to go on after a kill; None keeps none.
    watch: told about every step (epoch, boosting round) as it happens.
    """

    seed: int
    n_threads: int = 2
    device: Literal["auto", "cpu", "cuda"] = "auto"
    checkpoints: Path | None = None
    watch: Watch = UNWATCHED


class FittedForecaster(Protocol):
    """A trained model. It is immutable, and the same rows always give the same forecast."""

    family: ClassVar[str]

    @property
    def feature_names(self) -> tuple[str, ...]: ...

    @property
    def task(self) -> Task: ...

    @property
    def window(self) -> int:
        """How many bars an input holds: 1 for a table row, more for a sequence model."""
        ...

    def predict(self, features: np.ndarray) -> Forecast:
        """Forecast from float64 inputs, columns in the order of `feature_names`.

        Their shape is (n, k) where `window` is 1, and (n, window, k), oldest bar first, where it is more.
        `trimtab.models.forecasting.forecast` cuts the right inputs from a dataset.
        """
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

    @property
    def window(self) -> int:
        """How many bars an input of the trained model holds; above 1 the dataset needs a history."""
        ...

    def fit(self, train: Dataset, validation: Dataset | None, context: FitContext) -> FittedForecaster:
        """Train on `train`; `validation`, when given, is only for early stopping.

        A family that cannot do without early stopping cuts the validation off the end of `train` itself,
        purged (`trimtab.datasets.purging.last_part`).
        """
        ...

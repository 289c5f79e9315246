"""`Dataset`: the samples a model may learn from or be judged on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from trimtab.errors import DatasetError

Task = Literal["classification", "regression"]


@dataclass(frozen=True)
class Dataset:
    """Samples ordered by decision time, then instrument; n samples, k features.

    Attributes
    ----------
    features: float64, shape (n, k), Fortran order; NaN where a feature has no value yet.
    feature_names: k names, as in the catalogue.
    target: float64, shape (n,): 0.0 or 1.0 for classification, the value for regression.
    task: "classification" or "regression".
    horizon: bars from the decision to the end of the label.
    weight: float64, shape (n,), sample weights, 1.0 on average.
    instrument: int32, shape (n,): position in `instruments`.
    instruments: the instrument ids.
    event_time: open of the bar the features end at, datetime64[us], UTC.
    decision_time: when the forecast could be made: the time the last needed bar was known.
    label_start, label_end: the interval the label looks at, its end counted when the last bar was
        known; purge and embargo read these.
    baseline: float64, shape (n,): what the naive forecaster of this label says at decision time,
        known then (persistence of the regime, the last direction, ...); NaN where it says nothing.
    """

    features: np.ndarray
    feature_names: tuple[str, ...]
    target: np.ndarray
    task: Task
    horizon: int
    weight: np.ndarray
    instrument: np.ndarray
    instruments: tuple[str, ...]
    event_time: np.ndarray
    decision_time: np.ndarray
    label_start: np.ndarray
    label_end: np.ndarray
    baseline: np.ndarray

    def __post_init__(self) -> None:
        n = len(self.target)
        if self.features.shape != (n, len(self.feature_names)):
            raise DatasetError(f"features must have shape ({n}, {len(self.feature_names)}), not {self.features.shape}")
        for name, array in self.arrays():
            if len(array) != n:
                raise DatasetError(f"'{name}' has {len(array)} samples, the target has {n}")
        if n and (self.decision_time[1:] < self.decision_time[:-1]).any():
            raise DatasetError("samples must be ordered by decision time")

    def __len__(self) -> int:
        return len(self.target)

    def arrays(self) -> Iterator[tuple[str, np.ndarray]]:
        """Every per-sample array by name."""
        for name in (
            "features", "target", "weight", "instrument", "event_time", "decision_time",
            "label_start", "label_end", "baseline",
        ):  # fmt: skip
            yield name, getattr(self, name)

    def take(self, rows: np.ndarray) -> Dataset:
        """The samples at some row positions (int array, in order) or under a mask."""
        arrays = {name: array[rows] for name, array in self.arrays()}
        arrays["features"] = np.asfortranarray(arrays["features"])
        return replace(self, **arrays)

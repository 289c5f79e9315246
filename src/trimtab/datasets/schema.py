"""`Dataset`: the samples a model may learn from or be judged on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from trimtab.datasets.history import History
from trimtab.errors import DatasetError

Task = Literal["classification", "regression"]
_LABELS = ("target", "weight", "label_start", "label_end", "baseline")
_OPTIONAL = ("position", "superseded_at")


@dataclass(frozen=True)
class HorizonLabels:
    """The labels of one horizon, where a dataset has several; one element per sample of the dataset.

    Attributes
    ----------
    horizon: bars from the decision to the end of the label.
    target: float64; NaN where a sample has no label of this horizon (its end is not known yet).
    weight: float64; 0 where the target is NaN, otherwise 1.0 on average.
    label_start, label_end: the interval this label looks at, datetime64[us]; NaT where there is none.
    baseline: float64: what the naive forecaster of this label says.
    superseded_at: as in `Dataset`, for this label; None where nobody asked.
    """

    horizon: int
    target: np.ndarray
    weight: np.ndarray
    label_start: np.ndarray
    label_end: np.ndarray
    baseline: np.ndarray
    superseded_at: np.ndarray | None = None

    def take(self, rows: np.ndarray) -> HorizonLabels:
        """The labels of some samples."""
        superseded_at = None if self.superseded_at is None else self.superseded_at[rows]
        return HorizonLabels(
            self.horizon, **{name: getattr(self, name)[rows] for name in _LABELS}, superseded_at=superseded_at
        )


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
    weight: float64, shape (n,), sample weights, 1.0 on average over the whole dataset. After `take` or `at` only
        their proportions count: a training makes them 1.0 on average over its own rows
        (`trimtab.datasets.weights.counted_rows`), as a dataset built on that day would.
    instrument: int32, shape (n,): position in `instruments`.
    instruments: the instrument ids.
    event_time: open of the bar the features end at, datetime64[us], UTC.
    decision_time: when the forecast could be made: the time the last needed bar was known.
    label_start, label_end: the interval the label looks at, its end counted when the last bar was
        known; with several horizons, the interval all labels of the sample look at together. Purge and
        embargo read these.
    baseline: float64, shape (n,): what the naive forecaster of this label says at decision time,
        known then (persistence of the regime, the last direction, ...); NaN where it says nothing.
    by_horizon: with several horizons the labels of each, the first one included; otherwise empty.
    history: the feature rows of every bar, which windows for sequence models are cut from; None where
        no model asks for windows.
    position: int64, shape (n,): the row of `history` a sample ends at; None without a history.
    superseded_at: datetime64[us], shape (n,): when a bar that the sample had read was first restated, NaT where
        none ever was; None where `superseded_weight` is 1. Not in `weight`: a training must not know of a later one.
    superseded_weight: what a sample still counts, beside its weight, in a training after that moment.
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
    by_horizon: tuple[HorizonLabels, ...] = ()
    history: History | None = field(default=None, repr=False)
    position: np.ndarray | None = field(default=None, repr=False)
    superseded_at: np.ndarray | None = field(default=None, repr=False)
    superseded_weight: float = 1.0

    def __post_init__(self) -> None:
        n = len(self.target)
        if self.features.shape != (n, len(self.feature_names)):
            raise DatasetError(f"features must have shape ({n}, {len(self.feature_names)}), not {self.features.shape}")
        for name, array in self.arrays():
            if len(array) != n:
                raise DatasetError(f"'{name}' has {len(array)} samples, the target has {n}")
        if n and (self.decision_time[1:] < self.decision_time[:-1]).any():
            raise DatasetError("samples must be ordered by decision time")
        if (self.history is None) != (self.position is None):
            raise DatasetError("a history and the positions of the samples in it come together")

    def __len__(self) -> int:
        return len(self.target)

    @property
    def horizons(self) -> tuple[int, ...]:
        """Every horizon there are labels of, in the order of the strategy file."""
        return tuple(labels.horizon for labels in self.by_horizon) or (self.horizon,)

    def arrays(self) -> Iterator[tuple[str, np.ndarray]]:
        """Every per-sample array by name; the labels of each horizon as `target@5` and so on."""
        for name in (
            "features", "target", "weight", "instrument", "event_time", "decision_time",
            "label_start", "label_end", "baseline",
        ):  # fmt: skip
            yield name, getattr(self, name)
        for labels in self.by_horizon:
            for name in _LABELS:
                yield f"{name}@{labels.horizon}", getattr(labels, name)
            if labels.superseded_at is not None:
                yield f"superseded_at@{labels.horizon}", labels.superseded_at
        for name in _OPTIONAL:
            if getattr(self, name) is not None:
                yield name, getattr(self, name)

    def take(self, rows: np.ndarray) -> Dataset:
        """The samples at some row positions (int array, in order) or under a mask; the history stays whole."""
        names = (
            "target",
            "weight",
            "instrument",
            "event_time",
            "decision_time",
            "label_start",
            "label_end",
            "baseline",
        )
        return replace(
            self,
            features=np.asfortranarray(self.features[rows]),
            by_horizon=tuple(labels.take(rows) for labels in self.by_horizon),
            **{name: getattr(self, name)[rows] for name in names},
            **{name: getattr(self, name)[rows] for name in _OPTIONAL if getattr(self, name) is not None},
        )

    def at(self, horizon: int) -> Dataset:
        """The samples that have a label of one horizon, with that label alone.

        Its intervals are its own: for splits inside what `take` of a whole fold has purged already. Raises
        `DatasetError` for a horizon the dataset has no labels of.
        """
        if horizon not in self.horizons:
            raise DatasetError(f"the dataset has labels over {list(self.horizons)} bars, none over {horizon}")
        if not self.by_horizon:
            return self
        labels = self.by_horizon[self.horizons.index(horizon)]
        own = replace(
            self,
            horizon=horizon,
            by_horizon=(),
            superseded_at=labels.superseded_at,
            **{name: getattr(labels, name) for name in _LABELS},
        )
        known = ~np.isnan(labels.target)
        return own if known.all() else own.take(known)

    def with_features(self, transform: Callable[[np.ndarray], np.ndarray], names: Sequence[str]) -> Dataset:
        """The same samples with other features: `transform` of the rows, in samples and history alike."""
        history = self.history and self.history.transformed(transform)
        features = np.asfortranarray(transform(self.features))
        return replace(self, features=features, feature_names=tuple(names), history=history)

    def windows(self, length: int, rows: np.ndarray | None = None) -> np.ndarray:
        """The last `length` feature rows up to each sample, oldest first; float64, shape (m, length, k).

        `rows` chooses samples (int positions), all by default: ask batch by batch, this copies. NaN where
        the series had not begun. Raises `DatasetError` without a history: samples alone will not do, since
        which bars are samples is decided by their future (a return inside the neutral band is none).
        """
        if self.history is None or self.position is None:
            raise DatasetError(
                "this dataset has no history to cut windows from; build it for a model that asks for windows"
            )
        return self.history.windows(self.position if rows is None else self.position[rows], length)

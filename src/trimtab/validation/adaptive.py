"""Intervals whose level follows what was covered lately, replayed in the order in which outcomes became known."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from trimtab.datasets import Dataset
from trimtab.models.conformal import AdaptiveCoverage, Adjustable
from trimtab.models.protocol import FittedForecaster, Forecast


def adjustable(model: FittedForecaster) -> Adjustable | None:
    """The model, where its intervals can be asked for at another level."""
    return model if isinstance(model, Adjustable) and model.coverage is not None else None


def adaptive_intervals(
    dataset: Dataset, rows: np.ndarray, said: Forecast, fold: np.ndarray, models: Sequence[Adjustable | None]
) -> tuple[np.ndarray, np.ndarray] | None:
    """The ends of the interval of every forecast at the level in force at its decision; float64, shape (m,) each.

    `said` and `fold` are about `rows` of the dataset, in order of time; `fold` says which of `models` made
    each forecast. At a decision the level has moved with the outcomes whose label had ended by then
    (`label_end` <= `decision_time`; with several horizons the longest one counts) and with no other; those
    that end together move it once, by the share of them covered. The level goes on from fold to fold, as it
    would live, while the model behind it changes. None where a model's intervals have one level only.
    """
    chosen = [model for model in models if model is not None]
    if said.low is None or said.high is None or not models or len(chosen) < len(models):
        return None
    adaptive = AdaptiveCoverage(alpha=1.0 - float(chosen[0].coverage or 0.0))
    low, high, decided = np.full(len(rows), np.nan), np.full(len(rows), np.nan), dataset.decision_time[rows]
    outcomes = _Outcomes(dataset.target[rows], dataset.label_end[rows], low, high)
    for start, end in pairwise(_edges(decided)):
        for share in outcomes.known_by(decided[start]):
            adaptive.update(share)
        now = slice(start, end)
        raw = None if said.uncalibrated is None else said.uncalibrated[now]
        made = Forecast(said.value[now], low=said.low[now], high=said.high[now], uncalibrated=raw)
        low[now], high[now] = chosen[fold[start]].at_coverage(made, adaptive.level)
    return low, high


class _Outcomes:
    """Tells, once each, which outcomes have become known since it was last asked.

    `low` and `high` are filled by the caller as intervals are made, NaN before. An outcome without an interval was
    neither covered nor missed and is not told.
    """

    def __init__(self, target: np.ndarray, label_end: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
        self._target, self._low, self._high = target, low, high
        self._order = np.argsort(label_end, kind="stable")
        self._ends = label_end[self._order]
        self._told = 0

    def known_by(self, time: np.datetime64) -> list[float]:
        """The share covered of the outcomes of every label end up to `time`, in the order of these ends."""
        known = int(np.searchsorted(self._ends, time, side="right"))
        new, ends = self._order[self._told : known], self._ends[self._told : known]
        self._told = known
        has_interval = ~(np.isnan(self._low[new]) | np.isnan(self._high[new]))
        new, ends = new[has_interval], ends[has_interval]
        covered = (self._low[new] <= self._target[new]) & (self._target[new] <= self._high[new])
        return [float(covered[start:end].mean()) for start, end in pairwise(_edges(ends))]


def _edges(times: np.ndarray) -> list[int]:
    """Where runs of equal times begin, and the end of the last one.

    >>> _edges(np.array([3, 3, 5]))
    [0, 2, 3]
    """
    changes = (np.flatnonzero(times[1:] != times[:-1]) + 1).tolist()
    return [0, *changes, len(times)] if len(times) else [0]

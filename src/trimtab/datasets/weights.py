"""Sample weights: overlapping labels tell the same story, old ones a stale one, restated ones a doubtful one.

The first two are in a dataset. The third is added by whoever trains, who knows until when: `counted_rows`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np

from trimtab.datasets.schema import Dataset


def average_uniqueness(bar: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Average uniqueness of labels; shape (n,), in (0, 1].

    `bar` holds the bar numbers of labels of one series, `last` the numbers of the last bars their labels look
    at: a label covers the bars after its own up to and including that one. A bar covered by c labels counts
    1/c for each; a label's weight is the mean over the bars it covers
    (López de Prado, Advances in Financial Machine Learning, 2018, sections 4.3 and 4.4).

    >>> average_uniqueness(np.array([0, 1, 2, 10]), np.array([2, 3, 4, 12])).round(3)
    array([0.75, 0.5 , 0.75, 1.  ])
    """
    if len(bar) == 0:
        return np.empty(0)
    size = int(last.max()) + 2
    covering = np.cumsum(np.bincount(bar + 1, minlength=size) - np.bincount(last + 1, minlength=size))
    share = np.divide(1.0, covering, out=np.zeros(size), where=covering > 0)
    # Each span is summed on its own: a running sum would carry rounding from one to the next.
    spans = np.column_stack([bar + 1, last + 1]).ravel()
    unique: np.ndarray = np.add.reduceat(share, spans)[::2] / (last - bar)
    return unique


def recency(decision_time: np.ndarray, half_life: timedelta) -> np.ndarray:
    """1 for the newest decision, half for one a half-life older, and so on; shape (n,).

    >>> days = np.array(["2020-01-01", "2020-01-03"], "datetime64[us]")
    >>> recency(days, timedelta(days=2))
    array([0.5, 1. ])
    """
    age = (decision_time.max() - decision_time) / np.timedelta64(half_life, "us")
    weight: np.ndarray = np.exp2(-age)
    return weight


def mean_one(weight: np.ndarray) -> np.ndarray:
    """Weights above zero in the same proportions, 1.0 on average; shape (n,).

    >>> mean_one(np.array([1e-300, 3e-300]))
    array([0.5, 1.5])
    """
    if not len(weight):
        return weight
    share = weight / weight.max()  # first, because the mean of numbers this small may be 0
    found: np.ndarray = share / share.mean()
    return found


def counted_rows(dataset: Dataset) -> Dataset:
    """The samples that count anything, with the weights of a training on them: 1.0 on average.

    What was restated counts `superseded_weight`, but only where that was known by the last end of a label among
    these samples: nobody who trained then knew of later ones. The samples that come back know of no restatement
    any more, so parts of them keep these proportions.
    """
    weight = dataset.weight * _known_doubt(dataset)
    kept = weight > 0
    rows = dataset if kept.all() else dataset.take(kept)
    return replace(rows, weight=mean_one(weight[kept]), superseded_at=None, superseded_weight=1.0)


def _known_doubt(dataset: Dataset) -> np.ndarray | float:
    """What samples count for being superseded, as known when the last label was; 1.0 where nobody asked."""
    if dataset.superseded_at is None or not len(dataset):
        return 1.0
    known = dataset.superseded_at <= np.fmax.reduce(dataset.label_end)  # NaT is never known
    return np.where(known, dataset.superseded_weight, 1.0)

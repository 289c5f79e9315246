"""Sample weights: overlapping labels tell the same story, old ones a stale one, restated ones a doubtful one."""

from __future__ import annotations

from datetime import timedelta

import numpy as np


def average_uniqueness(bar: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Average uniqueness of labels; shape (n,), in (0, 1].

    `bar` holds the bar numbers of the samples of one series, `last` the numbers of the last bars their labels look
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

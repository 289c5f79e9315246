"""Sample weights: overlapping labels tell the same story, so each counts for less."""

from __future__ import annotations

import numpy as np


def average_uniqueness(bar: np.ndarray, horizon: int) -> np.ndarray:
    """Average uniqueness of labels that look `horizon` bars ahead; shape (n,), in (0, 1].

    `bar` holds the bar numbers of the samples of one series. A bar covered by c labels counts
    1/c for each; a label's weight is the mean over the bars it covers
    (López de Prado, Advances in Financial Machine Learning, 2018, section 4.3).

    >>> average_uniqueness(np.array([0, 1, 2, 10]), 2).round(3)
    array([0.75, 0.5 , 0.75, 1.  ])
    """
    if len(bar) == 0:
        return np.empty(0)
    size = int(bar.max()) + horizon + 2
    starts_and_ends = np.bincount(bar + 1, minlength=size) - np.bincount(bar + horizon + 1, minlength=size)
    concurrency = np.cumsum(starts_and_ends)
    share = np.divide(1.0, concurrency, out=np.zeros(size), where=concurrency > 0)
    windows = np.lib.stride_tricks.sliding_window_view(share, horizon)
    return windows[bar + 1].mean(axis=1)

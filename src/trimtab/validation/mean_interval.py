"""The interval of a mean over forecasts, such as the share that was right, with dependence in time."""

from __future__ import annotations

import numpy as np

from trimtab.validation.bootstrap_interval import Interval, Statistic, bootstrap_interval, sums_by_time
from trimtab.validation.share_interval import Share

N_RESAMPLES = 500  # of every interval in a table of many; ends of 95 % intervals are steady to a tenth of a width


def mean_interval(
    values: np.ndarray,
    time: np.ndarray,
    *,
    seed: int,
    confidence: float = 0.95,
    lowest: float = 0.0,
    highest: float = 1.0,
) -> Interval:
    """The mean over all rows and its interval; `values` (NaN: says nothing) and decision `time` of shape (n,).

    `lowest` and `highest` are what the mean cannot pass, 0 and 1 for a share; the interval is cut there.

    Decision times are resampled in blocks, all instruments of a time together. `low` and `high` are NaN with fewer
    than 20 times, and so is everything without a single value. A share (values 0 and 1) with fewer than 20 times on one
    side has Wilson's interval (`share_interval`).

    >>> right = (np.random.default_rng(0).random(400) < 0.6).astype(float)
    >>> found = mean_interval(right, np.arange(400) // 2, seed=1)
    >>> found.n_times, round(found.value, 4), found.low < 0.6 < found.high
    (200, 0.5625, True)
    """
    known = ~np.isnan(values)
    rows = np.stack([values[known], np.ones(int(known.sum()))], axis=1)
    sums = sums_by_time(rows, time[known]) if known.any() else np.empty((0, 2))
    is_share = (lowest, highest) == (0.0, 1.0) and bool(np.isin(values[known], (0.0, 1.0)).all())
    mean = Statistic(lambda total: total[..., 0] / total[..., 1], lowest, highest, _share if is_share else None)
    return bootstrap_interval(sums, mean, seed=seed, n_resamples=N_RESAMPLES, confidence=confidence)


def _share(sums: np.ndarray) -> list[Share]:
    return [Share(sums[:, 0], sums[:, 1])]

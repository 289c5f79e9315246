"""How many independent rows autocorrelated rows are worth.

Rows of a market feature resemble their neighbours, so 500 of them may say no more than 10
independent ones. Tests that count all 500 flag drift that is not there: plain Kolmogorov-Smirnov
at 5 % flags most undrifted AR(1) series with φ = 0.9 (see docs/calibration.md).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numba import njit

SOKAL_WINDOW = 5.0
# Autocorrelation does not need every row: this many of the latest are shared out among the instruments.
MAX_ROWS = 32_768
_MIN_ROWS_PER_GROUP = 1_024


def effective_size(n_rows: float, autocorrelation_time: float) -> float:
    """Rows divided by the integrated autocorrelation time: the number of independent rows they equal.

    >>> effective_size(500, 20.0)
    25.0
    """
    return n_rows / autocorrelation_time


def integrated_autocorrelation_time(series: np.ndarray) -> float:
    """τ = 1 + 2 Σ ρ(k) of one series in time order, at least 1, with Sokal's automatic window.

    The sum stops at the first lag W ≥ 5 τ(W), where noise would begin to outweigh what is left
    (Sokal, Monte Carlo Methods in Statistical Mechanics, 1997, section 3). An AR(1) series has
    τ = (1 + φ) / (1 - φ). Negative autocorrelation is not credited. A constant series has τ = 1.

    >>> noise = np.random.default_rng(7).standard_normal(20_000)
    >>> round(integrated_autocorrelation_time(noise), 1)
    1.0
    """
    values = np.ascontiguousarray(series, dtype=np.float64)
    return pooled_autocorrelation_time(values, np.array([0, len(values)]))


def pooled_autocorrelation_time(values: np.ndarray, bounds: np.ndarray) -> float:
    """τ of several series lying one behind another, series g in `values[bounds[g]:bounds[g + 1]]`.

    Each is centred on its own mean, products never cross from one to the next, and the
    autocovariances are added before Sokal's window is applied, so short series do no harm.
    """
    centred = values.copy()
    for start, stop in pairwise(bounds):
        if stop > start:
            centred[start:stop] -= centred[start:stop].mean()
    return float(_sokal(centred, np.ascontiguousarray(bounds, dtype=np.int64), SOKAL_WINDOW))


def dependence_time(values: np.ndarray, bounds: np.ndarray) -> float:
    """The longest of three autocorrelation times of a feature; shapes as `pooled_autocorrelation_time`.

    A test of distributions is misled by any dependence of the events "value ≤ x", not by that of the
    values alone. Three series stand for those events: the rank (level), the distance of the rank from
    the middle (volatility clustering, where levels are uncorrelated and tails are not), and whether
    the value is missing (a warm-up of 200 rows is one event, not 200).
    """
    missing = ~np.isfinite(values)
    times = [1.0]
    if missing.any() and not missing.all():
        times.append(pooled_autocorrelation_time(missing.astype(np.float64), bounds))
    rank = centred_rank(values, missing)
    times += [pooled_autocorrelation_time(series, bounds) for series in (rank, np.abs(rank))]
    return max(times)


def centred_rank(values: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Rank of each value among the present ones, scaled to (-1/2, 1/2), ties averaged, missing 0.

    >>> centred_rank(np.array([10.0, 30.0, 10.0, np.nan]), np.array([False, False, False, True])).round(3)
    array([-0.167,  0.333, -0.167,  0.   ])
    """
    rank = np.zeros(len(values))
    present = np.flatnonzero(~missing)
    if not len(present):
        return rank
    order = present[np.argsort(values[present])]
    is_new = np.concatenate([[True], np.diff(values[order]) > 0])
    start = np.flatnonzero(is_new)
    size = np.diff(np.append(start, len(order)))
    rank[order] = np.repeat((2 * start + size) / (2 * len(order)) - 0.5, size)
    return rank


def rows_by_group(groups: np.ndarray | None, n_rows: int, max_rows: int = MAX_ROWS) -> tuple[np.ndarray, np.ndarray]:
    """Row positions grouped by instrument, time order kept, and the bounds of the groups.

    Only the latest rows of each instrument are kept, `max_rows` in all but no fewer than 1,024 each.

    >>> rows_by_group(np.array([0, 1, 0, 1, 0]), 5)
    (array([0, 2, 4, 1, 3]), array([0, 3, 5]))
    """
    codes = np.zeros(n_rows, dtype=np.int64) if groups is None else np.unique(groups, return_inverse=True)[1]
    order = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes)
    per_group = max(_MIN_ROWS_PER_GROUP, max_rows // max(1, len(sizes)))
    rank_from_end = np.repeat(np.cumsum(sizes), sizes) - np.arange(n_rows)
    kept = order[rank_from_end <= per_group]
    return kept, np.concatenate([[0], np.cumsum(np.minimum(sizes, per_group))])


@njit(cache=True, nogil=True)
def _autocovariances(x: np.ndarray, bounds: np.ndarray, lag: int) -> np.ndarray:
    # Four lags at a time: independent sums keep the processor busy without reordering any of them,
    # so the result does not depend on the machine's vector width.
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    for g in range(len(bounds) - 1):
        stop = bounds[g + 1]
        full = max(bounds[g], stop - lag - 3)
        for t in range(bounds[g], full):
            v = x[t]
            a += v * x[t + lag]
            b += v * x[t + lag + 1]
            c += v * x[t + lag + 2]
            d += v * x[t + lag + 3]
        for t in range(full, stop):
            if t + lag < stop:
                a += x[t] * x[t + lag]
            if t + lag + 1 < stop:
                b += x[t] * x[t + lag + 1]
            if t + lag + 2 < stop:
                c += x[t] * x[t + lag + 2]
    return np.array([a, b, c, d])


@njit(cache=True, nogil=True)
def _sokal(x: np.ndarray, bounds: np.ndarray, window: float) -> float:
    variance = 0.0
    for value in x:
        variance += value * value
    longest = 0
    for g in range(len(bounds) - 1):
        longest = max(longest, bounds[g + 1] - bounds[g])
    if variance <= 0.0:
        return 1.0
    time, lag = 1.0, 1
    while lag < longest:
        for covariance in _autocovariances(x, bounds, lag):
            time += 2.0 * covariance / variance
            if lag >= window * time:
                return max(1.0, time)
            lag += 1
    return max(1.0, time)

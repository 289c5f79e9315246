"""Recursions over the whole history: exponential means and runs.

Their memory is infinite in principle; `memory.py` says after how many rows it no longer counts.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def exponential_mean(values: np.ndarray, seed: int, weight: float, start: int) -> np.ndarray:
    """Exponential mean seeded with the plain mean of `seed` values from row `start`, as in TA-Lib.

    `weight` is that of the newest value: 2 / (n + 1) for an EMA, 1 / n for Wilder's smoothing.
    The first number stands in row `start + seed - 1`.

    >>> exponential_mean(np.array([1.0, 2.0, 3.0, 5.0]), 3, 0.5, 0).tolist()
    [nan, nan, 2.0, 3.5]
    """
    n = len(values)
    out = np.full(n, np.nan)
    first = start + seed - 1
    if first >= n:
        return out
    total = 0.0
    for i in range(start, first + 1):
        total += values[i]
    mean = total / seed
    out[first] = mean
    for i in range(first + 1, n):
        mean += weight * (values[i] - mean)
        out[i] = mean
    return out


@njit(cache=True, nogil=True)
def cumulative_lag(flow: np.ndarray, weight: float) -> np.ndarray:
    """How far the running total of `flow` is above its own exponential mean.

    With A the running total and E its exponential mean seeded with the first value,
    D = A - E obeys D[t] = (1 - weight) (D[t-1] + flow[t]), D[0] = 0: the level of A, which depends on
    where history begins, never appears.
    """
    out = np.zeros(len(flow))
    lag = 0.0
    for i in range(1, len(flow)):
        lag = (1.0 - weight) * (lag + flow[i])
        out[i] = lag
    return out


@njit(cache=True, nogil=True)
def run_length(direction: np.ndarray, longest: int) -> np.ndarray:
    """Signed number of rows in a row with the same sign, counted to `longest`; 0 where the sign is 0.

    >>> run_length(np.array([1.0, 1.0, -1.0, 0.0, 1.0]), 10).tolist()
    [1.0, 2.0, -1.0, 0.0, 1.0]
    """
    out = np.empty(len(direction))
    run = 0.0
    for i in range(len(direction)):
        if np.isnan(direction[i]):
            run, out[i] = 0.0, np.nan
            continue
        if direction[i] > 0:
            run = min(run + 1.0, float(longest)) if run > 0 else 1.0
        elif direction[i] < 0:
            run = max(run - 1.0, -float(longest)) if run < 0 else -1.0
        else:
            run = 0.0
        out[i] = run
    return out

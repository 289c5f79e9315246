"""Highest, lowest, median and rank over the last `window` rows; comparisons only, so exact."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def window_extremes(high: np.ndarray, low: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Highest `high` and lowest `low` of the last `window` rows (van Herk 1992).

    >>> top, bottom = window_extremes(np.array([1.0, 3.0, 2.0]), np.array([0.0, 1.0, 1.5]), 2)
    >>> top.tolist(), bottom.tolist()
    ([nan, 3.0, 3.0], [nan, 0.0, 1.0])
    """
    n = len(high)
    top, bottom = np.empty(n), np.empty(n)
    tail_top, tail_bottom = np.full(window + 1, -np.inf), np.full(window + 1, np.inf)
    for start in range(0, n, window):
        most, least = -np.inf, np.inf
        for i in range(start, min(start + window, n)):
            most, least = max(most, high[i]), min(least, low[i])
            top[i] = max(most, tail_top[i - start + 1])
            bottom[i] = min(least, tail_bottom[i - start + 1])
        if start + window <= n:
            most, least = -np.inf, np.inf
            for p in range(window - 1, -1, -1):
                most, least = max(most, high[start + p]), min(least, low[start + p])
                tail_top[p], tail_bottom[p] = most, least
    top[: window - 1] = np.nan
    bottom[: window - 1] = np.nan
    return top, bottom


@njit(cache=True, nogil=True)
def bars_since_extremes(high: np.ndarray, low: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows since the highest `high` and the lowest `low` of the last `window` rows; the latest wins a tie."""
    n = len(high)
    since_top, since_bottom = np.full(n, np.nan), np.full(n, np.nan)
    top, bottom = 0, 0
    for i in range(n):
        oldest = max(i - window + 1, 0)
        top, bottom = max(top, oldest), max(bottom, oldest)
        # After an extreme has left the window, the rows behind it are looked at again.
        if top == oldest:
            for j in range(oldest + 1, i + 1):
                if high[j] >= high[top]:
                    top = j
        elif high[i] >= high[top]:
            top = i
        if bottom == oldest:
            for j in range(oldest + 1, i + 1):
                if low[j] <= low[bottom]:
                    bottom = j
        elif low[i] <= low[bottom]:
            bottom = i
        if i >= window - 1:
            since_top[i], since_bottom[i] = i - top, i - bottom
    return since_top, since_bottom


@njit(cache=True, nogil=True)
def window_rank(values: np.ndarray, window: int) -> np.ndarray:
    """Share of the last `window` values below the newest one, ties counted half; NaN if any is NaN.

    >>> window_rank(np.array([1.0, 3.0, 2.0, 2.0]), 4).tolist()
    [nan, nan, nan, 0.5]
    """
    n = len(values)
    out = np.full(n, np.nan)
    known = 0
    for i in range(n):
        known = 0 if np.isnan(values[i]) else known + 1
        if known >= window:
            # Values that differ by the rounding of their own computation are ties.
            tie, twice = 1e-12 * abs(values[i]), 0
            below, up_to = values[i] - tie, values[i] + tie
            for j in range(i - window + 1, i + 1):
                twice += (values[j] < below) + (values[j] <= up_to)
            out[i] = twice / (2.0 * window)
    return out


@njit(cache=True, nogil=True)
def window_median(values: np.ndarray, window: int) -> np.ndarray:
    """Median of the last `window` rows; NaN while one of them is missing.

    The window is kept sorted, one insertion and one removal per row: comparisons only, so exact.

    >>> window_median(np.array([3.0, 1.0, 2.0, 9.0]), 3).tolist()
    [nan, nan, 2.0, 2.0]
    """
    n = len(values)
    result = np.full(n, np.nan)
    ordered = np.empty(window)
    held, missing = 0, 0
    for i in range(n):
        if i >= window:
            old = values[i - window]
            if np.isnan(old):
                missing -= 1
            else:
                place = np.searchsorted(ordered[:held], old)
                for j in range(place, held - 1):
                    ordered[j] = ordered[j + 1]
                held -= 1
        new = values[i]
        if np.isnan(new):
            missing += 1
        else:
            j = held
            while j > 0 and ordered[j - 1] > new:
                ordered[j] = ordered[j - 1]
                j -= 1
            ordered[j] = new
            held += 1
        if i >= window - 1 and missing == 0:
            result[i] = 0.5 * (ordered[(window - 1) // 2] + ordered[window // 2])
    return result

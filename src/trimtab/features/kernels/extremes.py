"""Highest, lowest, median and rank over the last `window` rows; comparisons only, so exact."""

from __future__ import annotations

import numpy as np
from numba import njit

_LARGEST = np.iinfo(np.int64).max
_UNKNOWN = np.iinfo(np.int64).min  # the key of no number


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
            tie = 1e-12 * abs(values[i])
            # A view, not offsets: only then does the compiler count several values at once.
            recent = values[i - window + 1 : i + 1]
            out[i] = (_count_below(recent, values[i] - tie) + _count_up_to(recent, values[i] + tie)) / (2.0 * window)
    return out


@njit(cache=True, nogil=True)
def window_median(values: np.ndarray, window: int) -> np.ndarray:
    """Median of the last `window` rows; NaN while one of them is missing.

    >>> window_median(np.array([3.0, 1.0, 2.0, 9.0]), 3).tolist()
    [nan, nan, 2.0, 2.0]
    """
    # When a row enters and one leaves, the middle stays or moves to a neighbour, so it is enough to
    # count what lies below it and up to it. Comparisons are made on the bits of the numbers as
    # integers, which are in the same order: integers are compared several at once.
    bits = values.view(np.int64)
    keys = bits ^ ((bits >> 63) & _LARGEST)
    out = np.full(len(values), np.nan)
    place, even = (window - 1) // 2, window % 2 == 0
    known, key, below, up_to, above = 0, 0, 0, 0, _UNKNOWN
    for i in range(len(values)):
        known = 0 if np.isnan(values[i]) else known + 1
        if known < window:
            continue
        recent = keys[i - window + 1 : i + 1]
        if known == window:
            key, below, up_to, above = _UNKNOWN, 0, 0, _UNKNOWN  # walks up to the middle below
        else:
            new, gone = keys[i], keys[i - window]
            below += int(new < key) - int(gone < key)
            up_to += int(new <= key) - int(gone <= key)
            if above != _UNKNOWN and new > key:
                above = min(above, new)
            if gone == above:
                above = _UNKNOWN
        if below > place:
            above = key if up_to > below else _UNKNOWN
            key = _largest_below(recent, key)
            below, up_to = _count_below(recent, key), below
        while up_to <= place:
            key = above if above != _UNKNOWN else _smallest_above(recent, key)
            below, up_to, above = up_to, _count_up_to(recent, key), _UNKNOWN
        out[i] = _number(key)
        if even and up_to <= place + 1:
            above = above if above != _UNKNOWN else _smallest_above(recent, key)
            out[i] = 0.5 * (out[i] + _number(above))
    return out


@njit(cache=True, nogil=True)
def _number(key: int) -> float:
    """The number a key was made from."""
    return np.int64(key ^ ((key >> 63) & _LARGEST)).view(np.float64)


@njit(cache=True, nogil=True)
def _count_below(values: np.ndarray, limit: float) -> int:
    count = 0
    for i in range(len(values)):
        count += values[i] < limit
    return count


@njit(cache=True, nogil=True)
def _count_up_to(values: np.ndarray, limit: float) -> int:
    count = 0
    for i in range(len(values)):
        count += values[i] <= limit
    return count


@njit(cache=True, nogil=True)
def _largest_below(keys: np.ndarray, limit: int) -> int:
    largest = -_LARGEST
    for i in range(len(keys)):
        largest = max(largest, keys[i] if keys[i] < limit else -_LARGEST)
    return largest


@njit(cache=True, nogil=True)
def _smallest_above(keys: np.ndarray, limit: int) -> int:
    smallest = _LARGEST
    for i in range(len(keys)):
        smallest = min(smallest, keys[i] if keys[i] > limit else _LARGEST)
    return smallest

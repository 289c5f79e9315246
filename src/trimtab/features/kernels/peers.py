"""Many instruments beside one: cross-sections of their returns, and lines fitted through windows with gaps.

Closes and known times of peers come as tables with one row per bar of the instrument itself and one
column per peer; NaN where a peer has no bar at that time. A number is used in a row only if it was
known by the row's decision time, so a late bar is a gap like an absent one.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_TIE = 1e-12  # returns closer than this are equal: prices in another unit round differently
_ROUNDING = 1e-24
_ORDINARY = 1e60  # larger returns are broken prices, and their squares would overflow
NEVER = np.iinfo(np.int64).max


@njit(cache=True, nogil=True)
def matching_rows(times: np.ndarray, others: np.ndarray) -> np.ndarray:
    """For each of some increasing times its position in other increasing times, -1 where it is not among them.

    >>> matching_rows(np.array([1, 3, 4]), np.array([0, 1, 4, 9])).tolist()
    [1, -1, 2]
    """
    out = np.full(len(times), -1)
    j = np.searchsorted(others, times[0]) if len(times) else 0
    for i in range(len(times)):
        while j < len(others) and others[j] < times[i]:
            j += 1
        if j < len(others) and others[j] == times[i]:
            out[i] = j
    return out


@njit(cache=True, nogil=True)
def returns_of_peers(
    close: np.ndarray, known: np.ndarray, decision: np.ndarray, lag: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns of peers over `lag` rows, shape (n, m), and when the latest of each row became known.

    A return is NaN where one of its two closes is absent or was not known by the decision time of
    the later row. A row without any was known at the smallest time there is.
    """
    n, m = close.shape
    out = np.full((n, m), np.nan)
    latest = np.full(n, -NEVER)
    for i in range(lag, n):
        for k in range(m):
            seen = max(known[i, k], known[i - lag, k])
            before, now = close[i - lag, k], close[i, k]
            if seen <= decision[i] and 0.0 < before < np.inf and 0.0 < now < np.inf:
                change = now / before - 1.0
                if change < _ORDINARY:
                    out[i, k] = change
                    latest[i] = max(latest[i], seen)
    return out, latest


@njit(cache=True, nogil=True)
def cross_section(returns: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mean and spread of the peers' returns, share that rose, and the rank of the own return among them.

    Each shape (n,); NaN in rows without a peer, the spread (divisor: peers - 1) also with a single
    one. Returns of exactly nothing count as half a rise, equal ones as half below.
    """
    n, m = returns.shape
    mean, spread, rising, rank = np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan)
    for i in range(n):
        count, total, above, below = 0, 0.0, 0.0, 0.0
        for k in range(m):
            r = returns[i, k]
            if not np.isnan(r):
                count += 1
                total += r
                above += _half_steps(r, 0.0)
                below += _half_steps(own[i], r)
        if count == 0:
            continue
        centre, squares = total / count, 0.0
        for k in range(m):
            if not np.isnan(returns[i, k]):
                squares += (returns[i, k] - centre) ** 2
        mean[i], rising[i] = centre, above / count
        rank[i] = np.nan if np.isnan(own[i]) else below / count
        if count > 1:
            spread[i] = np.sqrt(squares / (count - 1))
    return mean, spread, rising, rank


@njit(cache=True, nogil=True)
def _half_steps(one: float, other: float) -> float:
    """1 where one is above the other, 0 below, half where they are equal."""
    if one > other + _TIE:
        return 1.0
    return 0.0 if one < other - _TIE else 0.5


@njit(cache=True, nogil=True)
def window_regression(
    y: np.ndarray, x: np.ndarray, known: np.ndarray, decision: np.ndarray, window: int, lag: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Correlation of y[t] with x[t - lag], slope, and standard deviation of what the line leaves.

    Over the last `window` rows in which both have a number and x was known by the decision time of
    the newest row; NaN for the first `window + lag` rows and with fewer than half of the window.
    Correlation and slope are 0 where one side stood still. The residual's divisor is rows - 2.
    """
    n = len(y)
    correlation, slope, left = np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan)
    for t in range(window + lag, n):
        count, sum_x, sum_y = 0, 0.0, 0.0
        for s in range(t - window + 1, t + 1):
            if _usable(y[s], x[s - lag], known[s - lag], decision[t]):
                count += 1
                sum_x += x[s - lag]
                sum_y += y[s]
        if 2 * count < window or count < 3:
            continue
        mean_x, mean_y = sum_x / count, sum_y / count
        xx, xy, yy = 0.0, 0.0, 0.0
        for s in range(t - window + 1, t + 1):
            if _usable(y[s], x[s - lag], known[s - lag], decision[t]):
                dx, dy = x[s - lag] - mean_x, y[s] - mean_y
                xx += dx * dx
                xy += dx * dy
                yy += dy * dy
        still_x, still_y = xx <= _ROUNDING * count * mean_x**2, yy <= _ROUNDING * count * mean_y**2
        slope[t] = 0.0 if still_x or still_y else xy / xx
        correlation[t] = 0.0 if still_x or still_y else min(max(xy / (np.sqrt(xx) * np.sqrt(yy)), -1.0), 1.0)
        left[t] = 0.0 if still_y else np.sqrt(max(yy - slope[t] * xy, 0.0) / (count - 2))
    return correlation, slope, left


@njit(cache=True, nogil=True)
def _usable(y: float, x: float, known: int, decision: int) -> bool:
    return known <= decision and not np.isnan(x) and not np.isnan(y)


@njit(cache=True, nogil=True)
def rank_among_known(values: np.ndarray, known: np.ndarray, decision: np.ndarray, window: int) -> np.ndarray:
    """Share of the last `window` values below the newest, ties half, of those known by its decision time.

    NaN where the newest is, and with fewer than half of the window.

    >>> now = np.zeros(4, np.int64)
    >>> rank_among_known(np.array([1.0, np.nan, 3.0, 2.0]), now, now, 4).tolist()
    [nan, nan, 0.75, 0.5]
    """
    n = len(values)
    out = np.full(n, np.nan)
    for t in range(n):
        if np.isnan(values[t]):
            continue
        count, below, tie = 0, 0.0, _TIE * abs(values[t])
        for s in range(max(t - window + 1, 0), t + 1):
            if known[s] <= decision[t] and not np.isnan(values[s]):
                count += 1
                if values[s] < values[t] - tie:
                    below += 1.0
                elif values[s] <= values[t] + tie:
                    below += 0.5
        if 2 * count >= window:
            out[t] = below / count
    return out

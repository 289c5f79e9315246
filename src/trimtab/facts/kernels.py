"""Loops over texts and stated days, compiled: what was known after each of them.

All run forward over what became known, so nothing depends on what comes later, to the last bit.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_NEVER = np.iinfo(np.int64).min  # NaT as a whole number


@njit(cache=True, nogil=True)
def n_not_later(times: np.ndarray, at: np.ndarray) -> np.ndarray:
    """How many of the non-decreasing `times` are not later than each of `at`; one search and a walk where `at` is in order.

    >>> n_not_later(np.array([1, 3, 3]), np.array([0, 3, 5, 2])).tolist()
    [0, 3, 3, 1]
    """
    out = np.empty(len(at), np.int64)
    reached = 0
    for i in range(len(at)):
        if i == 0 or at[i] < at[i - 1]:
            reached = np.searchsorted(times, at[i], side="right")
        while reached < len(times) and times[reached] <= at[i]:
            reached += 1
        out[i] = reached
    return out


@njit(cache=True, nogil=True)
def in_force(
    state: np.ndarray, since: np.ndarray, table: np.ndarray, at: np.ndarray, longest: np.ndarray
) -> np.ndarray:
    """The rows of a table that hold at some times, Fortran order, shape (len(at), k).

    Parameters
    ----------
    state: of each time the row of the table, -1 where there is none.
    since: from when the age of each row of the table counts; the smallest whole number (NaT) is never.
    table: shape (m, k).
    longest: the age up to which each column says something, shape (k,); older is NaN.

    >>> in_force(
    ...     np.array([-1, 0, 0]), np.array([5]), np.ones((1, 1)), np.array([4, 5, 9]), np.array([3])
    ... ).ravel().tolist()
    [nan, 1.0, nan]
    """
    out = np.full((table.shape[1], len(at)), np.nan)
    for r in range(len(at)):
        row = state[r]
        if row < 0 or since[row] == _NEVER:
            continue
        for column in range(table.shape[1]):
            if at[r] - since[row] <= longest[column]:
                out[column, r] = table[row, column]
    return out.T


@njit(cache=True, nogil=True)
def decayed_means(times: np.ndarray, values: np.ndarray, weights: np.ndarray, half_life: float) -> np.ndarray:
    """After each text, the mean of the values so far, every weight halved once per `half_life` of age.

    Between two texts all weights shrink alike, so the mean stands still. It is moved towards each new value instead
    of dividing two sums: equal values give exactly that value however many there are (West 1979).

    `times` are non-decreasing, int64, in the unit of `half_life`; `values` has shape (n, k). A text of weight 0
    leaves the mean as it was; NaN until the first weight.

    >>> decayed_means(np.array([0, 10]), np.array([[0.0], [1.0]]), np.ones(2), 10.0).ravel().round(4).tolist()
    [0.0, 0.6667]
    """
    n, k = values.shape
    out = np.full((n, k), np.nan)
    mean = np.full(k, np.nan)
    total, last = 0.0, 0
    for i in range(n):
        if weights[i] > 0.0:
            total = total * 2.0 ** (-(times[i] - last) / half_life) + weights[i] if total > 0.0 else weights[i]
            last = times[i]
            share = weights[i] / total
            for j in range(k):
                # A share of one forgets what was there, an unknown among it.
                mean[j] = values[i, j] if share == 1.0 else mean[j] + share * (values[i, j] - mean[j])
        for j in range(k):
            out[i, j] = mean[j]
    return out


@njit(cache=True, nogil=True)
def moments_tree(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and sum of squared distances from it of every aligned run of 1, 2, 4, ... values.

    A binary tree in two arrays of twice the next power of two: node p has the children 2p and 2p + 1, the leaves
    come last. Nodes that reach beyond the end are never asked for. Moments are merged, never subtracted, so equal
    values have a spread of exactly zero (Chan, Golub & LeVeque 1983).
    """
    n = len(values)
    size = 1
    while size < n:
        size *= 2
    mean, spread = np.full(2 * size, np.nan), np.full(2 * size, np.nan)
    for i in range(n):
        mean[size + i], spread[size + i] = values[i], 0.0
    count, top = 1.0, size  # values under each child, and one past the last parent of the level
    while top > 1:
        for p in range(top // 2, top):
            away = mean[2 * p + 1] - mean[2 * p]
            mean[p] = mean[2 * p] + away / 2.0
            spread[p] = spread[2 * p] + spread[2 * p + 1] + away * away * count / 2.0
        count, top = count * 2.0, top // 2
    return mean, spread


@njit(cache=True, nogil=True)
def window_moments(
    mean: np.ndarray, spread: np.ndarray, first: np.ndarray, end: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance (divided by the count) of values[first:end] of a tree; NaN where that is empty.

    A window is put together from at most 2 log2(n) nodes; which, depends on the window alone.
    """
    rows, size = len(first), len(mean) // 2
    means, variances = np.full(rows, np.nan), np.full(rows, np.nan)
    for r in range(rows):
        left, right, width = first[r] + size, end[r] + size, 1.0
        count, m, s = 0.0, 0.0, 0.0
        while left < right:
            if left % 2 == 1:
                count, m, s = _merged(count, m, s, width, mean[left], spread[left])
                left += 1
            if right % 2 == 1:
                right -= 1
                count, m, s = _merged(count, m, s, width, mean[right], spread[right])
            left, right, width = left // 2, right // 2, width * 2.0
        if count > 0.0:
            means[r], variances[r] = m, s / count
    return means, variances


@njit(cache=True, nogil=True)
def _merged(
    count: float, mean: float, spread: float, more: float, other_mean: float, other_spread: float
) -> tuple[float, float, float]:
    if count == 0.0:
        return more, other_mean, other_spread
    total = count + more
    away = other_mean - mean
    return total, mean + away * (more / total), spread + other_spread + away * away * (count * more / total)


@njit(cache=True, nogil=True)
def lagged_spread(
    times: np.ndarray, values: np.ndarray, at: np.ndarray, lag: int, lags: int, longest_age: int, least: int
) -> np.ndarray:
    """Standard deviation of what was known at `at`, one `lag` before, two before ..., `lags` points in all.

    `values[i]` holds from `times[i]` on, until it is older than `longest_age`; NaN with fewer than `least` points.
    """
    out = np.full(len(at), np.nan)
    reached = np.zeros(lags, np.int64)  # how many were known then, walked forward as in `n_not_later`
    for r in range(len(at)):
        count, mean, spread = 0.0, 0.0, 0.0
        for k in range(lags):
            then = at[r] - k * lag
            if r == 0 or at[r] < at[r - 1]:
                reached[k] = np.searchsorted(times, then, side="right")
            while reached[k] < len(times) and times[reached[k]] <= then:
                reached[k] += 1
            i = reached[k] - 1
            if i >= 0 and then - times[i] <= longest_age and not np.isnan(values[i]):
                count, mean, spread = _merged(count, mean, spread, 1.0, values[i], 0.0)
        if count >= least:
            out[r] = np.sqrt(spread / count)
    return out


@njit(cache=True, nogil=True)
def stated_days(
    known: np.ndarray,
    day: np.ndarray,
    concept: np.ndarray,
    value: np.ndarray,
    n_days: int,
    n_concepts: int,
    newest: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """After everything known at one time: the newest days for which all concepts were stated.

    The statements come in the order they became known; `day` and `concept` count from 0, days in time order. A
    statement for a day that has one replaces it.

    Returns, for each distinct known time: the number of statements up to it; the newest complete day, -1 where none
    is; and the values of the `newest` newest complete days, shape (states, concepts, newest), the newest last, NaN
    where there are fewer.
    """
    n = len(known)
    states = 0
    for i in range(n):
        states += 1 if i == n - 1 or known[i + 1] != known[i] else 0
    read, latest = np.empty(states, np.int64), np.full(states, -1)
    values = np.full((states, n_concepts, newest), np.nan)
    current = np.full((n_days, n_concepts), np.nan)
    state, last_day = 0, -1
    for i in range(n):
        current[day[i], concept[i]] = value[i]
        last_day = max(last_day, day[i])
        if i < n - 1 and known[i + 1] == known[i]:
            continue
        read[state] = i + 1
        place = newest - 1
        for d in range(last_day, -1, -1):
            if place < 0:
                break
            complete = True
            for c in range(n_concepts):
                complete = complete and not np.isnan(current[d, c])
            if complete:
                latest[state] = max(latest[state], d)
                for c in range(n_concepts):
                    values[state, c, place] = current[d, c]
                place -= 1
        state += 1
    return read, latest, values

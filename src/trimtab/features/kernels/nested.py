"""Sums, means, spreads and extremes of the last 5, 10, 20, 30 and 60 rows, all windows in one pass.

A window is joined from two shorter ones that lie end to end: 10 = 5 + 5, 20 = 10 + 10, 30 = 10 + 20,
60 = 30 + 30. Nothing is subtracted, so nothing drifts. A full window is joined in the same order
wherever history begins, so a short history gives the bits of a long one. And no row waits for the row
before it, so the processor joins several rows at once. It does so only where a loop begins at 0 and
touches few arrays, which is why arrays are shifted before a loop and each quantity has its own loop.
Before a window is full it holds the rows there are, as with `min_periods=1` in pandas. A missing value
makes every window that holds it unknown, and leaves with it. Every result has one row per window of
`WINDOWS`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

WINDOWS = (5, 10, 20, 30, 60)
LONGEST = WINDOWS[-1]
# Places in WINDOWS of the older and of the newer part of each longer window; the first has no parts.
OLDER, NEWER = (-1, 0, 1, 1, 3), (-1, 0, 1, 2, 3)


@njit(cache=True, nogil=True, error_model="numpy")
def full_windows(of: np.ndarray, k: int) -> np.ndarray:
    """The rows of window k that hold a full window, as a view."""
    return of[k, WINDOWS[k] - 1 :]


@njit(cache=True, nogil=True, error_model="numpy")
def newer_parts(of: np.ndarray, k: int) -> np.ndarray:
    """For each full window k its newer part: the rows of a shorter window that end in the same row."""
    return of[NEWER[k], WINDOWS[k] - 1 :]


@njit(cache=True, nogil=True, error_model="numpy")
def older_parts(of: np.ndarray, k: int) -> np.ndarray:
    """For each full window k its older part: the rows of a shorter window that end where the newer part begins."""
    rows, lag = WINDOWS[k], WINDOWS[NEWER[k]]
    return of[OLDER[k], rows - lag - 1 : max(of.shape[1] - lag, 0)]


@njit(cache=True, nogil=True, error_model="numpy")
def set_all(out: np.ndarray, i: int, value: float) -> None:
    """Give row i the same value in every window: the first rows, which all windows hold."""
    for k in range(len(WINDOWS)):
        out[k, i] = value


@njit(cache=True, nogil=True, error_model="numpy")
def nested_sums(values: np.ndarray) -> np.ndarray:
    """Sum of the last 5, 10, 20, 30 and 60 values, shape (5, n).

    >>> nested_sums(np.arange(1.0, 8.0))[:2].tolist()
    [[1.0, 3.0, 6.0, 10.0, 15.0, 20.0, 25.0], [1.0, 3.0, 6.0, 10.0, 15.0, 21.0, 28.0]]
    """
    n = len(values)
    sums = np.empty((len(WINDOWS), n))
    total = 0.0
    for i in range(min(n, LONGEST)):
        total += values[i]
        set_all(sums, i, total)
    _sums_of_five(values, full_windows(sums, 0))
    for k in range(1, len(WINDOWS)):
        _join_sums(older_parts(sums, k), newer_parts(sums, k), full_windows(sums, k))
    return sums


@njit(cache=True, nogil=True, error_model="numpy")
def _sums_of_five(values: np.ndarray, out: np.ndarray) -> None:
    for i in range(len(out)):
        out[i] = ((values[i] + values[i + 1]) + (values[i + 2] + values[i + 3])) + values[i + 4]


@njit(cache=True, nogil=True, error_model="numpy")
def _join_sums(older: np.ndarray, newer: np.ndarray, out: np.ndarray) -> None:
    for i in range(len(out)):
        out[i] = older[i] + newer[i]


@njit(cache=True, nogil=True, error_model="numpy")
def nested_means(values: np.ndarray) -> np.ndarray:
    """Mean of each window, shape (5, n); of equal values exactly that value.

    Source of this and of `nested_products`: joining of moments, Chan, Golub & LeVeque (1983).
    """
    n = len(values)
    means = np.empty((len(WINDOWS), n))
    mean = 0.0
    for i in range(min(n, LONGEST)):
        mean += (values[i] - mean) / (i + 1.0)
        set_all(means, i, mean)
    _means_of_five(values, full_windows(means, 0))
    for k in range(1, len(WINDOWS)):
        share = WINDOWS[NEWER[k]] / WINDOWS[k]
        _join_means(older_parts(means, k), newer_parts(means, k), share, full_windows(means, k))
    return means


@njit(cache=True, nogil=True, error_model="numpy")
def _means_of_five(values: np.ndarray, out: np.ndarray) -> None:
    for i in range(len(out)):
        first = values[i]
        others = (values[i + 1] - first) + (values[i + 2] - first) + (values[i + 3] - first) + (values[i + 4] - first)
        out[i] = first + others / 5.0


@njit(cache=True, nogil=True, error_model="numpy")
def _join_means(older: np.ndarray, newer: np.ndarray, share: float, out: np.ndarray) -> None:
    for i in range(len(out)):
        out[i] = older[i] + share * (newer[i] - older[i])


@njit(cache=True, nogil=True, error_model="numpy")
def nested_products(x: np.ndarray, mean_x: np.ndarray, y: np.ndarray, mean_y: np.ndarray) -> np.ndarray:
    """Sum over each window of (x - mean of x) (y - mean of y), shape (5, n), from `nested_means` of both.

    >>> x = np.array([1.0, 3.0, 8.0])
    >>> nested_products(x, nested_means(x), x, nested_means(x))[0].tolist()
    [0.0, 2.0, 26.0]
    """
    n = len(x)
    products = np.empty((len(WINDOWS), n))
    total = 0.0
    for i in range(min(n, LONGEST)):
        if i > 0:
            total += (x[i] - mean_x[-1, i - 1]) * (y[i] - mean_y[-1, i - 1]) * (i / (i + 1.0))
        set_all(products, i, total)
    _products_of_five(x, full_windows(mean_x, 0), y, full_windows(mean_y, 0), full_windows(products, 0))
    for k in range(1, len(WINDOWS)):
        weight = WINDOWS[OLDER[k]] * WINDOWS[NEWER[k]] / WINDOWS[k]
        _join_products(
            older_parts(mean_x, k), newer_parts(mean_x, k), older_parts(mean_y, k), newer_parts(mean_y, k),
            older_parts(products, k), newer_parts(products, k), weight, full_windows(products, k),
        )  # fmt: skip
    return products


@njit(cache=True, nogil=True, error_model="numpy")
def _products_of_five(x: np.ndarray, mean_x: np.ndarray, y: np.ndarray, mean_y: np.ndarray, out: np.ndarray) -> None:
    for i in range(len(out)):
        mx, my = mean_x[i], mean_y[i]
        older = (x[i] - mx) * (y[i] - my) + (x[i + 1] - mx) * (y[i + 1] - my)
        newer = (x[i + 2] - mx) * (y[i + 2] - my) + (x[i + 3] - mx) * (y[i + 3] - my)
        out[i] = (older + newer) + (x[i + 4] - mx) * (y[i + 4] - my)


@njit(cache=True, nogil=True, error_model="numpy")
def _join_products(
    older_x: np.ndarray, newer_x: np.ndarray, older_y: np.ndarray, newer_y: np.ndarray,
    older: np.ndarray, newer: np.ndarray, weight: float, out: np.ndarray,
) -> None:  # fmt: skip
    for i in range(len(out)):
        out[i] = (older[i] + newer[i]) + weight * ((newer_x[i] - older_x[i]) * (newer_y[i] - older_y[i]))


@njit(cache=True, nogil=True, error_model="numpy")
def nested_spread(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and sample standard deviation (divisor: rows - 1) of each window, both of shape (5, n).

    One row has no deviation (NaN); equal values have exactly 0.

    >>> mean, deviation = nested_spread(np.array([1.0, 3.0, 8.0]))
    >>> mean[0].tolist(), deviation[0].round(6).tolist()
    ([1.0, 2.0, 4.0], [nan, 1.414214, 3.605551])
    """
    means = nested_means(values)
    squares = nested_products(values, means, values, means)
    to_deviations(squares)
    return means, squares


@njit(cache=True, nogil=True, error_model="numpy")
def to_deviations(squares: np.ndarray) -> None:
    """Turn sums of squared distances into sample standard deviations, in place."""
    for k in range(len(WINDOWS)):
        of_window = squares[k]
        full = min(WINDOWS[k], len(of_window))
        for i in range(full):
            of_window[i] = np.sqrt(of_window[i] / i)  # 0 / 0 in the first row
        _to_deviations(of_window[full:], WINDOWS[k] - 1.0)


@njit(cache=True, nogil=True, error_model="numpy")
def _to_deviations(squares: np.ndarray, freedom: float) -> None:
    for i in range(len(squares)):
        squares[i] = np.sqrt(squares[i] / freedom)


@njit(cache=True, nogil=True, error_model="numpy")
def nested_highest(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Highest value of each window and its place in the window, both of shape (5, n).

    Places count from 1, the oldest row of the window; of equal values the oldest counts.

    >>> highest, place = nested_highest(np.array([1.0, 3.0, 3.0, 2.0, 0.0, 1.0]))
    >>> highest[0].tolist(), place[0].tolist()
    ([1.0, 3.0, 3.0, 3.0, 3.0, 3.0], [1.0, 2.0, 2.0, 2.0, 2.0, 1.0])
    """
    n = len(values)
    highest, row = np.empty((len(WINDOWS), n)), np.empty((len(WINDOWS), n))
    leader = 0
    for i in range(min(n, LONGEST)):
        leader = leader if values[i] <= values[leader] or np.isnan(values[leader]) else i
        set_all(highest, i, values[leader])
        set_all(row, i, float(leader))
    _highest_of_five(values, full_windows(highest, 0), full_windows(row, 0))
    for k in range(1, len(WINDOWS)):
        older, newer = older_parts(highest, k), newer_parts(highest, k)
        _join_rows(older, newer, older_parts(row, k), newer_parts(row, k), full_windows(row, k))
        _join_highest(older, newer, full_windows(highest, k))
    for k in range(len(WINDOWS)):
        _rows_to_places(highest[k], WINDOWS[k], row[k])
    return highest, row


@njit(cache=True, nogil=True, error_model="numpy")
def nested_lowest(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest value of each window and its place in the window, as `nested_highest`."""
    negative, place = nested_highest(-values)
    return -negative, place


@njit(cache=True, nogil=True, error_model="numpy")
def _highest_of_five(values: np.ndarray, highest: np.ndarray, row: np.ndarray) -> None:
    for i in range(len(highest)):
        best, ahead = values[i], 0.0
        ahead, best = (1.0, values[i + 1]) if values[i + 1] > best else (ahead, best)
        ahead, best = (2.0, values[i + 2]) if values[i + 2] > best else (ahead, best)
        ahead, best = (3.0, values[i + 3]) if values[i + 3] > best else (ahead, best)
        ahead, best = (4.0, values[i + 4]) if values[i + 4] > best else (ahead, best)
        known = not np.isnan(values[i] + values[i + 1] + values[i + 2] + values[i + 3] + values[i + 4])
        highest[i], row[i] = best if known else np.nan, i + ahead


@njit(cache=True, nogil=True, error_model="numpy")
def _join_highest(older: np.ndarray, newer: np.ndarray, out: np.ndarray) -> None:
    for i in range(len(out)):
        larger = newer[i] if newer[i] > older[i] else older[i]
        out[i] = newer[i] if np.isnan(newer[i]) else larger


@njit(cache=True, nogil=True, error_model="numpy")
def _join_rows(
    older: np.ndarray, newer: np.ndarray, older_row: np.ndarray, newer_row: np.ndarray, out: np.ndarray
) -> None:
    for i in range(len(out)):
        out[i] = newer_row[i] if newer[i] > older[i] else older_row[i]


@njit(cache=True, nogil=True, error_model="numpy")
def _rows_to_places(highest: np.ndarray, window: int, row: np.ndarray) -> None:
    for i in range(len(row)):
        oldest = i - window + 1 if i >= window else 0
        row[i] = np.nan if np.isnan(highest[i]) else row[i] - oldest + 1.0

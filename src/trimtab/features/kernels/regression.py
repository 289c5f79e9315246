"""Lines through prices and correlations over the last 5, 10, 20, 30 and 60 rows, joined as in `nested`."""

from __future__ import annotations

import numpy as np

from trimtab.compiled import compiled
from trimtab.features.kernels.nested import (
    LONGEST,
    NEWER,
    OLDER,
    WINDOWS,
    full_windows,
    nested_means,
    nested_products,
    newer_parts,
    older_parts,
    set_all,
    to_deviations,
)


@compiled(error_model="numpy")
def nested_lines(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mean, sample standard deviation, slope, R squared and newest residual of each window, all (5, n).

    The line is the least-squares one through the values against 1, 2, ...; the slope is per row. One
    row has no deviation and no line (NaN), equal values have no R squared.

    >>> mean, deviation, slope, r_squared, residual = nested_lines(np.array([1.0, 2.0, 4.0]))
    >>> slope[0].tolist(), r_squared[0].round(6).tolist(), residual[0].round(6).tolist()
    ([nan, 1.0, 1.5], [nan, 1.0, 0.964286], [nan, 0.0, 0.166667])
    """
    n = len(values)
    means = nested_means(values)
    squares = nested_products(values, means, values, means)
    slopes = _nested_rises(values, means)
    r_squared, residuals = np.empty((len(WINDOWS), n)), np.empty((len(WINDOWS), n))
    for k in range(len(WINDOWS)):
        full = min(WINDOWS[k], n)
        for i in range(full):
            one = slice(i, i + 1)
            _finish(
                values[one],
                means[k, one],
                squares[k, one],
                slopes[k, one],
                r_squared[k, one],
                residuals[k, one],
                i + 1.0,
            )
        rest = slice(full, n)
        _finish(
            values[rest],
            means[k, rest],
            squares[k, rest],
            slopes[k, rest],
            r_squared[k, rest],
            residuals[k, rest],
            float(WINDOWS[k]),
        )
    to_deviations(squares)
    return means, squares, slopes, r_squared, residuals


@compiled(error_model="numpy")
def _nested_rises(values: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Sum over each window of (time - mean time) (value - mean): the slope before it is divided, (5, n)."""
    n = len(values)
    rises = np.empty((len(WINDOWS), n))
    total = 0.0
    for i in range(min(n, LONGEST)):
        if i > 0:
            total += (values[i] - means[-1, i - 1]) * (0.5 * i)  # the row is (i + 1) / 2 after the mean time before it
        set_all(rises, i, total)
    _rises_of_five(values, full_windows(rises, 0))
    for k in range(1, len(WINDOWS)):
        weight = 0.5 * WINDOWS[OLDER[k]] * WINDOWS[NEWER[k]]  # the mean times of the parts are half a window apart
        older, newer = older_parts(means, k), newer_parts(means, k)
        _join_rises(older, newer, older_parts(rises, k), newer_parts(rises, k), weight, full_windows(rises, k))
    return rises


@compiled(error_model="numpy")
def _rises_of_five(values: np.ndarray, out: np.ndarray) -> None:
    for i in range(len(out)):
        out[i] = 2.0 * (values[i + 4] - values[i]) + (values[i + 3] - values[i + 1])


@compiled(error_model="numpy")
def _join_rises(
    older_mean: np.ndarray, newer_mean: np.ndarray, older: np.ndarray, newer: np.ndarray, weight: float, out: np.ndarray
) -> None:
    for i in range(len(out)):
        out[i] = (older[i] + newer[i]) + weight * (newer_mean[i] - older_mean[i])


@compiled(error_model="numpy")
def _finish(
    values: np.ndarray, mean: np.ndarray, squares: np.ndarray, slope: np.ndarray,
    r_squared: np.ndarray, residual: np.ndarray, rows: float,
) -> None:  # fmt: skip
    """R squared, the slope in place of the rise, and the residual of the newest row, for windows of some rows."""
    time = rows * (rows * rows - 1.0) / 12.0  # sum of (time - mean time)^2; 0 for one row: 0 / 0
    for i in range(len(slope)):
        # Quotients of like sizes: the rise of a tiny or a huge price is never squared.
        explained = slope[i] / time * (slope[i] / squares[i])
        r_squared[i] = 1.0 if explained > 1.0 else explained
    for i in range(len(slope)):
        slope[i] /= time
    for i in range(len(slope)):
        residual[i] = values[i] - mean[i] - slope[i] * (0.5 * (rows - 1.0))


@compiled(error_model="numpy")
def nested_correlations(x: np.ndarray, y: np.ndarray, still: float) -> np.ndarray:
    """Correlation of x and y in each window, shape (5, n), between -1 and 1.

    A row in which either is missing is left out. NaN where fewer than two rows are left, and where the
    standard deviation of the known values of either side is `still` or less.

    >>> nested_correlations(np.array([1.0, 2.0, 3.0, 3.0]), np.array([2.0, np.nan, 4.0, 5.0]), 0.0)[0].round(6).tolist()
    [nan, nan, 1.0, 0.944911]
    """
    mean_x, mean_y = nested_means(x), nested_means(y)
    spread_x, spread_y = nested_products(x, mean_x, x, mean_x), nested_products(y, mean_y, y, mean_y)
    out = nested_products(x, mean_x, y, mean_y)
    to_deviations(spread_x)
    to_deviations(spread_y)
    for k in range(len(WINDOWS)):
        full = min(WINDOWS[k], len(x))
        for i in range(full):
            _correlate(spread_x[k, i : i + 1], spread_y[k, i : i + 1], still, float(i), out[k, i : i + 1])
        _correlate(spread_x[k, full:], spread_y[k, full:], still, WINDOWS[k] - 1.0, out[k, full:])
    _correlate_around_gaps(x, y, still, out)
    return out


@compiled(error_model="numpy")
def _correlate(spread_x: np.ndarray, spread_y: np.ndarray, still: float, freedom: float, out: np.ndarray) -> None:
    """Correlations from deviations, in place of the sums of products."""
    for i in range(len(out)):
        value = out[i] / freedom / (spread_x[i] * spread_y[i])
        value = 1.0 if value > 1.0 else (-1.0 if value < -1.0 else value)
        out[i] = value if (spread_x[i] > still) & (spread_y[i] > still) else np.nan


@compiled(error_model="numpy")
def _correlate_around_gaps(x: np.ndarray, y: np.ndarray, still: float, out: np.ndarray) -> None:
    """Compute again, over the rows that are known, what a missing row has made unknown."""
    last_gap = -LONGEST
    for i in range(len(x)):
        if np.isnan(x[i]) or np.isnan(y[i]):
            last_gap = i
        if i - last_gap < LONGEST:
            for k in range(len(WINDOWS)):
                if i - last_gap < WINDOWS[k]:
                    oldest = max(i - WINDOWS[k] + 1, 0)
                    out[k, i] = _correlation_of_known(x[oldest : i + 1], y[oldest : i + 1], still)


@compiled(error_model="numpy")
def _correlation_of_known(x: np.ndarray, y: np.ndarray, still: float) -> float:
    mean_x, mean_y, count = 0.0, 0.0, 0
    for j in range(len(x)):
        if not (np.isnan(x[j]) or np.isnan(y[j])):
            count += 1
            mean_x += (x[j] - mean_x) / count
            mean_y += (y[j] - mean_y) / count
    if count < 2 or _known_deviation(x) <= still or _known_deviation(y) <= still:
        return np.nan
    squares_x, squares_y, both = 0.0, 0.0, 0.0
    for j in range(len(x)):
        if not (np.isnan(x[j]) or np.isnan(y[j])):
            squares_x += (x[j] - mean_x) ** 2
            squares_y += (y[j] - mean_y) ** 2
            both += (x[j] - mean_x) * (y[j] - mean_y)
    scale = np.sqrt(squares_x) * np.sqrt(squares_y)
    return min(max(both / scale, -1.0), 1.0) if scale > 0.0 else np.nan


@compiled(error_model="numpy")
def _known_deviation(values: np.ndarray) -> float:
    """Sample standard deviation of the known values; 0 for one or none."""
    mean, squares, count = 0.0, 0.0, 0
    for j in range(len(values)):
        if not np.isnan(values[j]):
            count += 1
            away = values[j] - mean
            mean += away / count
            squares += away * (values[j] - mean)
    return np.sqrt(squares / (count - 1)) if count > 1 else 0.0

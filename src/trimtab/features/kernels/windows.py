"""Sums and moments over the last `window` rows.

A block of `window` rows is summed from its end (tails) when it is complete; a window is then the
tail of the block before plus the head of the block it ends in. Moments are taken about the first
value of that block, which lies inside the window, so at most a factor of `window` is lost to
cancellation and constant values give a variance of exactly zero.
"""

from __future__ import annotations

import numpy as np
from numba import njit

# A spread below this share of the mean (squared: 1e-12 of it) is the rounding of the inputs.
_ROUNDING = 1e-24


@njit(cache=True, nogil=True)
def window_sum(values: np.ndarray, window: int) -> np.ndarray:
    """Sum of the last `window` values, NaN for the first `window - 1` rows.

    >>> window_sum(np.array([1.0, 2.0, 3.0, 4.0]), 2).tolist()
    [nan, 3.0, 5.0, 7.0]
    """
    n = len(values)
    out = np.empty(n)
    tail = np.zeros(window + 1)
    for start in range(0, n, window):
        head = 0.0
        for i in range(start, min(start + window, n)):
            head += values[i]
            out[i] = head + tail[i - start + 1]
        if start + window <= n:
            total = 0.0
            for p in range(window - 1, -1, -1):
                total += values[start + p]
                tail[p] = total
    out[: window - 1] = np.nan
    return out


@njit(cache=True, nogil=True)
def window_mean_variance(values: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and sample variance (divided by `window - 1`) of the last `window` values.

    Source: shifted data formula, Chan, Golub & LeVeque (1983).

    >>> mean, variance = window_mean_variance(np.array([1.0, 2.0, 4.0]), 2)
    >>> mean.tolist(), variance.tolist()
    ([nan, 1.5, 3.0], [nan, 0.5, 2.0])
    """
    n = len(values)
    mean, variance = np.empty(n), np.empty(n)
    tail1, tail2 = np.zeros(window + 1), np.zeros(window + 1)
    for start in range(0, n, window):
        centre = values[start]
        if start > 0:
            first, second = 0.0, 0.0
            for p in range(window - 1, -1, -1):
                away = values[start - window + p] - centre
                first += away
                second += away * away
                tail1[p], tail2[p] = first, second
        first, second = 0.0, 0.0
        for i in range(start, min(start + window, n)):
            away = values[i] - centre
            first += away
            second += away * away
            shift = (first + tail1[i - start + 1]) / window
            mean[i] = centre + shift
            spread = (second + tail2[i - start + 1]) / window - shift * shift
            if spread <= _ROUNDING * mean[i] * mean[i]:
                spread = 0.0
            variance[i] = spread * window / (window - 1)
    mean[: window - 1] = np.nan
    variance[: window - 1] = np.nan
    return mean, variance


@njit(cache=True, nogil=True)
def window_shape(values: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Skewness G1 and excess kurtosis G2 of the last `window` values, 0 where they are all equal.

    Bias corrected as in pandas and SPSS (Joanes & Gill 1998); `window` must be at least 4.
    """
    n, w = len(values), float(window)
    skew, kurtosis = np.empty(n), np.empty(n)
    tails = np.zeros((window + 1, 4))
    heads = np.zeros(4)
    skew_scale = np.sqrt(w * (w - 1.0)) / (w - 2.0)
    for start in range(0, n, window):
        centre = values[start]
        if start > 0:
            heads[:] = 0.0
            for p in range(window - 1, -1, -1):
                power, away = 1.0, values[start - window + p] - centre
                for k in range(4):
                    power *= away
                    heads[k] += power
                    tails[p, k] = heads[k]
        heads[:] = 0.0
        for i in range(start, min(start + window, n)):
            power, away = 1.0, values[i] - centre
            for k in range(4):
                power *= away
                heads[k] += power
            q = i - start + 1
            a1 = (heads[0] + tails[q, 0]) / w
            a2 = (heads[1] + tails[q, 1]) / w
            a3 = (heads[2] + tails[q, 2]) / w
            a4 = (heads[3] + tails[q, 3]) / w
            m2 = a2 - a1 * a1
            m3 = a3 - 3.0 * a1 * a2 + 2.0 * a1 * a1 * a1
            m4 = a4 - 4.0 * a1 * a3 + 6.0 * a1 * a1 * a2 - 3.0 * a1 * a1 * a1 * a1
            if m2 <= _ROUNDING * (centre + a1) * (centre + a1) or m2 * m2 == 0.0:
                skew[i], kurtosis[i] = 0.0, 0.0
            else:
                skew[i] = skew_scale * m3 / (m2 * np.sqrt(m2))
                excess = (w + 1.0) * m4 / (m2 * m2) - 3.0 * (w - 1.0)
                kurtosis[i] = (w - 1.0) / ((w - 2.0) * (w - 3.0)) * excess
    skew[: window - 1] = np.nan
    kurtosis[: window - 1] = np.nan
    return skew, kurtosis


@njit(cache=True, nogil=True)
def window_covariance(x: np.ndarray, y: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Covariance of x and y and the variances of both over the last `window` rows, divided by `window`."""
    n = len(x)
    covariance, variance_x, variance_y = np.empty(n), np.empty(n), np.empty(n)
    tails = np.zeros((window + 1, 5))
    sums = np.zeros(5)
    for start in range(0, n, window):
        cx, cy = x[start], y[start]
        if start > 0:
            sums[:] = 0.0
            for p in range(window - 1, -1, -1):
                _accumulate(sums, x[start - window + p] - cx, y[start - window + p] - cy)
                for k in range(5):  # much faster to compile than an assignment of rows
                    tails[p, k] = sums[k]
        sums[:] = 0.0
        for i in range(start, min(start + window, n)):
            _accumulate(sums, x[i] - cx, y[i] - cy)
            q = i - start + 1
            mx, my = (sums[0] + tails[q, 0]) / window, (sums[1] + tails[q, 1]) / window
            vx = (sums[2] + tails[q, 2]) / window - mx * mx
            vy = (sums[3] + tails[q, 3]) / window - my * my
            covariance[i] = (sums[4] + tails[q, 4]) / window - mx * my
            variance_x[i] = 0.0 if vx <= _ROUNDING * (cx + mx) * (cx + mx) else vx
            variance_y[i] = 0.0 if vy <= _ROUNDING * (cy + my) * (cy + my) else vy
    for each in (covariance, variance_x, variance_y):
        each[: window - 1] = np.nan
    return covariance, variance_x, variance_y


@njit(cache=True, nogil=True)
def _accumulate(sums: np.ndarray, dx: float, dy: float) -> None:
    sums[0] += dx
    sums[1] += dy
    sums[2] += dx * dx
    sums[3] += dy * dy
    sums[4] += dx * dy


@njit(cache=True, nogil=True)
def window_line(values: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Linearly weighted mean (newest weight `window`, oldest 1) and least-squares slope per row.

    >>> weighted, slope = window_line(np.array([1.0, 2.0, 3.0, 4.0]), 3)
    >>> round(float(weighted[3]), 9), float(slope[3])
    (3.333333333, 1.0)
    """
    n = len(values)
    weighted, slope = np.empty(n), np.empty(n)
    tail1, tail2 = np.zeros(window + 1), np.zeros(window + 1)
    all_weights = window * (window + 1) / 2.0
    spread = window * (window * window - 1.0) / 12.0
    for start in range(0, n, window):
        centre = values[start]
        if start > 0:
            plain, ranked = 0.0, 0.0
            for p in range(window - 1, -1, -1):
                away = values[start - window + p] - centre
                plain += away
                ranked += p * away
                tail1[p], tail2[p] = plain, ranked
        plain, ranked = 0.0, 0.0
        for i in range(start, min(start + window, n)):
            p = i - start
            away = values[i] - centre
            plain += away
            ranked += p * away
            # Weight of a row is its rank 1..window in this window: rank = position - p in the block
            # before, and window - p + position in the block the window ends in.
            by_rank = (tail2[p + 1] - p * tail1[p + 1]) + (ranked + (window - p) * plain)
            total = plain + tail1[p + 1]
            weighted[i] = centre + by_rank / all_weights
            slope[i] = (by_rank - (window + 1) / 2.0 * total) / spread
    weighted[: window - 1] = np.nan
    slope[: window - 1] = np.nan
    return weighted, slope


@njit(cache=True, nogil=True)
def window_mean_deviation(values: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean of the last `window` values and their mean absolute deviation from it."""
    n = len(values)
    mean = window_sum(values, window) / window
    deviation = np.full(n, np.nan)
    for i in range(window - 1, n):
        recent, total = values[i - window + 1 : i + 1], 0.0
        for j in range(window):
            total += abs(recent[j] - mean[i])
        deviation[i] = total / window
    return mean, deviation

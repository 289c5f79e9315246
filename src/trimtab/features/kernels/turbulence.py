"""How unusual the returns of a group are together: the Mahalanobis distance of a row from its past.

The distance of Kritzman & Li (2010), divided by the number of instruments so that it is about 1
whatever their number. Means and covariances are those of the window before the row. The correlations
are drawn towards 0 by q / (window + q) for q instruments, the posterior mean under an inverse-Wishart
prior that knows the variances and is worth q rows: the matrix can then be inverted with more
instruments than rows, and few instruments are hardly changed.

Sums of products are kept as the tails of one block of `window` rows and the head of the next, so
nothing is ever subtracted and a row costs q^2 for the sums and q^3 / 6 for the inverse.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_ROUNDING = 1e-14  # a variance below this share of the mean square is rounding
_NEVER = np.iinfo(np.int64).max


@njit(cache=True, nogil=True)
def turbulence(
    returns: np.ndarray, latest: np.ndarray, decision: np.ndarray, window: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Distance of each row from the `window` rows before it.

    Parameters
    ----------
    returns: shape (n, q), NaN where an instrument has none; the first row is not used.
    latest: when the newest number of each row became known, shape (n,).
    decision: the time of each row after which nothing may be used, shape (n,).

    In the past a gap stands for the mean of the others in its row. An instrument without a return in
    the row itself, with fewer than half of the window, or that never moved, is left out.

    Returns four arrays of shape (n,): the distance; the distance had all correlations been 0; the
    mean correlation of the past; when the newest number used became known. NaN for the first
    `window + 1` rows, with fewer than two instruments, and where a number of the window was not
    known by the decision time.
    """
    n, q = returns.shape
    distance, size, correlation = np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan)
    known = np.full(n, _NEVER)
    filled, seen = _fill_gaps(returns)
    width = 2 * q + q * (q + 1) // 2
    tails, head = np.zeros((window + 1, width)), np.zeros(width)
    sums, workspace = np.zeros(width), np.zeros((q, q))
    score, chosen = np.zeros(q), np.zeros(q, np.int64)
    for start in range(1, n, window):
        if start > 1:
            head[:] = 0.0
            for p in range(window - 1, -1, -1):
                _add(head, filled[start - window + p], seen[start - window + p])
                for k in range(width):
                    tails[p, k] = head[k]
        head[:] = 0.0
        for i in range(start, min(start + window, n - 1)):
            _add(head, filled[i], seen[i])
            t = i + 1  # the row that the window ending at i is the past of
            if t <= window:
                continue
            newest = _latest(latest, t - window, t)
            if newest > decision[t]:
                continue
            for k in range(width):
                sums[k] = head[k] + tails[i - start + 1, k]
            count = _choose(returns[t], sums, window, score, chosen, workspace)
            if count >= 2:
                size[t], correlation[t] = _size_and_correlation(score, workspace, count)
                distance[t] = _distance(score, workspace, count, window)
                known[t] = newest
    return distance, size, correlation, known


@njit(cache=True, nogil=True)
def _fill_gaps(returns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    filled, seen = returns.copy(), np.ones(returns.shape)
    for i in range(len(returns)):
        total, count = 0.0, 0
        for k in range(returns.shape[1]):
            if np.isnan(returns[i, k]):
                seen[i, k] = 0.0
            else:
                total += returns[i, k]
                count += 1
        for k in range(returns.shape[1]):
            if seen[i, k] == 0.0:
                filled[i, k] = total / count if count else 0.0
    return filled, seen


@njit(cache=True, nogil=True)
def _add(sums: np.ndarray, row: np.ndarray, seen: np.ndarray) -> None:
    """Add a row to the sums of seen, values and products, in this order in one array."""
    q = len(row)
    place = 2 * q
    for j in range(q):
        sums[j] += seen[j]
        sums[q + j] += row[j]
        products, value = sums[place : place + j + 1], row[j]
        for k in range(j + 1):
            products[k] += value * row[k]
        place += j + 1


@njit(cache=True, nogil=True)
def _latest(times: np.ndarray, first: int, last: int) -> int:
    newest = times[first]
    for i in range(first + 1, last + 1):
        newest = max(newest, times[i])
    return newest


@njit(cache=True, nogil=True)
def _choose(
    row: np.ndarray, sums: np.ndarray, window: int, score: np.ndarray, chosen: np.ndarray, matrix: np.ndarray
) -> int:
    """Standard scores of the instruments to be used and, below the diagonal, their correlations."""
    q, count = len(row), 0
    for j in range(q):
        mean, square = sums[q + j] / window, sums[2 * q + j * (j + 1) // 2 + j] / window
        variance = square - mean * mean
        if np.isnan(row[j]) or 2.0 * sums[j] < window or variance <= _ROUNDING * square:
            continue
        deviation = np.sqrt(variance * window / (window - 1.0))
        score[count], chosen[count], matrix[count, count] = (row[j] - mean) / deviation, j, np.sqrt(variance)
        count += 1
    for a in range(count):
        j = chosen[a]
        for b in range(a):
            k = chosen[b]
            product = sums[2 * q + j * (j + 1) // 2 + k] / window
            covariance = product - (sums[q + j] / window) * (sums[q + k] / window)
            matrix[a, b] = covariance / (matrix[a, a] * matrix[b, b])
    return count


@njit(cache=True, nogil=True)
def _size_and_correlation(score: np.ndarray, matrix: np.ndarray, count: int) -> tuple[float, float]:
    squares, total = 0.0, 0.0
    for a in range(count):
        squares += score[a] * score[a]
        for b in range(a):
            total += matrix[a, b]
    mean = total / (count * (count - 1) / 2.0)
    return squares / count, min(max(mean, -1.0), 1.0)


@njit(cache=True, nogil=True)
def _distance(score: np.ndarray, matrix: np.ndarray, count: int, window: int) -> float:
    """Squared length of L^-1 z over the number of instruments, L L' the shrunk correlations (Cholesky)."""
    kept = window / (window + float(count))
    length = 0.0
    for a in range(count):
        left, remaining = score[a], 1.0
        for b in range(a):
            value = kept * matrix[a, b]
            for k in range(b):
                value -= matrix[a, k] * matrix[b, k]
            value /= matrix[b, b]
            matrix[a, b] = value
            remaining -= value * value
            left -= value * score[b]
        matrix[a, a] = np.sqrt(remaining)
        score[a] = left / matrix[a, a]
        length += score[a] * score[a]
    return length / count

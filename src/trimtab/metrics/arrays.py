"""How measures read their arguments: float64, equal length, pairs with NaN left out."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from trimtab.errors import DatasetError


def paired(left: ArrayLike, right: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Both as float64 of shape (n,), without the pairs that hold a NaN.

    >>> paired([1, 0, 1], [0.5, float("nan"), 0.25])
    (array([1., 1.]), array([0.5 , 0.25]))
    """
    a, b = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise DatasetError(f"a measure compares two arrays of one length, not shapes {a.shape} and {b.shape}")
    known = ~(np.isnan(a) | np.isnan(b))
    return a[known], b[known]


def as_series(returns: ArrayLike) -> np.ndarray:
    """One series as float64 of shape (n,), NaN kept."""
    return np.asarray(returns, dtype=np.float64).reshape(-1)


def known(returns: ArrayLike) -> np.ndarray:
    """One series as float64 without its NaNs; the series itself, not a copy, where it has none.

    >>> known([1, float("nan")])
    array([1.])
    """
    values = as_series(returns)
    unknown = np.isnan(values)
    return values[~unknown] if unknown.any() else values


def excess(returns: ArrayLike, rate: float) -> np.ndarray:
    """What the known returns lie above `rate`; the returns themselves, not a copy, where the rate is 0.

    >>> excess([0.5, float("nan")], 0.25)
    array([0.25])
    """
    values = known(returns)
    return values - rate if rate else values


def deviation(values: np.ndarray, ddof: int) -> float:
    """Standard deviation; exactly 0 where nothing varies, NaN with `ddof` values or fewer.

    Equal numbers can have a deviation of 1e-19 in floating point, which would turn a ratio into 1e16.

    >>> deviation(np.array([0.1, 0.1, 0.1]), ddof=1)
    0.0
    """
    if len(values) <= ddof:
        return float("nan")
    # Most series need no look at every value: the first differs from the last.
    is_constant = values[0] == values[-1] and np.ptp(values) == 0.0
    return 0.0 if is_constant else float(values.std(ddof=ddof))


def share(part: float, whole: float) -> float:
    """`part / whole`, NaN when the whole is zero or too small for the quotient to be a number.

    >>> share(1, 4), share(0, 0), share(1e300, 1e-10)
    (0.25, nan, nan)
    """
    quotient = float(part) / float(whole) if whole else math.nan
    return math.nan if math.isinf(quotient) else quotient


def average_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks 1..n, ties sharing the average of their ranks (as `scipy.stats.rankdata`).

    >>> average_ranks(np.array([3.0, 1.0, 3.0]))
    array([2.5, 1. , 2.5])
    """
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2.0)[group]

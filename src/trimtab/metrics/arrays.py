"""How measures read their arguments: float64, equal length, pairs with NaN left out."""

from __future__ import annotations

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


def share(part: float, whole: float) -> float:
    """`part / whole`, NaN when the whole is zero.

    >>> share(1, 4), share(0, 0)
    (0.25, nan)
    """
    return float(part / whole) if whole else float("nan")


def average_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks 1..n, ties sharing the average of their ranks (as `scipy.stats.rankdata`).

    >>> average_ranks(np.array([3.0, 1.0, 3.0]))
    array([2.5, 1. , 2.5])
    """
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2.0)[group]

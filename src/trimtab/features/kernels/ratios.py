"""Division with a defined outcome: a number or the stated substitute, never an infinity."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def ratio(above: np.ndarray, below: np.ndarray, otherwise: float) -> np.ndarray:
    """`above / below`, and `otherwise` where `below` is zero or the quotient overflows; NaN stays NaN.

    >>> ratio(np.array([1.0, 1.0, np.nan]), np.array([4.0, 0.0, 1.0]), 0.0).tolist()
    [0.25, 0.0, nan]
    """
    out = np.empty(len(above))
    for i in range(len(above)):
        if below[i] == 0.0:
            # A substitute stands for "nothing happened"; it must not hide a number that is not known.
            out[i] = above[i] if np.isnan(above[i]) else otherwise
        else:
            quotient = above[i] / below[i]
            out[i] = otherwise if np.isinf(quotient) else quotient
    return out


@njit(cache=True, nogil=True)
def change(values: np.ndarray, lag: int) -> np.ndarray:
    """`values[t] / values[t - lag] - 1`; NaN for the first `lag` rows and where the base is zero.

    >>> change(np.array([1.0, 2.0, 3.0]), 1).tolist()
    [nan, 1.0, 0.5]
    """
    out = np.full(len(values), np.nan)
    for i in range(lag, len(values)):
        base = values[i - lag]
        if base != 0.0:
            quotient = values[i] / base - 1.0
            if not np.isinf(quotient):
                out[i] = quotient
    return out


@njit(cache=True, nogil=True)
def positive_ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """`above / below` where both are positive and finite, else NaN: what a logarithm may be taken of."""
    out = np.full(len(above), np.nan)
    for i in range(len(above)):
        if above[i] > 0.0 and below[i] > 0.0:
            quotient = above[i] / below[i]
            if 0.0 < quotient < np.inf:
                out[i] = quotient
    return out


@njit(cache=True, nogil=True)
def lagged(values: np.ndarray, lag: int) -> np.ndarray:
    """`values[t - lag]`, NaN for the first `lag` rows."""
    out = np.full(len(values), np.nan)
    for i in range(lag, len(values)):
        out[i] = values[i - lag]
    return out

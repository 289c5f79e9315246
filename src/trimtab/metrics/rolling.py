"""Measures over a window that moves along the returns: is the quality of an account steady?"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import ArrayLike

from trimtab.errors import ConfigurationError
from trimtab.metrics.arrays import as_series


def rolling_sharpe_ratio(
    returns: ArrayLike, window: int, periods_per_year: float, risk_free: float = 0.0, ddof: int = 1
) -> np.ndarray:
    """The Sharpe ratio of the last `window` periods after each period; shape (n,), NaN before the first window.

    NaN too where a window holds an unknown return or does not vary. Each window is computed anew, so a long
    series gathers no rounding.

    >>> rolling_sharpe_ratio([0.02, 0.0, 0.01, -0.01], 2, 1).round(4).tolist()
    [nan, 0.7071, 0.7071, 0.0]
    """
    if window <= ddof:
        raise ConfigurationError(f"window is {window}; a deviation needs more than {ddof} returns")
    ratio = _rolling_ratio(as_series(returns), window, float(risk_free), ddof)
    return ratio * np.sqrt(periods_per_year)


@njit(cache=True, nogil=True)
def _rolling_ratio(values: np.ndarray, window: int, risk_free: float, ddof: int) -> np.ndarray:
    out = np.full(len(values), np.nan)
    for end in range(window, len(values) + 1):
        part = values[end - window : end]
        mean = 0.0
        for value in part:
            mean += value
        mean /= window
        squares = 0.0
        varies = False
        for value in part:
            squares += (value - mean) ** 2
            varies |= value != part[0]
        if varies:
            out[end - 1] = (mean - risk_free) / np.sqrt(squares / (window - ddof))
    return out

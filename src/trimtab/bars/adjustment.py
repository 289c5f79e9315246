"""From an adjusted close to the factor that makes prices of different days comparable."""

from __future__ import annotations

import numpy as np


def factor_of(adjusted_close: np.ndarray, close: np.ndarray) -> np.ndarray:
    """`adjusted_close / close` per bar, 1.0 where either is not a finite positive number.

    >>> factor_of(np.array([50.0, np.nan]), np.array([100.0, 100.0])).tolist()
    [0.5, 1.0]
    """
    usable = np.isfinite(adjusted_close) & np.isfinite(close) & (adjusted_close > 0) & (close > 0)
    return np.divide(adjusted_close, close, out=np.ones(len(close)), where=usable)

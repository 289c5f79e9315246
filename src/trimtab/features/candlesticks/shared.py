"""What the candlestick features share: TA-Lib's answers as numbers, and the direction of a body."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit

from trimtab.features.context import Context

OHLC = ("open", "high", "low", "close")


def recognised(c: Context, recognise: Callable[..., np.ndarray], lookback: int) -> np.ndarray:
    """TA-Lib's answer as -1, 0, 1; it says 0 before it can know, which is NaN here."""
    return _signs(recognise(c.open, c.high, c.low, c.close), lookback)


def body_direction(c: Context) -> np.ndarray:
    """1 for a rising body, -1 for a falling one, 0 for none."""
    return np.sign(c.close - c.open)


def unless_nan(values: np.ndarray, needed: np.ndarray) -> np.ndarray:
    """The values, NaN where what they were made from is NaN."""
    return np.where(np.isnan(needed), np.nan, values)


@njit(cache=True, nogil=True)
def _signs(found: np.ndarray, lookback: int) -> np.ndarray:
    out = np.empty(len(found))
    for i in range(len(found)):
        out[i] = int(found[i] > 0) - int(found[i] < 0)
    out[:lookback] = np.nan
    return out

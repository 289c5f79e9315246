"""Market impact: how far an order moves the price, by the square-root law.

What is usual in a market is measured over the bars of the instrument before the fill, so an order never knows the
bar it fills in.
"""

from __future__ import annotations

import numpy as np
from numba import njit

IMPACT_WINDOW = 20  # bars before a fill that volatility and volume are measured over


@njit(cache=True, nogil=True, error_model="numpy")
def pressure(usual: tuple[float, float], size: float) -> float:
    """The square-root law without its coefficient: volatility times the root of the share of the usual volume."""
    volatility, volume = usual
    return volatility * np.sqrt(size / volume)


@njit(cache=True, nogil=True, error_model="numpy")
def usual_market(close: np.ndarray, volume: np.ndarray, has_bar: np.ndarray, i: int, j: int) -> tuple[float, float]:
    """Volatility per bar and mean volume of an instrument over the last `IMPACT_WINDOW` bars before row `i`.

    The volatility is the sample deviation of log returns between neighbouring known closes; both are NaN with
    fewer than two returns or without any volume. An order that pays impact then waits: what is hardest to trade must
    not come out as free.

    >>> flat = np.full((4, 1), 100.0)
    >>> usual_market(flat, flat, np.full((4, 1), True), 3, 0)
    (0.0, 100.0)
    """
    returns = np.empty(IMPACT_WINDOW)
    n_returns, n_volumes, total, bars = 0, 0, 0.0, 0
    later, back = np.nan, i - 1
    while back >= 0 and bars < IMPACT_WINDOW:
        if has_bar[back, j]:
            bars += 1
            if not np.isnan(volume[back, j]):
                total += volume[back, j]
                n_volumes += 1
            if not np.isnan(close[back, j]):
                if not np.isnan(later):
                    returns[n_returns] = np.log(later / close[back, j])
                    n_returns += 1
                later = close[back, j]
        back -= 1
    if n_returns < 2 or not total > 0.0:
        return np.nan, np.nan
    known = returns[:n_returns]
    mean = known.sum() / n_returns
    return np.sqrt(((known - mean) ** 2).sum() / (n_returns - 1)), total / n_volumes

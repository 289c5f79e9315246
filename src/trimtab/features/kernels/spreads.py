"""Spreads between bid and ask that high, low and close of two neighbouring bars imply."""

from __future__ import annotations

import numpy as np
from numba import njit

_K = 3.0 - 2.0 * np.sqrt(2.0)


@njit(cache=True, nogil=True)
def corwin_schultz(high: np.ndarray, low: np.ndarray, close: np.ndarray, log_range: np.ndarray) -> np.ndarray:
    """Spread of each bar and the one before as a share of the price, at least 0; NaN in row 0.

    A high is bought and a low is sold, so the range holds the spread once; the variance doubles over
    two bars and the spread does not. A bar wholly above or below the close before it is first moved
    by that gap. `log_range` is ln(high / low). Source: Corwin & Schultz (2012), equations 14 and 18, and section IV.
    """
    n = len(close)
    out = np.full(n, np.nan)
    for i in range(1, n):
        gap = max(low[i] - close[i - 1], 0.0) + min(high[i] - close[i - 1], 0.0)
        top, bottom = high[i] - gap, low[i] - gap
        if not (bottom > 0.0 and low[i - 1] > 0.0 and top < np.inf and high[i - 1] < np.inf):
            continue
        both = np.log(max(top, high[i - 1]) / min(bottom, low[i - 1]))
        single = log_range[i] if gap == 0.0 else np.log(top / bottom)
        beta = single * single + log_range[i - 1] * log_range[i - 1]
        alpha = (np.sqrt(2.0 * beta) - np.sqrt(beta)) / _K - np.sqrt(both * both / _K)
        growth = np.expm1(alpha) if alpha > 0.0 else 0.0
        out[i] = 2.0 * growth / (2.0 + growth) if growth < np.inf else 2.0
    return out


@njit(cache=True, nogil=True)
def abdi_ranaldo(high: np.ndarray, low: np.ndarray, close: np.ndarray) -> np.ndarray:
    """Spread of each bar and the one before as a share of the price, at least 0; NaN in row 0.

    The middle of a bar's range stands for its efficient price, from which the close is half a spread
    away: sqrt(max(0, 4 (c[t-1] - m[t-1]) (c[t-1] - m[t]))) in logarithms, m the mean of log high and
    log low. Source: Abdi & Ranaldo (2017), the two-day corrected estimator.
    """
    n = len(close)
    out = np.full(n, np.nan)
    for i in range(1, n):
        base = close[i - 1]
        if not (base > 0.0 and low[i - 1] > 0.0 and low[i] > 0.0 and high[i - 1] < np.inf and high[i] < np.inf):
            continue
        before = 0.5 * np.log((base / high[i - 1]) * (base / low[i - 1]))
        after = 0.5 * np.log((base / high[i]) * (base / low[i]))
        product = before * after
        out[i] = 2.0 * np.sqrt(product) if product > 0.0 else 0.0
    return out

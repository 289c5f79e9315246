"""The volatility regime: will the coming bars move more than usual?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from trimtab.bars import Bars
from trimtab.labels.schema import LabelBlock, label_intervals


def label_volatility_regime(bars: Bars, horizon: int, memory: int = 252) -> LabelBlock:
    """1.0 when the next `horizon` bars are more volatile than the median of the past ones.

    Volatility is the root mean square of close-to-close log returns over `horizon` bars. The
    threshold is the median of the last `memory` such numbers that are complete at the decision,
    so it looks back only and half of all bars are above it by construction. The naive forecast
    is persistence: the regime of the last `horizon` bars.
    """
    start, end = label_intervals(bars, horizon)
    volatility = rolling_volatility(bars.adjusted().close, horizon)
    threshold = pd.Series(volatility).rolling(memory).median().to_numpy()
    future = np.full(len(bars), np.nan)
    if len(bars) > horizon:
        future[:-horizon] = volatility[horizon:]
    known = ~np.isnan(threshold)
    value = np.where(known & ~np.isnan(future), (future > threshold).astype(np.float64), np.nan)
    baseline = np.where(known, (volatility > threshold).astype(np.float64), np.nan)
    return LabelBlock("classification", horizon, bars.event_time, value, start, end, baseline)


def rolling_volatility(close: np.ndarray, window: int) -> np.ndarray:
    """Root mean square of the last `window` log returns, per bar; NaN until there are enough.

    Each window is summed on its own: a running sum would carry rounding from one to the next.

    >>> rolling_volatility(np.exp([0.0, 0.01, 0.02, 0.01]), 2).round(6)
    array([ nan,  nan, 0.01, 0.01])
    """
    result = np.full(len(close), np.nan)
    if len(close) > window:
        returns = np.diff(np.log(close))
        windows = np.lib.stride_tricks.sliding_window_view(returns, window)
        result[window:] = np.sqrt((windows**2).mean(axis=1))
    return result

"""The triple barrier: which comes first, the profit, the loss or the end of patience?

López de Prado, Advances in Financial Machine Learning (2018), section 3.4. Unlike the other labels its end
varies: it is over once a barrier is touched.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from trimtab.bars import Bars
from trimtab.labels.schema import LabelBlock, trailing_return
from trimtab.labels.volatility import rolling_volatility

UNDECIDED = -1


def label_triple_barrier(
    bars: Bars, horizon: int, take_profit: float = 1.0, stop_loss: float = 1.0, volatility_window: int = 20
) -> LabelBlock:
    """1.0 when the profit is taken first, 0.0 when the loss is; after `horizon` bars, whether the close is higher.

    Entry is at this close. The barriers lie `take_profit` above and `stop_loss` below it, in units of the
    volatility expected over the horizon: s * sqrt(horizon), where s is the root mean square log return of the
    last `volatility_window` bars, known at the decision. They are fixed as log returns, so the price touched is
    close * exp(take_profit * s * sqrt(horizon)), and likewise below. Later bars touch them with their high and
    low, prices adjusted.

    A bar that touches both counts as a loss: bars do not tell which came first, and the other choice would count
    money that nobody may have made. At the time limit an unchanged close counts as "not higher". There is no
    label without a volatility, or where it is 0. `label_end` is the close of the bar that decided, NaT while
    nothing has. The naive forecast repeats the direction of the last `horizon` bars.
    """
    adjusted = bars.adjusted()
    width = rolling_volatility(adjusted.close, volatility_window) * math.sqrt(horizon)
    with np.errstate(over="ignore"):  # a barrier out of all reach is at infinity
        upper, lower = adjusted.close * np.exp(take_profit * width), adjusted.close * np.exp(-stop_loss * width)
    value, last = first_touch(adjusted.close, adjusted.high, adjusted.low, upper, lower, horizon)
    value[~(width > 0)] = np.nan  # NaN is not above 0 either
    start = bars.event_time + bars.series.timeframe.duration_us
    end = np.full(len(bars), np.datetime64("NaT"), dtype=start.dtype)
    end[last != UNDECIDED] = start[last[last != UNDECIDED]]
    past = trailing_return(adjusted.close, horizon)
    baseline = np.where(np.isnan(past), np.nan, (past > 0).astype(np.float64))
    return LabelBlock("classification", horizon, bars.event_time, value, start, end, baseline)


@njit(cache=True, nogil=True)
def first_touch(
    close: np.ndarray, high: np.ndarray, low: np.ndarray, upper: np.ndarray, lower: np.ndarray, horizon: int
) -> tuple[np.ndarray, np.ndarray]:
    """For each bar its label (1, 0, NaN while undecided) and the row of the bar that decided it, -1 while none has.

    `upper` and `lower` are the prices of a bar's barriers; where they are NaN nothing is touched, and the
    time limit decides.
    """
    n = len(close)
    value, last = np.full(n, np.nan), np.full(n, UNDECIDED)
    for row in range(n):
        for later in range(row + 1, min(row + horizon, n - 1) + 1):
            if low[later] <= lower[row]:  # asked first: both in one bar is a loss
                value[row], last[row] = 0.0, later
                break
            if high[later] >= upper[row]:
                value[row], last[row] = 1.0, later
                break
        if last[row] == UNDECIDED and row + horizon < n:
            limit = row + horizon
            last[row] = limit
            if close[limit] > close[row]:
                value[row] = 1.0
            elif close[limit] <= close[row]:  # neither, where a close is NaN
                value[row] = 0.0
    return value, last

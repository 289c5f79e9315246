"""Labels about the next return: its value, or its direction."""

from __future__ import annotations

import numpy as np

from trimtab.bars import Bars
from trimtab.labels.schema import LabelBlock, forward_return, label_intervals, trailing_return


def label_forward_return(bars: Bars, horizon: int) -> LabelBlock:
    """The return from this close to the close `horizon` bars later.

    The naive forecast is 0: under a random walk no other number has a smaller expected error.
    """
    start, end = label_intervals(bars, horizon)
    close = bars.adjusted().close
    return LabelBlock(
        task="regression",
        horizon=horizon,
        event_time=bars.event_time,
        value=forward_return(close, horizon),
        label_start=start,
        label_end=end,
        baseline=np.zeros(len(bars)),
    )


def label_direction(bars: Bars, horizon: int, neutral_band: float = 0.0) -> LabelBlock:
    """1.0 when the forward return is above `neutral_band`, 0.0 when it is not above its negative.

    A return inside the band is nobody's success, so such a bar is not a sample (NaN); with a band
    of 0 an unchanged close counts as "not higher". The naive forecast repeats the direction of
    the last `horizon` bars.
    """
    start, end = label_intervals(bars, horizon)
    close = bars.adjusted().close
    future, past = forward_return(close, horizon), trailing_return(close, horizon)
    value = np.where(future > neutral_band, 1.0, 0.0)
    value[np.isnan(future) | ((neutral_band > 0) & (np.abs(future) <= neutral_band))] = np.nan
    baseline = np.where(np.isnan(past), np.nan, (past > 0).astype(np.float64))
    return LabelBlock("classification", horizon, bars.event_time, value, start, end, baseline)

"""`LabelBlock`: one label for every bar of a series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from trimtab.bars import Bars


@dataclass(frozen=True)
class LabelBlock:
    """Labels of one series and horizon, one element per bar, aligned with the bars.

    Attributes
    ----------
    task: "classification" (value 0.0 or 1.0) or "regression".
    horizon: bars from the decision to the end of the label.
    event_time: open of the bar at whose close the decision is made, datetime64[us], UTC.
    value: float64; NaN where the label does not exist (the future is not known yet, too little
        history, or a return inside the neutral band).
    label_start: the close of that bar: the first moment the label looks at.
    label_end: the close of the last bar the label looks at; NaT where it is not known yet.
    baseline: what the naive forecaster says at that close, known then; NaN where it cannot.
    """

    task: Literal["classification", "regression"]
    horizon: int
    event_time: np.ndarray
    value: np.ndarray
    label_start: np.ndarray
    label_end: np.ndarray
    baseline: np.ndarray


def label_intervals(bars: Bars, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """Start and end of a label that looks `horizon` bars ahead, from each bar's close."""
    close_time = bars.event_time + bars.series.timeframe.duration_us
    end = np.full(len(bars), np.datetime64("NaT"), dtype=close_time.dtype)
    end[: max(len(bars) - horizon, 0)] = close_time[horizon:]
    return close_time, end


def forward_return(close: np.ndarray, horizon: int) -> np.ndarray:
    """close[t + horizon] / close[t] - 1, NaN for the last `horizon` bars; shape (n,).

    >>> forward_return(np.array([100.0, 110.0, 99.0]), 1).round(4)
    array([ 0.1, -0.1,  nan])
    """
    result = np.full(len(close), np.nan)
    if len(close) > horizon:
        result[:-horizon] = close[horizon:] / close[:-horizon] - 1.0
    return result


def trailing_return(close: np.ndarray, horizon: int) -> np.ndarray:
    """close[t] / close[t - horizon] - 1, NaN for the first `horizon` bars; shape (n,)."""
    result = np.full(len(close), np.nan)
    if len(close) > horizon:
        result[horizon:] = close[horizon:] / close[:-horizon] - 1.0
    return result

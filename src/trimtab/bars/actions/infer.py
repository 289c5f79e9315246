"""Splits that a source does not tell, read off its own adjustment factor."""

from __future__ import annotations

import numpy as np

from trimtab.bars.actions.schema import ActionKind, Actions
from trimtab.bars.schema import Bars

# New shares for one old share that companies usually choose; reverse splits are one over these.
_RATIOS = np.array([1.25, 4 / 3, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100])
_USUAL = np.concatenate([-np.log(_RATIOS[::-1]), np.log(_RATIOS)])
# An ordinary dividend of the same day and an adjusted close rounded to cents move a step by this much.
_TOLERANCE = 0.03
# Special dividends and spin-offs take a fifth or a third of a price, rarely half of it: below two for
# one only a step of the very ratio is believed.
_NARROW = 0.004


def infer_splits(bars: Bars) -> Actions:
    """The splits that explain the large steps of `bars.factor`; none where it never steps.

    A step between two bars is a split when it is near a usual ratio (5 for 4 and beyond, either
    way) and the raw price jumped the other way, by the open or by the close, within half of it.
    What is left of the step is a dividend or rounding, within 3 %, or 0.4 % of ratios below two for
    one. A spin-off of just such a size looks the same and is taken for a split: two were among
    the large steps of 299 US equities in twelve years.

    >>> from trimtab.market import Series, Timeframe
    >>> days = np.arange("2020-01-06", "2020-01-09", dtype="datetime64[D]")
    >>> close, factor = np.array([100.0, 51.0, 52.0]), np.array([0.4955, 1.0, 1.0])
    >>> splits = infer_splits(Bars.build(Series("AAA", Timeframe.DAY), days, *[close] * 4, close, factor=factor))
    >>> splits.value.tolist(), str(splits.ex_time[0])[:10]
    ([2.0], '2020-01-07')
    """
    if len(bars) < 2 or (bars.factor == bars.factor[0]).all():
        return Actions.empty(bars.series.instrument_id)
    step = np.diff(np.log(bars.factor))
    at = np.flatnonzero(np.abs(step) > np.log(_RATIOS[0]) - _TOLERANCE)
    step = step[at]
    nearest = np.abs(step[:, None] - _USUAL[None, :]).argmin(axis=1)
    is_small = np.abs(_USUAL[nearest]) < np.log(1.9)
    is_usual = np.abs(step - _USUAL[nearest]) < np.where(is_small, _NARROW, _TOLERANCE)
    found = is_usual & (_undone(bars.open, bars, at, step) | _undone(bars.close, bars, at, step))
    ratio = np.exp(_USUAL[nearest[found]])
    times = bars.event_time[at[found] + 1]
    return Actions.build(bars.series.instrument_id, times, np.full(len(times), ActionKind.SPLIT.value), _exact(ratio))


def _undone(price: np.ndarray, bars: Bars, at: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Whether the raw price moved against the step of the factor, within half of the step."""
    jump = np.log(price[at + 1] / bars.close[at])
    undone: np.ndarray = np.abs(jump + step) < np.abs(step) / 2
    return undone


def _exact(ratio: np.ndarray) -> np.ndarray:
    """Ratios without what the logarithm left behind: 2 is 2, and a quarter is a quarter."""
    exact: np.ndarray = np.where(ratio > 1, np.round(ratio, 12), 1.0 / np.round(1.0 / ratio, 12))
    return exact

"""Longer bars that were made without some of the shorter bars the calendar expects."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from trimtab.bars import Bars
from trimtab.bars.resampling import resample
from trimtab.bars.schema import TIME
from trimtab.bars.times import as_datetime, as_time
from trimtab.market import Timeframe
from trimtab.market.calendar import SessionCalendar

_DAILY = (Timeframe.DAY, Timeframe.WEEK)


@dataclass(frozen=True)
class IncompleteBars:
    """What longer bars lack.

    Attributes
    ----------
    event_time: opens of the longer bars that lack a part, increasing, `datetime64[us]`.
    n_absent: expected shorter bars of those that are not stored; an illiquid instrument goes without some.
    n_refused: how many of `n_absent` were delivered and refused.
    """

    event_time: np.ndarray
    n_absent: int
    n_refused: int


def incomplete_bars(
    made: Bars, base: Bars, calendar: SessionCalendar, refused: Collection[datetime] = ()
) -> IncompleteBars:
    """The longer bars that lack a part, between the first and the last stored short one and in the bars around them.

    A part is expected where `SessionCalendar.expected_event_times` says so, and with `weekdays`,
    whose hours are not known, only between two short bars of a day. Years the calendar does not
    know are passed over.

    Parameters
    ----------
    made, base: the longer bars and what they were made of, both as stored.
    refused: event times of the refused short bars.
    """
    absent = _absent(base, calendar, made.series.timeframe)
    if len(absent) == 0 or len(made) == 0:
        return IncompleteBars(np.empty(0, TIME), 0, 0)
    # Resampling says which part belongs to which longer bar; the volume counts the parts.
    counted = _counted(base, absent, np.ones(len(absent)), made, calendar)
    was_refused = np.isin(absent, _starts(base, np.array([as_time(time) for time in refused], TIME)))
    lacking = np.isin(counted.event_time, made.event_time)
    n_refused = 0
    if was_refused.any():
        of_refused = _counted(base, absent, was_refused.astype(float), made, calendar)
        n_refused = int(of_refused.volume[lacking].sum())
    return IncompleteBars(counted.event_time[lacking], int(counted.volume[lacking].sum()), n_refused)


def _counted(base: Bars, times: np.ndarray, weight: np.ndarray, made: Bars, calendar: SessionCalendar) -> Bars:
    ones = np.ones(len(times))
    parts = Bars.build(base.series, times, ones, ones, ones, ones, weight)
    return resample(
        parts,
        made.series.timeframe,
        calendar,
        until=as_datetime(made.event_time[-1] + made.series.timeframe.duration_us),
    )


def _absent(base: Bars, calendar: SessionCalendar, longer: Timeframe) -> np.ndarray:
    """Expected times of short bars at which there is none, from the longer bar of the first one to the last one."""
    first, last = calendar.known_days()
    times = _starts(base, base.event_time)
    times = times[(times >= first) & (times < last + 1)]
    if len(times) == 0:
        return times
    start, step = max(times[0] - longer.duration_us, first.astype(TIME)), base.series.timeframe.duration_us
    if base.series.timeframe in _DAILY:
        expected = calendar.expected_event_times(base.series, start, times[-1])
        return expected[~np.isin(expected, times)]
    expected = calendar.expected_event_times(base.series, start, times[-1], calendar.phase_of(base.series, times))
    # A step is not missed when a bar begins in it or less than half a step before, as for gaps.
    nearest = np.searchsorted(times, expected - step // 2, side="right")
    absent = expected[times[np.minimum(nearest, len(times) - 1)] >= expected + step]
    return absent if calendar.knows_hours else absent[_between_bars_of_a_day(absent, times)]


def _starts(base: Bars, times: np.ndarray) -> np.ndarray:
    """The times of short bars as a calendar has them: a source may stamp its days with the hour of the open."""
    return times.astype("datetime64[D]").astype(TIME) if base.series.timeframe in _DAILY else times


def _between_bars_of_a_day(absent: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Which absent times lie between two bars of the same UTC day."""
    after = np.searchsorted(times, absent)
    days, own = times.astype("datetime64[D]"), absent.astype("datetime64[D]")
    is_between = (after > 0) & (after < len(times))
    between: np.ndarray = (days[after - 1] == own) & (days[np.minimum(after, len(times) - 1)] == own) & is_between
    return between

"""Checks on where bars lie: each has its own step of time, in a session of the market that was named."""

from __future__ import annotations

import numpy as np

from trimtab.bars.checks.order import one_or_each
from trimtab.bars.checks.verdict import Finding
from trimtab.bars.schema import TIME, Bars
from trimtab.market import Timeframe
from trimtab.market.calendar import SessionCalendar
from trimtab.market.sessions import Spans, week_of

# A source may stamp a bar with its first trade: bars closer than this share of a step overlap.
_APART = 0.9
# Days and weeks by a local clock are an hour shorter in spring.
_CLOCK_CHANGE = np.timedelta64(1, "h")
# Trading before the open and after the close that exporters include; New York's is the longest.
_PRE_MARKET, _AFTER_HOURS = np.timedelta64(330, "m"), np.timedelta64(240, "m")


def check_overlaps(bars: Bars, usable: np.ndarray, context: Bars | None, calendar: SessionCalendar) -> list[Finding]:
    """overlapping_bar, a warning: a bar begins before the bar before it has ended.

    Two daily bars of one date, two weekly ones of one week, intraday ones less than nine tenths of
    a step apart. Of two, the one that begins at an unusual time of the step is meant, else the later
    one. A bar that begins at an open or close cuts off the one before it, as exporters of pre- and
    after-market bars do. One finding for all where more than a fifth are meant: bars of another
    timeframe. `usable` (bool per bar) is what no other check refused; bars of `context` that are
    not among them count, but are old news.
    """
    step = bars.series.timeframe.duration_us
    rows = np.flatnonzero(usable)
    rows = rows[np.argsort(bars.event_time[rows], kind="stable")]
    own = bars.event_time[rows]
    times = own if context is None or len(own) == 0 else np.union1d(own, _around(context.event_time, own, step))
    late = np.flatnonzero(_overlap(bars.series.timeframe, times)) + 1
    if len(late) and bars.series.timeframe not in (Timeframe.DAY, Timeframe.WEEK):
        spans = calendar.spans_around(times[late])
        late = late[~np.isin(times[late], np.concatenate([spans.open, spans.close]))]
    if len(late) == 0:
        return []
    odd = times[np.unique(_odd_one(times, late, step))]
    meant = rows[np.isin(own, odd)]
    some = f"begins less than one {bars.series.timeframe.value} step from another bar; both are kept"
    many = "{} of {} bars " + f"begin less than one {bars.series.timeframe.value} step from another; all are kept"
    return one_or_each("overlapping_bar", bars.event_time, meant, len(rows), some, many)


def _around(known: np.ndarray, own: np.ndarray, step: np.timedelta64) -> np.ndarray:
    return known[np.searchsorted(known, own[0] - step) : np.searchsorted(known, own[-1] + step)]


def _overlap(timeframe: Timeframe, times: np.ndarray) -> np.ndarray:
    """Bool per time but the first: the bar before it has not ended by then."""
    distance, step = np.diff(times), timeframe.duration_us
    if timeframe not in (Timeframe.DAY, Timeframe.WEEK):
        overlap: np.ndarray = distance < _APART * step
        return overlap
    dates = times.astype("datetime64[D]").astype(TIME)
    labels = dates if timeframe is Timeframe.DAY else week_of(dates)
    same: np.ndarray = (labels[1:] == labels[:-1]) & (distance < step - _CLOCK_CHANGE)
    return same


def _odd_one(times: np.ndarray, late: np.ndarray, step: np.timedelta64) -> np.ndarray:
    """Of the bar at each position and the one before it, the position of the one that is out of step."""
    phase = (times - np.datetime64(0, "us")) % step
    phases, counts = np.unique(phase, return_counts=True)
    is_usual = phase == phases[np.argmax(counts)]
    odd: np.ndarray = np.where(is_usual[late] & ~is_usual[late - 1], late - 1, late)
    return odd


def check_outside(bars: Bars, usable: np.ndarray, calendar: SessionCalendar) -> list[Finding]:
    """outside_session, a warning: a bar where the calendar somebody named has no session.

    A daily bar on a date that is none of its sessions (nor within one that opens the evening before), an
    intraday bar outside every session and the 5.5 hours before and 4 hours after it, in which
    exporters include trading. Weekly bars and years the calendar does not know are passed over.
    One finding for all where more than a fifth are meant: the bars are of another market.
    """
    first, last = calendar.known_days()
    is_known = usable & (bars.event_time >= first) & (bars.event_time < last + 1)
    rows = np.flatnonzero(is_known)
    if len(rows) == 0 or bars.series.timeframe is Timeframe.WEEK:
        return []
    times = bars.event_time[rows]
    is_inside = _on_open_days if bars.series.timeframe is Timeframe.DAY else _in_long_sessions
    outside = rows[~is_inside(times, bars.series.timeframe, calendar)]
    some, many = (
        f"{calendar.name} has no session then",
        "{} of {} bars " + f"lie outside the sessions of {calendar.name}",
    )
    return one_or_each("outside_session", bars.event_time, outside, len(rows), some, many)


def _on_open_days(times: np.ndarray, timeframe: Timeframe, calendar: SessionCalendar) -> np.ndarray:
    dates = times.astype("datetime64[D]").astype(TIME)
    is_open = np.isin(dates, calendar.sessions(dates.min(), dates.max()))
    has_hour = ~is_open & (times != dates)
    is_open[has_hour] = ~np.isnat(calendar.session_of(times[has_hour]))
    return is_open


def _in_long_sessions(times: np.ndarray, timeframe: Timeframe, calendar: SessionCalendar) -> np.ndarray:
    spans = calendar.spans_around(times)
    _, is_inside = Spans(spans.label, spans.open - _PRE_MARKET, spans.close + _AFTER_HOURS).at(
        times, timeframe.duration_us
    )
    return is_inside

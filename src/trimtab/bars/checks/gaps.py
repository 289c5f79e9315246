"""Absent bars: runs of expected times at which there is none."""

from __future__ import annotations

import numpy as np

from trimtab.bars.checks.verdict import Finding
from trimtab.bars.schema import TIME
from trimtab.market import Series, Timeframe
from trimtab.market.calendar import SessionCalendar
from trimtab.market.sessions import week_of

# An instrument that often goes without a trade has absent bars that mean nothing. Absence is usual
# when gaps are more than this many and more than this share of the bars ...
_USUAL_GAPS = 20
_USUAL_SHARE = 0.001
# ... and then only gaps longer than chance explains are said, at this many false ones per series.
_FALSE_GAPS = 0.01


def check_gaps(series: Series, times: np.ndarray, calendar: SessionCalendar) -> list[Finding]:
    """gap, a warning: one finding per run of absent bars between the first bar and the last.

    `times` are sorted and distinct. Bars are expected where `SessionCalendar.expected_event_times`
    says so; a step is not missed when a bar begins in it or less than half a step before. Where the
    calendar knows the days but not the hours (`weekdays`), intraday bars are only expected between
    the first and the last bar of a day. Years the calendar does not know are passed over.

    An intraday instrument that often has no trade is only reported for gaps longer than
    independent absences of its frequency would produce: with a share p of n bars absent, a run
    of L is expected n·p^L times.
    """
    times = _in_known_years(times, calendar)
    if len(times) < 2:
        return []
    expected, is_absent = _expected(series, times, calendar)
    firsts, lasts, counts = _runs(expected, is_absent)
    if series.timeframe not in (Timeframe.DAY, Timeframe.WEEK):
        said = counts >= _shortest_said(counts, len(times))
        firsts, lasts, counts = firsts[said], lasts[said], counts[said]
    unit = "session" if series.timeframe is Timeframe.DAY else f"{series.timeframe.value} bar"
    return [
        Finding("gap", first, "warning", _describe(int(count), unit, first, last), -1)
        for first, last, count in zip(firsts, lasts, counts, strict=True)
    ]


def _in_known_years(times: np.ndarray, calendar: SessionCalendar) -> np.ndarray:
    first, last = calendar.known_days()
    return times[(times >= first) & (times < last + 1)]


def _expected(series: Series, times: np.ndarray, calendar: SessionCalendar) -> tuple[np.ndarray, np.ndarray]:
    """Every time at which a bar is expected, and whether there is none."""
    if series.timeframe in (Timeframe.DAY, Timeframe.WEEK):
        # A source may stamp its bars with the hour of the open, or weeks with another weekday.
        dates = times.astype("datetime64[D]").astype(TIME)
        labels = dates if series.timeframe is Timeframe.DAY else week_of(dates)
        expected = calendar.expected_event_times(series, labels[0], labels[-1])
        return expected, ~np.isin(expected, labels)
    expected = calendar.expected_event_times(series, times[0], times[-1], calendar.phase_of(series, times))
    if not calendar.knows_hours:
        expected = expected[_between_bars_of_a_day(expected, times)]
    step = series.timeframe.duration_us
    nearest = np.searchsorted(times, expected - step // 2, side="right")
    is_absent = times[np.minimum(nearest, len(times) - 1)] >= expected + step
    return expected, is_absent


def _between_bars_of_a_day(expected: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Which expected times lie between two bars of the same UTC day."""
    after = np.searchsorted(times, expected)
    before = np.maximum(np.searchsorted(times, expected, side="right") - 1, 0)
    days, own = times.astype("datetime64[D]"), expected.astype("datetime64[D]")
    between: np.ndarray = (days[before] == own) & (days[np.minimum(after, len(times) - 1)] == own)
    return between


def _runs(expected: np.ndarray, is_absent: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First time, last time and length of every run of absent ones."""
    edges = np.diff(np.r_[False, is_absent, False].astype(np.int8))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return expected[starts], expected[ends - 1], ends - starts


def _shortest_said(counts: np.ndarray, n: int) -> int:
    if len(counts) <= max(_USUAL_GAPS, _USUAL_SHARE * n):
        return 1
    share = counts.sum() / (counts.sum() + n)
    return int(np.ceil(np.log(_FALSE_GAPS / n) / np.log(share)))


def _describe(count: int, unit: str, first: np.datetime64, last: np.datetime64) -> str:
    span = _moment(first) if first == last else f"{_moment(first)} to {_moment(last)}"
    return f"{count} {unit}{'' if count == 1 else 's'} absent: {span}"


def _moment(time: np.datetime64) -> str:
    is_midnight = time == time.astype("datetime64[D]")
    return str(time.astype("datetime64[D]")) if is_midnight else f"{time.astype('datetime64[m]')}Z"

"""Absent bars: runs of expected times at which there is none."""

from __future__ import annotations

import numpy as np

from trimtab.bars.checks.verdict import Finding
from trimtab.bars.schema import TIME
from trimtab.market import Series, Timeframe
from trimtab.market.calendar import SessionCalendar

# An instrument that often goes without a trade has absent bars that mean nothing. Absence is usual
# when gaps are more than this many and more than this share of the bars ...
_USUAL_GAPS = 20
_USUAL_SHARE = 0.001
# ... and then only gaps longer than chance explains are said, at this many false ones per series.
_FALSE_GAPS = 0.01


def check_gaps(series: Series, times: np.ndarray, calendar: SessionCalendar) -> list[Finding]:
    """gap, a warning: one finding per run of absent bars between the first bar and the last.

    `times` are sorted and distinct. Daily bars are held against the sessions of the calendar.
    Intraday bars of an exchange are only expected between the first and last bar of a session.
    An intraday instrument that often has no trade is only reported for gaps longer than
    independent absences of its frequency would produce: with a share p of n bars absent, a run
    of L is expected n·p^L times.
    """
    if len(times) < 2:
        return []
    if series.timeframe is Timeframe.DAY:
        firsts, lasts, counts = _absent_sessions(series, times, calendar)
    else:
        firsts, lasts, counts = _absent_steps(series, times, calendar)
        said = counts >= _shortest_said(counts, len(times))
        firsts, lasts, counts = firsts[said], lasts[said], counts[said]
    unit = "session" if series.timeframe is Timeframe.DAY else f"{series.timeframe.value} bar"
    return [
        Finding("gap", first, "warning", _describe(int(count), unit, first, last), -1)
        for first, last, count in zip(firsts, lasts, counts, strict=True)
    ]


def _absent_sessions(
    series: Series, times: np.ndarray, calendar: SessionCalendar
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    # A source may stamp daily bars with the hour of the open: what counts is the date.
    dates = times.astype("datetime64[D]").astype(TIME)
    expected = calendar.expected_event_times(series, dates[0], dates[-1])
    absent = np.flatnonzero(~np.isin(expected, dates))
    starts = np.flatnonzero(np.r_[True, np.diff(absent) > 1]) if len(absent) else absent
    ends = np.r_[starts[1:], len(absent)].astype(np.int64) - 1 if len(absent) else absent
    return expected[absent[starts]], expected[absent[ends]], ends - starts + 1


def _absent_steps(
    series: Series, times: np.ndarray, calendar: SessionCalendar
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    step = series.timeframe.duration_us
    counts = (np.diff(times) // step) - 1
    if calendar.name != "24/7":
        # Between two sessions nothing is expected, and an exchange's session ends on its UTC date.
        dates = times.astype("datetime64[D]")
        counts[dates[1:] != dates[:-1]] = 0
    before = np.flatnonzero(counts > 0)
    firsts = times[before] + step
    return firsts, firsts + (counts[before] - 1) * step, counts[before]


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

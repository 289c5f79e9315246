"""Which calendar a series follows: the one a person or a source names, or the one its bars speak of."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from trimtab.errors import ConfigurationError
from trimtab.market.series import Series
from trimtab.market.sessions import ROUND_THE_CLOCK, WEEKDAYS, SessionCalendar, Spans
from trimtab.market.timeframe import Timeframe

__all__ = ["MAIN_EXCHANGES", "SessionCalendar", "calendar_for", "parse_calendar"]

# Tried in this order when New York does not fit; of two that fit equally well the first is taken.
# Smaller ones are left to be named: each costs a twentieth of a second, and Seoul a whole one.
MAIN_EXCHANGES = (
    "XNYS", "XLON", "XTSE", "XPAR", "XETR", "XAMS", "XBRU", "XMIL", "XMAD", "XSWX", "XSTO", "XCSE", "XHEL", "XOSL",
    "XTAE", "XTKS", "XHKG", "XSHG", "XTAI", "XSES", "XASX", "XBOM", "XJSE", "BVMF", "XKRX",
)  # fmt: skip
# Days with bars on which the exchange is closed, and bars hours away from its sessions, as shares:
# up to this they are errors of the file, beyond it is another exchange.
_ERRORS = 0.005
# Sessions without a bar, as a share, up to which nobody else need be asked.
_USUAL_ABSENCE = 0.05
# Fewer days say nothing about the holidays of one exchange or another.
_FEW_DAYS = 10
# The share of Saturdays with bars from which on a market never closes.
_MOST = 0.5
# Before New York's open and after its close, trading that exporters include.
_PRE_MARKET, _AFTER_HOURS = np.timedelta64(330 * 60_000_000, "us"), np.timedelta64(240 * 60_000_000, "us")
_TIME, _DAY = np.dtype("datetime64[us]"), np.dtype("datetime64[D]")
_SATURDAY, _SUNDAY = "0000010", "0000001"


def parse_calendar(name: str) -> SessionCalendar:
    """The calendar of a name: `24/7`, `weekdays`, or an exchange's code or usual alias (XNYS, NYSE).

    Raises `UnknownNameError` listing what exchange-calendars knows.

    >>> parse_calendar("XNYS").name, parse_calendar("NYSE").name
    ('XNYS', 'XNYS')
    """
    if name in (ROUND_THE_CLOCK, WEEKDAYS, *MAIN_EXCHANGES):
        return SessionCalendar(name)
    from trimtab.market.exchanges import resolve_exchange

    return SessionCalendar(resolve_exchange(name))


def calendar_for(series: Series, event_time: np.ndarray) -> SessionCalendar:
    """The calendar the bars themselves speak of, where nobody says it.

    Bars on Saturdays, or at every hour of the day: 24/7. Otherwise New York, when hardly a bar falls on a day
    it is closed and hardly a session is without one. Otherwise the exchange of `MAIN_EXCHANGES`
    whose sessions fit best in both directions (bars on closed days and open days without bars), and
    for intraday bars whose hours fit best. When none fits, or the days are too few to tell,
    `weekdays`: only weekends are known to be closed. Weekly bars say nothing about days: 24/7, where every week has a session.

    >>> days = np.arange("2020-01-01", "2020-02-01", dtype="datetime64[D]").astype("datetime64[us]")
    >>> calendar_for(Series("BTC-USDT", Timeframe.DAY), days).name
    '24/7'
    """
    times = np.unique(event_time[~np.isnat(event_time)])
    days = np.unique(times.astype(_DAY))
    if len(days) == 0 or series.timeframe is Timeframe.WEEK or _never_closes(series, times, days):
        return SessionCalendar(ROUND_THE_CLOCK)
    new_york = _fit_of("XNYS", series, times, days)
    if new_york is not None and new_york.is_plain:
        return SessionCalendar("XNYS")
    if len(days) < _FEW_DAYS or _has_no_holidays(days):
        return SessionCalendar("XNYS" if new_york is not None and new_york.is_possible else WEEKDAYS)
    best = _best_of(new_york, *(partial(_fit_of, name, series, times, days) for name in MAIN_EXCHANGES[1:]))
    return SessionCalendar(best.name if best else WEEKDAYS)


class _Fit(NamedTuple):
    """How well an exchange explains when there are bars; every number but the name is a share.

    `strange` days with bars on which it is closed; `absent` sessions between the first and last bar
    without one; and of intraday bars those `outside` its hours and well `beyond` them, and the
    steps of its hours that are `covered`.
    """

    name: str
    strange: float
    absent: float
    outside: float = 0.0
    beyond: float = 0.0
    covered: float = 1.0

    @property
    def misfit(self) -> float:
        return self.strange + self.absent + self.outside + (1.0 - self.covered)

    @property
    def is_possible(self) -> bool:
        return self.strange <= _ERRORS and self.beyond <= _ERRORS

    @property
    def is_plain(self) -> bool:
        return self.is_possible and self.absent <= _USUAL_ABSENCE


def _best_of(first: _Fit | None, *others: Callable[[], _Fit | None]) -> _Fit | None:
    """The possible fit with the least misfit, the earlier one of equals; a perfect one ends the search."""
    best = first if first is not None and first.is_possible else None
    for ask in others:
        if best is not None and best.misfit == 0.0:
            break
        fit = ask()
        if fit is not None and fit.is_possible and (best is None or fit.misfit < best.misfit):
            best = fit
    return best


def _never_closes(series: Series, times: np.ndarray, days: np.ndarray) -> bool:
    weekend = _share_present(days, _SATURDAY)
    if weekend is None:
        # Too short to hold a Saturday: a Sunday, or a bar at every hour, must do.
        is_sunday = np.is_busday(days, weekmask=_SUNDAY)
        return bool(is_sunday.any()) or _fills_the_day(series, times)
    return weekend >= _MOST


def _share_present(days: np.ndarray, weekmask: str) -> float | None:
    """Of the days of a mask between the first and the last day, the share that has bars."""
    n = int(np.busday_count(days[0], days[-1] + 1, weekmask=weekmask))
    return float(np.is_busday(days, weekmask=weekmask).sum()) / n if n else None


def _fills_the_day(series: Series, times: np.ndarray) -> bool:
    if series.timeframe is Timeframe.DAY:
        return False
    step = max(series.timeframe.duration_us, np.timedelta64(3_600_000_000, "us"))
    n_steps = np.timedelta64(86_400_000_000, "us") // step
    return len(np.unique((times - times.astype(_DAY)) // step)) == n_steps


def _has_no_holidays(days: np.ndarray) -> bool:
    """Whether half a year of weekdays, or more, passes without a closed one: no exchange does that."""
    n = int(np.busday_count(days[0], days[-1] + 1))
    return n > 130 and bool(np.is_busday(days).sum() >= n * (1 - _ERRORS))


def _fit_of(name: str, series: Series, times: np.ndarray, days: np.ndarray) -> _Fit | None:
    """The fit of an exchange; None where its sessions of these years are not known."""
    calendar, is_daily = SessionCalendar(name), series.timeframe is Timeframe.DAY
    try:
        open_days = calendar.sessions(days[0].astype(_TIME), days[-1].astype(_TIME)).astype(_DAY)
        days = days if is_daily else _session_days(calendar, times)
    except ConfigurationError:
        return None
    strange = float((~np.isin(days, open_days)).mean())
    absent = float((~np.isin(open_days, days)).mean()) if len(open_days) else 0.0
    fit = _Fit(name, strange, absent)
    return fit if is_daily else _with_hours(fit, calendar, series, times)


def _session_days(calendar: SessionCalendar, times: np.ndarray) -> np.ndarray:
    """The days of intraday bars: the date of their session, which may open on the evening before, or their own."""
    labels = calendar.session_of(times)
    return np.unique(np.where(np.isnat(labels), times, labels).astype(_DAY))


def _with_hours(fit: _Fit, calendar: SessionCalendar, series: Series, times: np.ndarray) -> _Fit:
    step = series.timeframe.duration_us
    spans = calendar.spans_around(times)
    traded = _inside(spans, times, step)
    wide = Spans(spans.label, spans.open - _PRE_MARKET, spans.close + _AFTER_HOURS)
    expected = calendar.expected_event_times(series, times[0], times[-1], calendar.phase_of(series, times))
    # An open day without any bar is told by `absent` already.
    expected = expected[np.isin(calendar.session_of(expected), calendar.session_of(times[traded]))]
    covered = np.isin(expected, times).mean() if len(expected) else 0.0
    return fit._replace(
        outside=float((~traded).mean()), beyond=float((~_inside(wide, times, step)).mean()), covered=float(covered)
    )


def _inside(spans: Spans, times: np.ndarray, step: np.timedelta64) -> np.ndarray:
    _, overlaps = spans.at(times, step)
    return overlaps

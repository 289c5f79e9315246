"""When a market is open, so that an absent bar can be told from a closed day."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from trimtab.market.series import Series
from trimtab.market.timeframe import Timeframe

CalendarName = Literal["24/7", "weekdays", "XNYS"]
_TIME = np.dtype("datetime64[us]")
# Bars on days the exchange is closed, as a share of all bars, above which it is another exchange.
_STRANGE_SESSIONS = 0.005


@dataclass(frozen=True)
class SessionCalendar:
    """The sessions of a market, named by their date at 00:00 UTC.

    `24/7` is open every day, `weekdays` Monday to Friday without holidays (an exchange whose
    holidays are not known), `XNYS` the New York Stock Exchange, holidays and closures included
    (source: the package exchange-calendars).

    >>> christmas = np.datetime64("2019-12-23", "us"), np.datetime64("2019-12-27", "us")
    >>> len(SessionCalendar("XNYS").sessions(*christmas)), len(SessionCalendar("24/7").sessions(*christmas))
    (4, 5)
    """

    name: CalendarName

    def sessions(self, start: np.datetime64, end: np.datetime64) -> np.ndarray:
        """Session dates from `start` to `end`, both included, `datetime64[us]`."""
        first = start.astype("datetime64[D]")
        first += np.timedelta64(int(first.astype(_TIME) < start), "D")
        days = np.arange(first, end.astype("datetime64[D]") + 1)
        if self.name == "24/7":
            return days.astype(_TIME)
        if self.name == "weekdays":
            return days[np.is_busday(days)].astype(_TIME)
        if len(days) == 0:
            return days.astype(_TIME)
        known = _new_york_sessions(int(str(days[0])[:4]), int(str(days[-1])[:4]))
        return known[np.searchsorted(known, days[0]) : np.searchsorted(known, days[-1], "right")].astype(_TIME)

    def expected_event_times(self, series: Series, start: np.datetime64, end: np.datetime64) -> np.ndarray:
        """Times from `start` to `end`, both included, at which the series should have a bar.

        Daily bars are expected at every session. Intraday and weekly bars are expected at every
        step from `start`; what lies between two sessions is for the caller to leave out.
        """
        if series.timeframe is Timeframe.DAY:
            return self.sessions(start, end)
        step = series.timeframe.duration_us
        return np.arange(start.astype(_TIME), end.astype(_TIME) + np.timedelta64(1, "us"), step)


def calendar_for(series: Series, event_time: np.ndarray) -> SessionCalendar:
    """The calendar the bars themselves speak of.

    Bars on weekends: 24/7. Otherwise New York, unless too many bars fall on days New York is
    closed: then another exchange is meant and only weekends are known to be closed.

    >>> from trimtab.market import Series
    >>> days = np.arange("2020-01-01", "2020-02-01", dtype="datetime64[D]").astype("datetime64[us]")
    >>> calendar_for(Series("BTC-USDT", Timeframe.DAY), days).name
    '24/7'
    """
    days = np.unique(event_time[~np.isnat(event_time)].astype("datetime64[D]"))
    if len(days) == 0 or series.timeframe is Timeframe.WEEK:
        return SessionCalendar("24/7")
    if not np.is_busday(days).all():
        return SessionCalendar("24/7")
    open_days = SessionCalendar("XNYS").sessions(days[0].astype(_TIME), days[-1].astype(_TIME))
    strange = ~np.isin(days, open_days.astype("datetime64[D]"))
    return SessionCalendar("weekdays" if strange.mean() > _STRANGE_SESSIONS else "XNYS")


@lru_cache(maxsize=8)
def _sessions_of_years(first_year: int, last_year: int) -> np.ndarray:
    import exchange_calendars

    calendar = exchange_calendars.get_calendar("XNYS", start=f"{first_year}-01-01", end=f"{last_year}-12-31")
    sessions: np.ndarray = calendar.sessions.to_numpy().astype("datetime64[D]")
    return sessions


def _new_york_sessions(first_year: int, last_year: int) -> np.ndarray:
    # Rounded, so that many series of about the same years share one calendar.
    return _sessions_of_years(first_year - first_year % 20, last_year - last_year % 20 + 19)

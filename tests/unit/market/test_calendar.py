"""Sessions, against the exchange's published closures, and the choice of a calendar."""

from __future__ import annotations

import numpy as np
import pytest

from trimtab.market import Series, Timeframe
from trimtab.market.calendar import SessionCalendar, calendar_for

# https://www.nyse.com/markets/hours-calendars and its archive of closures
CLOSED = [
    "2001-09-11", "2001-09-14", "2004-06-11", "2007-01-02", "2012-10-29", "2012-10-30", "2018-12-05",
    "2019-12-25", "2022-06-20", "2024-03-29", "2025-01-09",
]  # fmt: skip
OPEN = ["2001-09-17", "2012-10-31", "2021-06-18", "2024-07-05", "2019-12-24"]


def day(text: str) -> np.datetime64:
    return np.datetime64(text, "us")


@pytest.mark.parametrize(("dates", "n"), [(CLOSED, 0), (OPEN, 1)])
def test_new_york_is_closed_on_its_holidays_and_days_of_mourning(dates: list[str], n: int) -> None:
    assert {date: len(SessionCalendar("XNYS").sessions(day(date), day(date))) for date in dates} == dict.fromkeys(
        dates, n
    )


def test_a_year_of_new_york_has_252_sessions() -> None:
    assert len(SessionCalendar("XNYS").sessions(day("2019-01-01"), day("2019-12-31"))) == 252


def test_sessions_begin_at_the_first_midnight_not_before_the_start() -> None:
    start = np.datetime64("2020-01-06T01:00", "us")
    assert SessionCalendar("weekdays").sessions(start, day("2020-01-12")).tolist() == [
        day(f"2020-01-{number:02d}").item() for number in (7, 8, 9, 10)
    ]


def test_an_empty_span_has_no_sessions() -> None:
    for name in ("24/7", "weekdays", "XNYS"):
        assert len(SessionCalendar(name).sessions(day("2020-01-03"), day("2020-01-02"))) == 0


def test_hours_are_expected_at_every_hour() -> None:
    series = Series("BTC-USDT", Timeframe.HOUR)
    times = SessionCalendar("24/7").expected_event_times(
        series, day("2020-01-01"), np.datetime64("2020-01-01T05:00", "us")
    )
    assert len(times) == 6


def test_the_bars_say_which_calendar_they_follow() -> None:
    days = np.arange("2019-01-01", "2020-01-01", dtype="datetime64[D]")
    weekdays = days[np.is_busday(days)]
    new_york = SessionCalendar("XNYS").sessions(day("2019-01-01"), day("2019-12-31"))
    aaa = Series("AAA", Timeframe.DAY)
    assert calendar_for(aaa, days.astype("M8[us]")).name == "24/7"
    assert calendar_for(aaa, weekdays.astype("M8[us]")).name == "weekdays"
    assert calendar_for(aaa, new_york).name == "XNYS"
    assert calendar_for(aaa, new_york[:0]).name == "24/7"

"""Sessions and their hours, against published hours converted with the time zone alone."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from fakes.intraday import moment, new_york_session, times_between

from trimtab.errors import ConfigurationError
from trimtab.market import Series, Timeframe
from trimtab.market.sessions import SessionCalendar, week_of

XNYS = SessionCalendar("XNYS")
HOURS = Series("AAPL", Timeframe.HOUR)
# https://www.nyse.com/markets/hours-calendars and its archive of closures
CLOSED = [
    "2001-09-11", "2001-09-14", "2004-06-11", "2007-01-02", "2012-10-29", "2012-10-30", "2018-12-05",
    "2019-12-25", "2022-06-20", "2024-03-29", "2025-01-09",
]  # fmt: skip
OPEN = ["2001-09-17", "2012-10-31", "2021-06-18", "2024-07-05", "2019-12-24"]
HALF_DAYS_2024 = ("2024-07-03", "2024-11-29", "2024-12-24")
CLOSED_2024 = (
    "2024-01-01", "2024-01-15", "2024-02-19", "2024-03-29", "2024-05-27", "2024-06-19", "2024-07-04", "2024-09-02",
    "2024-11-28", "2024-12-25",
)  # fmt: skip


def clock(times: np.ndarray) -> list[str]:
    return [str(time)[11:16] for time in times]


def expected(name: str, timeframe: str, first: str, last: str, **more: np.timedelta64) -> list[str]:
    series = Series("AAA", Timeframe.parse(timeframe))
    times = SessionCalendar(name).expected_event_times(series, moment(first), moment(last), **more)
    return [str(time)[:16] for time in times]


@pytest.mark.parametrize(("dates", "n"), [(CLOSED, 0), (OPEN, 1)])
def test_new_york_is_closed_on_its_holidays_and_days_of_mourning(dates: list[str], n: int) -> None:
    assert {each: len(XNYS.sessions(moment(each), moment(each))) for each in dates} == dict.fromkeys(dates, n)


def test_a_year_of_new_york_has_252_sessions() -> None:
    assert len(XNYS.sessions(moment("2019-01-01"), moment("2019-12-31"))) == 252


def test_every_session_of_2024_opens_and_closes_at_new_yorks_hours() -> None:
    days = [date(2024, 1, 1) + timedelta(n) for n in range(366)]
    trading = [str(day) for day in days if day.weekday() < 5 and str(day) not in CLOSED_2024]
    spans = XNYS.session_spans(moment("2024-01-01"), moment("2024-12-31"))
    hours = [new_york_session(day, "13:00" if day in HALF_DAYS_2024 else "16:00") for day in trading]
    assert spans.label.astype("datetime64[D]").astype(str).tolist() == trading
    assert list(zip(spans.open, spans.close, strict=True)) == hours


def test_sessions_begin_at_the_first_midnight_not_before_the_start() -> None:
    for name in ("weekdays", "XNYS"):
        sessions = SessionCalendar(name).sessions(moment("2020-01-06T01:00"), moment("2020-01-12"))
        assert sessions.astype("datetime64[D]").astype(str).tolist() == [f"2020-01-{n:02d}" for n in (7, 8, 9, 10)]


def test_an_empty_span_has_no_sessions_and_no_expected_bars() -> None:
    for name in ("24/7", "weekdays", "XNYS"):
        assert len(SessionCalendar(name).sessions(moment("2020-01-03"), moment("2020-01-02"))) == 0
        for timeframe in ("1h", "1d", "1w"):
            assert expected(name, timeframe, "2020-01-03", "2020-01-02") == []


class TestExpectedBars:
    def test_around_the_clock_they_come_at_every_step_from_midnight(self) -> None:
        assert expected("24/7", "1h", "2020-01-01", "2020-01-01T05:00") == [f"2020-01-01T0{n}:00" for n in range(6)]
        assert expected("24/7", "4h", "2020-01-04T01:00", "2020-01-05") == [
            "2020-01-04T04:00", "2020-01-04T08:00", "2020-01-04T12:00", "2020-01-04T16:00", "2020-01-04T20:00",
            "2020-01-05T00:00",
        ]  # fmt: skip

    def test_hours_of_new_york_step_from_its_open_and_the_last_is_short(self) -> None:
        hours = XNYS.expected_event_times(HOURS, moment("2024-01-10"), moment("2024-01-11"))
        assert clock(hours) == ["14:30", "15:30", "16:30", "17:30", "18:30", "19:30", "20:30"]

    @pytest.mark.parametrize(
        ("day", "first"),
        [("2024-03-08", "14:30"), ("2024-03-11", "13:30"), ("2024-11-01", "13:30"), ("2024-11-04", "14:30")],
    )
    def test_daylight_saving_moves_the_open(self, day: str, first: str) -> None:
        hours = XNYS.expected_event_times(HOURS, moment(day), moment(day) + np.timedelta64(1, "D"))
        assert len(hours) == 7
        assert clock(hours)[0] == first

    def test_london_and_new_york_are_out_of_step_for_three_weeks_in_march(self) -> None:
        # New York moved on 10 March 2024, London on 31 March.
        apart = []
        for day in ("2024-03-08", "2024-03-11", "2024-03-28", "2024-04-02"):
            london, new_york = (SessionCalendar(n).session_spans(moment(day), moment(day)) for n in ("XLON", "XNYS"))
            apart.append(int((new_york.open[0] - london.open[0]) / np.timedelta64(1, "m")))
        assert apart == [390, 330, 330, 390]

    @pytest.mark.parametrize(
        ("day", "n"), [("2023-11-24", 42), ("2024-07-03", 42), ("2024-12-24", 42), ("2023-11-22", 78)]
    )
    def test_a_half_day_ends_early(self, day: str, n: int) -> None:
        five = Series("AAPL", Timeframe.FIVE_MINUTES)
        times = XNYS.expected_event_times(five, moment(day), moment(day) + np.timedelta64(1, "D"))
        assert len(times) == n
        assert times.tolist() == times_between([new_york_session(day, "13:00" if n == 42 else "16:00")], 5).tolist()

    def test_the_midday_break_of_tokyo_and_hong_kong_is_left_out(self) -> None:
        assert expected("XTKS", "1h", "2024-03-08", "2024-03-09") == [
            f"2024-03-08T{hour}" for hour in ("00:00", "01:00", "02:00", "03:30", "04:30", "05:30")
        ]
        assert expected("XHKG", "1h", "2024-03-08", "2024-03-09") == [
            f"2024-03-08T{hour}" for hour in ("01:30", "02:30", "03:30", "05:00", "06:00", "07:00")
        ]

    def test_a_source_that_steps_through_the_utc_day_is_expected_by_the_clock(self) -> None:
        hours = expected("XNYS", "1h", "2024-01-10", "2024-01-11", phase=np.timedelta64(0, "us"))
        assert hours == [f"2024-01-10T{hour}:00" for hour in range(14, 21)]
        tel_aviv = expected("XTAE", "1h", "2024-01-10", "2024-01-11", phase=np.timedelta64(0, "us"))
        assert tel_aviv[0] == "2024-01-10T08:00"  # open at 07:59: an hour of one minute is not expected
        # Half of the hours from 02:00 and from 03:00 is the break; both are expected, once.
        tokyo = expected("XTKS", "1h", "2024-01-10", "2024-01-10T23:00", phase=np.timedelta64(0, "us"))
        assert tokyo == [f"2024-01-10T0{n}:00" for n in range(6)]

    def test_a_span_within_a_session_has_its_steps_only(self) -> None:
        assert expected("XNYS", "1h", "2024-01-10T15:30", "2024-01-10T17:00") == [
            "2024-01-10T15:30", "2024-01-10T16:30",
        ]  # fmt: skip

    def test_days_are_the_sessions_and_weeks_the_mondays_of_weeks_with_one(self) -> None:
        assert expected("XNYS", "1d", "2024-03-28", "2024-04-01") == ["2024-03-28T00:00", "2024-04-01T00:00"]
        assert expected("XNYS", "1w", "2001-09-05", "2001-09-17") == ["2001-09-10T00:00", "2001-09-17T00:00"]
        # Shanghai was closed for the whole first week of October 2023.
        assert expected("XSHG", "1w", "2023-09-25", "2023-10-16") == [
            "2023-09-25T00:00", "2023-10-09T00:00", "2023-10-16T00:00",
        ]  # fmt: skip

    def test_years_nobody_knows_are_refused(self) -> None:
        for timeframe in ("1h", "1d"):
            with pytest.raises(ConfigurationError, match="XTKS knows sessions from 1997-01-01"):
                expected("XTKS", timeframe, "1990-01-02", "2000-01-01")
        assert expected("XTKS", "1d", "1997-01-01", "1997-01-06") == ["1997-01-06T00:00"]
        assert expected("XTKS", "4h", "1997-01-01", "1997-01-06T00:00") == ["1997-01-06T00:00"]


class TestSessionOf:
    def test_open_belongs_to_the_session_and_close_does_not(self) -> None:
        begin, end = new_york_session("2023-11-24", "13:00")
        tick = np.timedelta64(1, "us")
        labels = XNYS.session_of(np.array([begin - tick, begin, end - tick, end, np.datetime64("NaT")]))
        assert [str(label)[:10] for label in labels] == ["NaT", "2023-11-24", "2023-11-24", "NaT", "NaT"]

    def test_the_break_belongs_to_none(self) -> None:
        times = np.array(["2024-03-08T02:29", "2024-03-08T02:30", "2024-03-08T03:30"], "datetime64[us]")
        assert np.isnat(SessionCalendar("XTKS").session_of(times)).tolist() == [False, True, False]

    def test_an_evening_session_belongs_to_the_next_day(self) -> None:
        times = np.array(["2024-03-10T23:00"], "datetime64[us]")
        assert str(SessionCalendar("CMES").session_of(times)[0])[:10] == "2024-03-11"

    def test_crypto_belongs_to_its_utc_day_and_weekdays_end_on_friday(self) -> None:
        times = np.array(["2024-03-09T23:59", "2024-03-11T00:00"], "datetime64[us]")
        assert [str(label)[:10] for label in SessionCalendar("24/7").session_of(times)] == ["2024-03-09", "2024-03-11"]
        assert [str(label)[:10] for label in SessionCalendar("weekdays").session_of(times)] == ["NaT", "2024-03-11"]

    def test_times_of_unknown_years_belong_to_none(self) -> None:
        times = np.array(["1960-01-05T01:00", "2024-03-08T01:00"], "datetime64[us]")
        assert np.isnat(SessionCalendar("XTKS").session_of(times)).tolist() == [True, False]


class TestPhase:
    def test_bars_from_the_open_have_none(self) -> None:
        times = times_between([new_york_session("2024-03-08"), new_york_session("2024-03-11")], 60)
        assert XNYS.phase_of(HOURS, times) is None

    def test_bars_of_the_clock_have_their_offset(self) -> None:
        times = np.arange(moment("2024-03-08T14:05"), moment("2024-03-08T21:00"), np.timedelta64(1, "h"))
        assert XNYS.phase_of(HOURS, times.astype("datetime64[us]")) == np.timedelta64(5, "m")

    def test_bars_outside_every_session_have_none(self) -> None:
        assert XNYS.phase_of(HOURS, np.array(["2024-03-09T12:00"], "datetime64[us]")) is None


def test_a_week_begins_on_monday() -> None:
    days = np.arange("2024-02-26", "2024-03-18", dtype="datetime64[D]").astype("datetime64[us]")
    naive = [day.item().date() - timedelta(day.item().weekday()) for day in days]
    assert [day.item().date() for day in week_of(days)] == naive
    assert str(week_of(np.array(["1969-12-31"], "datetime64[us]"))[0])[:10] == "1969-12-29"

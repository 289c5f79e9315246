"""Absent bars are found where a session should have had them, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fakes.intraday import moment, new_york_session, times_between

from trimtab.bars.checks.gaps import check_gaps
from trimtab.bars.files import read_bar_file
from trimtab.market import Series, Timeframe
from trimtab.market.calendar import SessionCalendar, calendar_for

XNYS = SessionCalendar("XNYS")
DAY, WEEK, HOUR = (Series("AAA", Timeframe.parse(name)) for name in ("1d", "1w", "1h"))
FIVE, MINUTE = (Series("AAA", Timeframe.parse(name)) for name in ("5m", "1m"))
_TIME = "datetime64[us]"


def details(series: Series, times: np.ndarray, calendar: SessionCalendar) -> list[str]:
    return [found.detail for found in check_gaps(series, times, calendar)]


def without(times: np.ndarray, *absent: str) -> np.ndarray:
    gone = np.array(absent, _TIME)
    assert np.isin(gone, times).all()
    return times[~np.isin(times, gone)]


class TestNewYork:
    # Around the changes of clocks and a half day of 2023 and 2024, weekends included.
    SPANS = (
        new_york_session("2023-11-22"), new_york_session("2023-11-24", "13:00"), new_york_session("2023-11-27"),
        *(new_york_session(f"2024-03-{day:02d}") for day in (7, 8, 11, 12)),
        *(new_york_session(day) for day in ("2024-10-31", "2024-11-01", "2024-11-04", "2024-11-05")),
    )  # fmt: skip

    @staticmethod
    def parts(minutes: int) -> list[np.ndarray]:
        spans = TestNewYork.SPANS
        return [times_between(list(part), minutes) for part in (spans[:3], spans[3:7], spans[7:])]

    @pytest.mark.parametrize(("series", "minutes"), [(HOUR, 60), (FIVE, 5), (MINUTE, 1)])
    def test_complete_sessions_have_no_gap(self, series: Series, minutes: int) -> None:
        for times in self.parts(minutes):
            assert details(series, times, XNYS) == []

    def test_an_absent_first_hour_and_last_hour_are_missed_on_both_sides_of_the_change(self) -> None:
        march = times_between(list(self.SPANS[3:7]), 60)
        assert details(HOUR, without(march, "2024-03-08T20:30", "2024-03-11T13:30"), XNYS) == [
            "2 1h bars absent: 2024-03-08T20:30Z to 2024-03-11T13:30Z"
        ]
        november = times_between(list(self.SPANS[7:]), 60)
        assert details(HOUR, without(november, "2024-11-01T13:30", "2024-11-04T14:30"), XNYS) == [
            "1 1h bar absent: 2024-11-01T13:30Z",
            "1 1h bar absent: 2024-11-04T14:30Z",
        ]

    def test_a_half_day_ends_at_one_and_before_that_bars_are_missed(self) -> None:
        times = times_between(list(self.SPANS[:3]), 5)
        assert details(FIVE, without(times, "2023-11-24T17:50", "2023-11-24T17:55"), XNYS) == [
            "2 5m bars absent: 2023-11-24T17:50Z to 2023-11-24T17:55Z"
        ]

    def test_a_whole_absent_session_is_one_gap(self) -> None:
        times = times_between([self.SPANS[3], self.SPANS[5]], 60)
        assert details(HOUR, times, XNYS) == ["7 1h bars absent: 2024-03-08T14:30Z to 2024-03-08T20:30Z"]

    def test_bars_before_the_open_and_after_the_close_are_not_expected(self) -> None:
        wide = times_between([(moment("2024-03-08T09:00"), moment("2024-03-09T01:00"))], 5)
        few = wide[(np.arange(len(wide)) % 3 == 0) | ((wide >= self.SPANS[4][0]) & (wide < self.SPANS[4][1]))]
        assert details(FIVE, few, XNYS) == []

    def test_hours_of_the_clock_are_missed_by_the_clock(self) -> None:
        times = times_between(
            [(moment("2024-03-07T14:00"), moment("2024-03-07T21:00")), (moment("2024-03-08T14:00"), moment("2024-03-08T21:00"))], 60
        )  # fmt: skip
        assert details(HOUR, times, XNYS) == []
        assert details(HOUR, without(times, "2024-03-08T17:00"), XNYS) == ["1 1h bar absent: 2024-03-08T17:00Z"]

    def test_days_are_missed_by_the_date_whatever_hour_they_carry(self) -> None:
        sessions = XNYS.sessions(moment("2024-03-01"), moment("2024-04-05"))
        stamped = sessions + np.timedelta64(5, "h")
        assert details(DAY, stamped, XNYS) == []
        assert details(DAY, np.delete(stamped, [3, 4, 10]), XNYS) == [
            "2 sessions absent: 2024-03-06 to 2024-03-07",
            "1 session absent: 2024-03-15",
        ]

    def test_weeks_are_missed_whatever_weekday_they_carry(self) -> None:
        for first in ("2023-12-11", "2023-12-15"):
            weeks = np.arange(first, "2024-03-01", 7, dtype="datetime64[D]").astype(_TIME)
            assert details(WEEK, weeks, XNYS) == []
            assert details(WEEK, np.delete(weeks, 2), XNYS) == ["1 1w bar absent: 2023-12-25"]


def test_london_and_new_york_are_each_held_against_their_own_hours_when_out_of_step() -> None:
    # 11 to 28 March 2024: New York has moved its clocks, London has not.
    for name, first in (("XLON", "08:00"), ("XNYS", "13:30")):
        calendar = SessionCalendar(name)
        times = calendar.expected_event_times(HOUR, moment("2024-03-07"), moment("2024-03-28T23:00"))
        assert details(HOUR, without(times, f"2024-03-20T{first}"), calendar) == [
            f"1 1h bar absent: 2024-03-20T{first}Z"
        ]


def test_the_lunch_of_tokyo_is_no_gap_and_the_bar_after_it_is_missed() -> None:
    tokyo = SessionCalendar("XTKS")
    spans = [
        (moment(f"2024-03-{day}T{a}"), moment(f"2024-03-{day}T{b}"))
        for day in ("07", "08")
        for a, b in (("00:00", "02:30"), ("03:30", "06:00"))
    ]
    times = times_between(spans, 5)
    assert details(FIVE, times, tokyo) == []
    assert details(FIVE, without(times, "2024-03-08T03:30"), tokyo) == ["1 5m bar absent: 2024-03-08T03:30Z"]


def test_where_hours_are_not_known_only_what_lies_between_two_bars_of_a_day_is_missed() -> None:
    spans = [(moment(f"2024-03-0{day}T07:00"), moment(f"2024-03-0{day}T15:00")) for day in (6, 7, 8)]
    times = times_between(spans, 60)
    weekdays = SessionCalendar("weekdays")
    assert details(HOUR, times, weekdays) == []
    assert details(HOUR, without(times, "2024-03-07T07:00", "2024-03-07T10:00"), weekdays) == [
        "1 1h bar absent: 2024-03-07T10:00Z"
    ]


def test_bars_a_few_seconds_late_are_not_missed_around_the_clock() -> None:
    hours = np.arange(moment("2024-03-01"), moment("2024-03-11"), np.timedelta64(1, "h")).astype(_TIME)
    late = hours + np.where(np.arange(len(hours)) > 100, 1, 0) * np.timedelta64(7_000_000, "us")
    assert details(HOUR, late, SessionCalendar("24/7")) == []
    assert details(HOUR, np.delete(late, 150), SessionCalendar("24/7")) == ["1 1h bar absent: 2024-03-07T06:00Z"]


def test_years_the_calendar_does_not_know_are_passed_over() -> None:
    tokyo = SessionCalendar("XTKS")
    times = np.r_[[moment("1970-01-01")], tokyo.sessions(moment("2024-03-01"), moment("2024-03-29"))]
    assert details(DAY, times, tokyo) == []


def test_an_illiquid_share_is_missed_within_sessions_for_longer_than_chance_only() -> None:
    days = [f"2024-06-{day:02d}" for day in (*range(3, 8), *range(10, 15))]
    minutes = times_between([new_york_session(day) for day in days])
    present = np.random.default_rng(4).random(len(minutes)) < 0.7
    present[2000:2040] = False
    (found,) = check_gaps(MINUTE, minutes[present], XNYS)
    assert abs(found.event_time - minutes[2000]) <= np.timedelta64(10, "m")


def test_real_quarter_hours_with_evenings_have_no_gap(shared_data: Path) -> None:
    (bars,) = read_bar_file(shared_data / "dirty/yfinance_repair/EA-15m-no-bad-divs.csv").bars.values()
    assert details(bars.series, bars.event_time, calendar_for(bars.series, bars.event_time)) == []
    inside = np.flatnonzero(~np.isnat(XNYS.session_of(bars.event_time)))
    gone = inside[[30, 31]]
    assert [text[:17] for text in details(bars.series, np.delete(bars.event_time, gone), XNYS)] == ["2 15m bars absent"]


@pytest.mark.parametrize(("name", "allowed"), [("equities_daily", 5), ("equities_daily_stocknet", 3), ("crypto_1d", 0)])
def test_clean_daily_files_have_hardly_a_gap(shared_data: Path, name: str, allowed: int) -> None:
    files = read_bar_file(shared_data / f"{name}.parquet").bars
    found = {
        str(series): len(details(series, bars.event_time, calendar_for(series, bars.event_time)))
        for series, bars in files.items()
    }
    assert sum(found.values()) == allowed, {name: n for name, n in found.items() if n}

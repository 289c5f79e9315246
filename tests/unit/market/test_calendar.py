"""Calendars read from names, and recognised from the bars themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fakes.intraday import moment, new_york_session, times_between

from trimtab.bars.files import read_bar_file
from trimtab.errors import UnknownNameError
from trimtab.market import Series, Timeframe
from trimtab.market.calendar import MAIN_EXCHANGES, SessionCalendar, calendar_for, parse_calendar
from trimtab.market.exchanges import resolve_exchange

DAYS, HOURS = Series("AAA", Timeframe.DAY), Series("AAA", Timeframe.HOUR)
ALL_DAYS = np.arange("2019-01-01", "2020-01-01", dtype="datetime64[D]")
_TIME = "datetime64[us]"


def sessions(name: str, first: str = "2019-01-01", last: str = "2019-12-31") -> np.ndarray:
    return SessionCalendar(name).sessions(moment(first), moment(last))


def hours_of(name: str, first: str, last: str) -> np.ndarray:
    return SessionCalendar(name).expected_event_times(HOURS, moment(first), moment(last))


def test_names_of_people_become_calendars() -> None:
    names = {"24/7": "24/7", "weekdays": "weekdays", "XNYS": "XNYS", "LSE": "XLON", "XWAR": "XWAR", "TASE": "XTAE"}
    assert {name: parse_calendar(name).name for name in names} == names


def test_an_unknown_name_is_refused_with_the_allowed_ones_cut() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown calendar 'XNYC'.*in all\)") as refused:
        parse_calendar("XNYC")
    assert {"24/7", "weekdays", "XNYS", "XTAE"} <= set(refused.value.allowed)


def test_the_main_exchanges_are_codes_that_are_known() -> None:
    assert [resolve_exchange(name) for name in MAIN_EXCHANGES] == list(MAIN_EXCHANGES)


class TestDailyBars:
    def test_weekends_mean_round_the_clock(self) -> None:
        assert calendar_for(DAYS, ALL_DAYS.astype(_TIME)).name == "24/7"
        most = ALL_DAYS[np.random.default_rng(0).random(365) < 0.7]
        assert calendar_for(DAYS, most.astype(_TIME)).name == "24/7"

    def test_one_stray_saturday_does_not(self) -> None:
        assert calendar_for(DAYS, np.r_[sessions("XNYS"), [moment("2019-06-15")]]).name == "XNYS"

    def test_weekdays_without_a_holiday_are_no_exchange(self) -> None:
        assert calendar_for(DAYS, ALL_DAYS[np.is_busday(ALL_DAYS)].astype(_TIME)).name == "weekdays"

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["XNYS", "XLON", "XTSE", "XETR", "XMIL", "XSTO", "XTAE", "XTKS", "XHKG", "XASX"])
    def test_a_year_of_sessions_tells_the_exchange(self, name: str) -> None:
        assert calendar_for(DAYS, sessions(name)).name == name

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["XNYS", "XLON", "XTAE"])
    def test_and_still_does_with_a_tenth_of_them_absent(self, name: str) -> None:
        times = sessions(name, "2018-01-01")
        assert calendar_for(DAYS, times[np.random.default_rng(1).random(len(times)) < 0.9]).name == name

    def test_a_few_days_are_new_yorks_unless_it_was_closed(self) -> None:
        assert calendar_for(DAYS, sessions("XLON", "2024-01-02", "2024-01-05")).name == "XNYS"
        assert calendar_for(DAYS, np.array([moment("2024-01-01")])).name == "weekdays"

    def test_before_a_saturday_a_sunday_means_round_the_clock(self) -> None:
        assert calendar_for(DAYS, np.arange("2024-03-10", "2024-03-13", dtype="datetime64[D]").astype(_TIME)).name == (
            "24/7"
        )

    def test_times_nobody_knows_sessions_of_are_no_reason_to_fail(self) -> None:
        times = np.r_[sessions("XLON"), [moment("2999-03-05"), np.datetime64("NaT")]]
        assert calendar_for(DAYS, times).name == "weekdays"

    def test_without_bars_or_with_weeks_nothing_is_closed(self) -> None:
        assert calendar_for(DAYS, ALL_DAYS[:0].astype(_TIME)).name == "24/7"
        assert calendar_for(Series("AAA", Timeframe.WEEK), sessions("XLON")).name == "24/7"


class TestIntradayBars:
    def test_new_york_is_known_by_its_hours_with_and_without_its_evenings(self) -> None:
        times = hours_of("XNYS", "2024-02-20", "2024-03-20")
        assert calendar_for(HOURS, times).name == "XNYS"
        wide = times_between(
            [(moment(f"2024-03-{day:02d}T08:00"), moment(f"2024-03-{day + 1:02d}T00:00")) for day in range(11, 16)], 15
        )
        assert calendar_for(Series("AAA", Timeframe.FIFTEEN_MINUTES), wide).name == "XNYS"

    @pytest.mark.parametrize("name", ["XLON", "XTKS", "XHKG", "XTAE"])
    def test_two_months_of_hours_tell_the_exchange(self, name: str) -> None:
        assert calendar_for(HOURS, hours_of(name, "2024-06-03", "2024-07-31")).name == name

    @pytest.mark.parametrize("name", ["XLON", "XTKS", "XHKG"])
    def test_without_any_holiday_the_hours_alone_decide(self, name: str) -> None:
        times = hours_of(name, "2024-06-03", "2024-06-07")
        times = np.concatenate([times, hours_of(name, "2024-06-11", "2024-06-19")])
        assert calendar_for(HOURS, times).name == name

    def test_hours_of_the_clock_in_new_yorks_session_are_new_yorks(self) -> None:
        times = SessionCalendar("XNYS").expected_event_times(
            HOURS, moment("2024-01-08"), moment("2024-02-02"), np.timedelta64(0, "us")
        )
        assert calendar_for(HOURS, times).name == "XNYS"

    def test_an_illiquid_share_of_new_york_is_still_new_yorks(self) -> None:
        days = [f"2024-06-{day:02d}" for day in (*range(3, 8), *range(10, 15), *range(20, 22))]
        minutes = times_between([new_york_session(day) for day in days])
        few = minutes[np.random.default_rng(2).random(len(minutes)) < 0.2]
        assert calendar_for(Series("AAA", Timeframe.MINUTE), few).name == "XNYS"

    def test_three_weekdays_around_the_clock_never_close(self) -> None:
        times = np.arange(moment("2024-03-05"), moment("2024-03-08"), np.timedelta64(1, "h")).astype(_TIME)
        assert calendar_for(HOURS, times).name == "24/7"

    def test_weekdays_around_the_clock_are_no_exchange(self) -> None:
        # Two weeks without a holiday anywhere: only the nights say that this is no exchange.
        times = np.arange(moment("2024-06-03"), moment("2024-06-15"), np.timedelta64(1, "h")).astype(_TIME)
        times = times[times.astype("datetime64[D]") != np.datetime64("2024-06-10")]
        assert calendar_for(HOURS, times[np.is_busday(times.astype("datetime64[D]"))]).name == "weekdays"


# What the suffix of a file's name says; Madrid's holidays are those of Paris, and in two months of
# the Toronto Venture exchange New York fits as well.
SUFFIXES = {"-L-": "XLON", "-IL-": "XLON", "-TA-": "XTAE", "-PA-": "XPAR", "-MI-": "XMIL", "-ST-": "XSTO"}
ALSO = {"-MC-": "XPAR", "-V-": "XNYS", "CALM": "XNYS", "EWG": "XNYS", "DODFX": "XNYS", "VWILX": "XNYS", "EA-": "XNYS"}


@pytest.mark.slow
def test_real_files_of_many_exchanges_tell_where_they_are_from(shared_data: Path) -> None:
    told, meant = {}, {}
    for path in sorted((shared_data / "dirty" / "yfinance_repair").glob("*.csv")):
        code = next((code for part, code in (SUFFIXES | ALSO).items() if part in path.stem), None)
        (bars,) = read_bar_file(path).bars.values()
        if code is not None and bars.series.timeframe is not Timeframe.WEEK:
            told[path.stem], meant[path.stem] = calendar_for(bars.series, bars.event_time).name, code
    assert len(told) == 36
    assert told == meant


@pytest.mark.parametrize(
    ("name", "code"),
    [("equities_daily", "XNYS"), ("crypto_1d", "24/7"), ("crypto_1h", "24/7"), ("crypto_5m", "24/7")],
)
def test_clean_files_are_of_new_york_or_never_close(shared_data: Path, name: str, code: str) -> None:
    bars = read_bar_file(shared_data / f"{name}.parquet").bars
    assert {calendar_for(series, each.event_time).name for series, each in bars.items()} == {code}

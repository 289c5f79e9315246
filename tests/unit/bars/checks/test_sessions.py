"""Bars that overlap, and bars where the market somebody named is closed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from fakes.bars import random_walk

from trimtab.bars.checks import Verdict, judge
from trimtab.bars.schema import Bars
from trimtab.market import Series, Timeframe
from trimtab.market.calendar import SessionCalendar

NEW_YORK = SessionCalendar("XNYS")
SPRING = np.datetime64("2023-03-01", "us"), np.datetime64("2023-06-30", "us")


def at_times(times: np.ndarray, timeframe: Timeframe = Timeframe.HOUR) -> Bars:
    times = np.sort(times.astype("datetime64[us]"))
    return replace(random_walk(len(times), seed=4), series=Series("AAA", timeframe), event_time=times)


def steps(start: str, n: int, step: str = "h") -> np.ndarray:
    return np.datetime64(start, "us") + np.arange(n) * np.timedelta64(1, step)


def moments(*texts: str) -> np.ndarray:
    return np.array(texts, "datetime64[us]")


def named(verdict: Verdict, check: str) -> list[str]:
    return [str(finding.event_time)[:16] for finding in verdict.of(check)]


def hours_of_new_york() -> np.ndarray:
    return NEW_YORK.expected_event_times(Series("AAA", Timeframe.HOUR), *SPRING)


class TestOverlaps:
    def test_two_daily_bars_of_one_date_are_said_once_and_kept(self) -> None:
        bars = at_times(np.r_[steps("2020-01-01", 100, "D"), moments("2020-03-01T14:00")], Timeframe.DAY)
        verdict = judge(bars)
        assert named(verdict, "overlapping_bar") == ["2020-03-01T14:00"]
        assert verdict.accepted.all()

    def test_of_two_daily_bars_the_one_at_the_unusual_hour_is_meant(self) -> None:
        bars = at_times(np.r_[steps("2020-01-01T14", 100, "D"), moments("2020-03-01T00:00")], Timeframe.DAY)
        assert named(judge(bars), "overlapping_bar") == ["2020-03-01T00:00"]

    def test_an_hourly_bar_at_half_past_among_full_hours_is_said(self) -> None:
        bars = at_times(np.r_[steps("2020-01-01", 240), moments("2020-01-03T02:30", "2020-01-05T07:05")])
        assert named(judge(bars), "overlapping_bar") == ["2020-01-03T02:30", "2020-01-05T07:05"]

    def test_a_bar_within_a_stored_one_is_said_and_the_stored_one_beside_it_is_old_news(self) -> None:
        bars = at_times(np.r_[steps("2020-01-01", 48), moments("2020-01-02T23:30")])
        assert named(judge(bars.take(slice(48, None)), context=bars.take(slice(0, 48))), "overlapping_bar") == [
            "2020-01-02T23:30"
        ]
        late = at_times(np.r_[steps("2020-01-01", 50), moments("2020-01-02T23:30")])
        stored = late.take(slice(0, 49))
        assert judge(late.take(slice(49, None)), context=stored).of("overlapping_bar") == []

    def test_a_bar_told_twice_or_delivered_again_is_no_overlap(self) -> None:
        bars = at_times(steps("2020-01-01", 100))
        assert judge(bars, context=bars).of("overlapping_bar") == []
        assert judge(bars.take(np.r_[0:100, 50]), context=bars).of("overlapping_bar") == []

    def test_bars_that_the_open_or_close_cuts_off_do_not_overlap(self) -> None:
        opens, closes = NEW_YORK.session_spans(*SPRING)[1:]
        early = (opens[:, None] - np.array([90, 30]) * np.timedelta64(1, "m")).ravel()
        late = (closes[:, None] + np.array([0, 60]) * np.timedelta64(1, "m")).ravel()
        bars = at_times(np.r_[early, hours_of_new_york(), late])
        assert (np.diff(bars.event_time) == np.timedelta64(30, "m")).sum() > 160
        for verdict in (judge(bars), judge(bars, calendar=NEW_YORK)):
            assert verdict.of("overlapping_bar") == verdict.of("outside_session") == []

    def test_bars_of_another_timeframe_are_one_finding(self) -> None:
        bars = at_times(steps("2020-01-01", 400, "m"))
        (finding,) = judge(bars).of("overlapping_bar")
        assert finding.detail.startswith("393 of 400 bars")

    def test_stamps_of_first_trades_and_days_of_a_local_clock_do_not_overlap(self) -> None:
        jitter = np.random.default_rng(0).integers(0, 300, 500) * np.timedelta64(1, "s")
        assert judge(at_times(steps("2020-01-01", 500) + jitter)).of("overlapping_bar") == []
        before, after = steps("2020-03-01", 29, "D"), steps("2020-03-29T23", 30, "D")
        assert judge(at_times(np.r_[before, after], Timeframe.DAY)).of("overlapping_bar") == []

    def test_two_bars_of_one_week_overlap(self) -> None:
        weeks = np.datetime64("2020-01-06", "us") + np.arange(30) * np.timedelta64(7, "D")
        bars = at_times(np.r_[weeks, moments("2020-03-05")], Timeframe.WEEK)
        assert named(judge(bars), "overlapping_bar") == ["2020-03-05T00:00"]


class TestOutside:
    def test_daily_bars_on_a_saturday_and_a_holiday_are_said_where_the_market_was_named(self) -> None:
        closed = moments("2023-05-13", "2023-05-29")  # a Saturday, and Memorial Day
        bars = at_times(np.r_[NEW_YORK.sessions(*SPRING), closed], Timeframe.DAY)
        verdict = judge(bars, calendar=NEW_YORK)
        assert named(verdict, "outside_session") == ["2023-05-13T00:00", "2023-05-29T00:00"]
        assert verdict.accepted.all()
        assert judge(bars).of("outside_session") == []

    def test_hours_on_closed_days_and_at_night_are_said_and_those_after_the_close_are_not(self) -> None:
        odd = moments("2023-05-13T15:30", "2023-05-16T04:30", "2023-05-17T22:30")
        verdict = judge(at_times(np.r_[hours_of_new_york(), odd]), calendar=NEW_YORK)
        assert named(verdict, "outside_session") == ["2023-05-13T15:30", "2023-05-16T04:30"]

    def test_bars_of_another_market_are_one_finding(self) -> None:
        (finding,) = judge(at_times(steps("2023-03-01", 100, "D"), Timeframe.DAY), calendar=NEW_YORK).of(
            "outside_session"
        )
        assert finding.detail == "30 of 100 bars lie outside the sessions of XNYS"

    def test_days_stamped_with_an_open_on_the_evening_before_are_in_their_session(self) -> None:
        sydney = SessionCalendar("XASX")
        opens = sydney.session_spans(np.datetime64("2023-01-09", "us"), np.datetime64("2023-03-10", "us")).open
        assert str(opens[0]).startswith("2023-01-08T23")
        assert judge(at_times(opens, Timeframe.DAY), calendar=sydney).of("outside_session") == []

    def test_a_market_without_closed_days_and_years_nobody_knows_have_nothing_outside(self) -> None:
        days = at_times(steps("2023-03-01", 100, "D"), Timeframe.DAY)
        assert judge(days, calendar=SessionCalendar("24/7")).findings == ()
        old = at_times(steps("1850-01-01", 50, "D"), Timeframe.DAY)
        assert judge(old, calendar=NEW_YORK).of("outside_session") == []

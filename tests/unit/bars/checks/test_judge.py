"""Every check finds the defect planted for it, and nothing else in the bars around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from fakes.bars import bars_from_closes, random_walk
from fakes.dividend_payers import paying, refactored

from trimtab.bars.checks import CheckLimits, Verdict, judge
from trimtab.bars.schema import Bars, concatenate
from trimtab.market import Series, Timeframe
from trimtab.market.calendar import SessionCalendar

AT = 120


def clean(n: int = 300) -> Bars:
    return random_walk(n, seed=3)


def edited(bars: Bars, at: int = AT, **values: float) -> Bars:
    arrays = {name: getattr(bars, name).copy() for name in values}
    for name, value in values.items():
        arrays[name][at] = value
    return replace(bars, **arrays)


def scaled(bars: Bars, where: slice, by: float) -> Bars:
    arrays = {name: getattr(bars, name).copy() for name in ("open", "high", "low", "close")}
    for array in arrays.values():
        array[where] *= by
    return replace(bars, **arrays)


def found(verdict: Verdict) -> list[tuple[str, str, int]]:
    return [(finding.check, finding.severity, finding.index) for finding in verdict.findings]


def test_clean_bars_have_no_findings() -> None:
    verdict = judge(clean(3000))
    assert verdict.findings == ()
    assert verdict.accepted.all()


@pytest.mark.parametrize(
    ("check", "severity", "spoil"),
    [
        ("non_positive_price", "quarantine", lambda b: edited(b, low=-b.low[AT])),
        ("non_positive_price", "quarantine", lambda b: edited(b, low=0.0)),
        ("negative_volume", "quarantine", lambda b: edited(b, volume=-1.0)),
        ("inconsistent_ohlc", "quarantine", lambda b: edited(b, high=b.low[AT] * 0.999)),
        ("inconsistent_ohlc", "quarantine", lambda b: edited(b, low=b.close[AT] * 1.002)),
        ("unit_error", "quarantine", lambda b: scaled(b, slice(AT, AT + 1), 100.0)),
        ("unit_error", "quarantine", lambda b: scaled(b, slice(AT, AT + 1), 0.01)),
        ("unit_error", "quarantine", lambda b: edited(b, high=100.0 * b.high[AT])),
        ("spike", "warning", lambda b: scaled(b, slice(AT, AT + 1), 1.5)),
        ("zero_volume", "warning", lambda b: edited(b, volume=0.0)),
        ("unadjusted_split", "warning", lambda b: scaled(b, slice(AT, None), 1 / 20)),
        ("unadjusted_split", "warning", lambda b: scaled(b, slice(AT, None), 10.0)),
        ("unadjusted_split", "warning", lambda b: scaled(b, slice(AT, None), 1 / 1.5)),
    ],
)
def test_one_planted_defect_is_found_where_it_is(check: str, severity: str, spoil: Callable[[Bars], Bars]) -> None:
    verdict = judge(spoil(clean()))
    assert found(verdict) == [(check, severity, AT)]
    assert verdict.accepted[AT] == (severity == "warning")
    assert verdict.flagged[AT] == (severity == "warning")
    assert np.delete(verdict.accepted, AT).all()


@pytest.mark.parametrize("values", [{"close": np.nan}, {"volume": np.inf}, {"factor": np.nan}])
def test_a_bar_without_a_number_is_refused_and_its_session_has_no_bar(values: dict[str, float]) -> None:
    verdict = judge(edited(clean(), **values))
    assert found(verdict) == [("gap", "warning", -1), ("missing_value", "quarantine", AT)]
    assert np.flatnonzero(~verdict.accepted).tolist() == [AT]


def test_a_bar_without_a_time_is_refused_and_the_rest_is_judged() -> None:
    bars = clean()
    times = bars.event_time.copy()
    times[-1] = np.datetime64("NaT")
    assert found(judge(replace(bars, event_time=times))) == [("missing_time", "quarantine", len(bars) - 1)]


def test_rounding_of_an_adjusted_export_is_no_inconsistency() -> None:
    bars = clean()
    assert found(judge(edited(bars, high=max(bars.open[AT], bars.close[AT]) * (1 - 5e-7)))) == []


def test_a_bar_delivered_twice_is_kept_once() -> None:
    bars = clean()
    verdict = judge(bars.take(np.sort(np.r_[np.arange(len(bars)), AT, AT])))
    assert found(verdict) == [("duplicate_time", "quarantine", AT + 1), ("duplicate_time", "quarantine", AT + 2)]


def test_a_revised_volume_is_still_the_same_bar_told_twice() -> None:
    bars = clean()
    again = edited(bars, volume=bars.volume[AT] * 1.02).take(slice(AT, AT + 1))
    verdict = judge(concatenate([bars, again]), calendar=SessionCalendar("24/7"))
    assert [finding.check for finding in verdict.findings if finding.severity == "quarantine"] == ["duplicate_time"]
    assert verdict.accepted[AT]


def test_rows_that_contradict_each_other_are_all_refused() -> None:
    bars = clean()
    other = edited(bars, close=bars.close[AT] * 1.0005).take(slice(AT, AT + 1))
    verdict = judge(concatenate([bars, other]))
    assert np.flatnonzero(~verdict.accepted).tolist() == [AT, len(bars)]
    assert {finding.index for finding in verdict.of("conflicting_duplicate")} == {AT, len(bars)}


def test_of_contradicting_rows_the_one_already_stored_stands() -> None:
    bars = clean()
    other = edited(bars, close=bars.close[AT] * 1.0005).take(slice(AT, AT + 1))
    verdict = judge(concatenate([other, bars]), context=bars)
    assert np.flatnonzero(~verdict.accepted).tolist() == [0]


def test_a_refused_row_does_not_stand_for_its_time() -> None:
    bars = clean()
    broken = edited(bars, close=np.nan).take(slice(AT, AT + 1))
    verdict = judge(concatenate([broken, bars]))
    assert np.flatnonzero(~verdict.accepted).tolist() == [0]
    assert {finding.check for finding in verdict.findings if finding.index == 0} == {"missing_value", "duplicate_time"}


def test_bars_out_of_order_are_said_and_accepted() -> None:
    bars = clean()
    order = np.arange(len(bars))
    order[[50, 51]] = [51, 50]
    verdict = judge(bars.take(order))
    assert found(verdict) == [("out_of_order", "warning", 51)]


def test_a_file_written_newest_first_is_one_finding() -> None:
    verdict = judge(clean().take(slice(None, None, -1)))
    assert [finding.check for finding in verdict.findings] == ["out_of_order"]
    assert verdict.accepted.all()


def test_the_verdict_does_not_depend_on_the_order_of_the_rows() -> None:
    bars = scaled(edited(clean(), at=30, close=-1.0), slice(AT, AT + 3), 100.0)
    shuffled = np.random.default_rng(0).permutation(len(bars))
    np.testing.assert_array_equal(judge(bars).accepted[shuffled], judge(bars.take(shuffled)).accepted)


@pytest.mark.parametrize("where", [slice(40, 45), slice(0, 3), slice(-2, None), slice(100, 250)])
def test_a_stretch_in_another_unit_is_refused_as_a_whole(where: slice) -> None:
    verdict = judge(scaled(clean(400), where, 100.0))
    expected = np.ones(400, bool)
    expected[where] = False
    np.testing.assert_array_equal(verdict.accepted, expected)
    assert {finding.check for finding in verdict.findings} == {"unit_error"}


def test_a_change_of_unit_that_stays_is_a_new_level_and_not_refused() -> None:
    verdict = judge(scaled(clean(400), slice(200, None), 0.01))
    assert found(verdict) == [("unadjusted_split", "warning", 200)]


def test_a_split_that_the_factor_accounts_for_is_no_finding() -> None:
    bars = scaled(clean(), slice(AT, None), 1 / 20)
    factor = np.where(np.arange(len(bars)) < AT, 1 / 20, 1.0)
    assert found(judge(replace(bars, factor=factor))) == []


def test_a_factor_that_jumps_where_the_price_does_not_is_said() -> None:
    bars = clean()
    factor = np.where(np.arange(len(bars)) < AT, 0.5, 1.0)
    assert found(judge(replace(bars, factor=factor))) == [("adjustment_break", "warning", AT)]


def test_told_actions_are_held_against_the_factor_and_the_price() -> None:
    bars, actions = paying([60, AT], [0.012, 0.013])
    assert judge(bars, actions=actions).findings == ()
    twice = judge(refactored(bars, AT, 0.026), actions=actions)
    assert found(twice) == [("wrong_adjustment", "warning", AT)]
    assert twice.accepted.all()


def test_rows_of_told_actions_are_those_of_the_bars_given() -> None:
    bars, actions = paying([60, AT], [0.012, 0.013])
    verdict = judge(refactored(bars, AT, 0.0).take(slice(None, None, -1)), actions=actions)
    assert [finding.index for finding in verdict.of("missing_adjustment")] == [len(bars) - 1 - AT]


def test_doubling_overnight_is_usual_where_prices_often_do() -> None:
    moves = np.random.default_rng(2).normal(0.0, np.log(2.0), 300)
    close = 100 * np.exp(np.cumsum(moves))
    bars = replace(clean(), open=close, high=close, low=close, close=close)
    assert judge(bars).of("unadjusted_split") == []


def test_a_crash_that_stays_down_is_not_refused() -> None:
    returns = np.random.default_rng(1).normal(0, 0.03, 300)
    returns[150:156] = [-0.2, -0.35, 0.1, -0.45, -0.25, 0.15]
    verdict = judge(bars_from_closes(50 * np.exp(np.cumsum(returns))))
    assert verdict.accepted.all()


def test_identical_bars_in_a_row_are_one_stale_run() -> None:
    bars = clean()
    index = np.arange(len(bars))
    index[100:107] = 100
    stale = replace(bars.take(index), event_time=bars.event_time)
    assert found(judge(stale)) == [("stale_run", "warning", 100)]
    assert "7 consecutive bars" in judge(stale).findings[0].detail
    assert judge(stale, limits=CheckLimits(stale_bars=8)).findings == ()


def test_volume_is_not_missed_where_there_never_was_any() -> None:
    bars = clean()
    assert found(judge(replace(bars, volume=np.zeros(len(bars))))) == []


class TestGaps:
    def test_each_run_of_absent_days_is_one_finding(self) -> None:
        verdict = judge(clean().take(np.r_[0:10, 11:50, 53:300]))
        assert [(str(f.event_time)[:10], f.detail) for f in verdict.findings] == [
            ("2020-01-11", "1 session absent: 2020-01-11"),
            ("2020-02-20", "3 sessions absent: 2020-02-20 to 2020-02-22"),
        ]
        assert not verdict.flagged.any()

    def test_weekends_and_holidays_of_new_york_are_no_gaps(self) -> None:
        sessions = SessionCalendar("XNYS").sessions(
            np.datetime64("2020-01-01", "us"), np.datetime64("2020-12-31", "us")
        )
        bars = replace(clean(len(sessions)), event_time=sessions)
        assert found(judge(bars)) == []
        keep = np.arange(len(sessions)) != 100
        assert [str(f.event_time) for f in judge(bars.take(keep)).findings] == [str(sessions[100])]

    def test_hours_are_missed_around_the_clock(self) -> None:
        assert [f.detail for f in judge(self.hours().take(np.r_[0:100, 102:240])).findings] == [
            "2 1h bars absent: 2020-01-05T04:00Z to 2020-01-05T05:00Z"
        ]

    def test_between_two_sessions_nothing_is_missed(self) -> None:
        bars = self.hours(24 * 5, "2020-01-06")
        hour = (bars.event_time - bars.event_time.astype("M8[D]")).astype("m8[h]").astype(int)
        in_session = (hour >= 14) & (hour < 21)
        assert found(judge(bars.take(in_session))) == []
        in_session[24 + 17] = False
        assert [str(f.event_time)[:16] for f in judge(bars.take(in_session)).findings] == ["2020-01-07T17:00"]

    def test_an_illiquid_instrument_is_only_missed_for_longer_than_chance(self) -> None:
        bars = self.hours(5000)
        present = np.random.default_rng(0).random(5000) < 0.7
        present[2000:2030] = False
        findings = judge(bars.take(present)).findings
        assert len(findings) == 1
        assert np.datetime64("2020-03-24T00") <= findings[0].event_time <= np.datetime64("2020-03-24T08")

    def test_a_gap_after_the_stored_bars_is_seen(self) -> None:
        bars = clean()
        assert [f.detail for f in judge(bars.take(slice(202, 300)), context=bars.take(slice(0, 200))).findings] == [
            "2 sessions absent: 2020-07-19 to 2020-07-20"
        ]

    @staticmethod
    def hours(n: int = 240, start: str = "2020-01-01") -> Bars:
        days = random_walk(n, seed=5)
        times = np.datetime64(start, "us") + np.arange(n) * np.timedelta64(3600, "s").astype("m8[us]")
        return replace(days, series=Series("BTC-USDT", Timeframe.HOUR), event_time=times)


def test_a_new_bar_is_judged_against_the_stored_ones_before_it() -> None:
    bars = scaled(clean(), slice(-1, None), 100.0)
    verdict = judge(bars.take(slice(-1, None)), context=bars.take(slice(0, -1)))
    assert found(verdict) == [("unit_error", "quarantine", 0)]


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4])
def test_very_few_bars_can_be_judged(n: int) -> None:
    assert judge(clean().take(slice(0, n))).accepted.tolist() == [True] * n


def test_bars_that_are_all_broken_can_be_judged() -> None:
    bars = clean(20)
    assert not judge(replace(bars, close=np.full(20, np.nan))).accepted.any()
    assert not judge(replace(bars, event_time=np.full(20, np.datetime64("NaT", "us")))).accepted.any()

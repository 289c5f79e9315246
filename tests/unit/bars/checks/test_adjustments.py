"""The vendor's factor against told dividends and against the price."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.dividend_payers import paying, refactored, revalued

from trimtab.bars.actions.schema import Actions
from trimtab.bars.checks import CheckLimits, check_adjustments, judge
from trimtab.bars.checks.adjustments import check_factor, check_repeated_steps, implied_dividends
from trimtab.bars.schema import PRICES, Bars
from trimtab.market import Series, Timeframe

LIMITS = CheckLimits()
ROWS = [60, 120, 180, 240]
SHARES = [0.012, 0.013, 0.012, 0.014]


def found(bars: Bars, actions: Actions) -> list[tuple[str, int]]:
    return [(finding.check, finding.index) for finding in check_adjustments(bars, actions, LIMITS)]


def scaled(bars: Bars, where: slice, by: float) -> Bars:
    arrays = {name: getattr(bars, name).copy() for name in PRICES}
    for array in arrays.values():
        array[where] *= by
    return replace(bars, **arrays)


def test_a_factor_of_one_less_the_share_paid_is_right() -> None:
    assert found(*paying(ROWS, SHARES)) == []


@pytest.mark.parametrize("decimals", [1, 2, 3, 4])
@pytest.mark.parametrize("shares", [SHARES, [0.002, 0.003, 0.002, 0.003]])
def test_an_adjusted_close_rounded_to_cents_is_right_too(shares: list[float], decimals: int) -> None:
    for seed in range(20):
        bars, actions = paying(ROWS, shares, seed=seed)
        rounded = np.round(bars.close * bars.factor, decimals) / bars.close
        assert found(replace(bars, factor=rounded), actions) == [], seed


def test_a_vendor_that_divides_by_the_price_after_the_dividend_is_right_too() -> None:
    bars, actions = paying(ROWS, SHARES)
    for row, value in zip(ROWS, actions.value, strict=True):
        bars = refactored(bars, row, value / (bars.close[row] + value))
    assert found(bars, actions) == []


@pytest.mark.parametrize(
    ("share", "check"),
    [
        (0.0, "missing_adjustment"),
        (0.013 / 100, "wrong_adjustment"),
        (0.026, "wrong_adjustment"),
        (0.0065, "wrong_adjustment"),
        (0.5, "wrong_adjustment"),
    ],
)
def test_a_step_of_another_size_than_the_dividend_is_named(share: float, check: str) -> None:
    bars, actions = paying(ROWS, SHARES)
    assert found(refactored(bars, ROWS[1], share), actions) == [(check, ROWS[1])]


def test_what_is_about_a_hundred_times_off_or_doubled_is_said_so() -> None:
    bars, actions = paying(ROWS, SHARES)
    for share, words in ((0.00013, "about 1/100 of it"), (0.026, "about twice as much")):
        (finding,) = check_adjustments(refactored(bars, ROWS[1], share), actions, LIMITS)
        assert words in finding.detail


def test_a_step_where_nothing_is_told_is_named() -> None:
    bars, actions = paying(ROWS, SHARES)
    assert found(bars, actions.take(np.array([0, 2, 3]))) == [("wrong_adjustment", ROWS[1])]


def test_a_told_dividend_in_the_wrong_unit_is_named_once() -> None:
    bars, actions = paying(ROWS, SHARES)
    assert found(bars, revalued(actions, 1, 100.0)) == [("dividend_unit_error", ROWS[1])]


def test_a_split_may_be_in_the_factor_or_in_the_prices() -> None:
    bars, actions = paying([60], [0.02])
    split = Actions.build(
        "AAA", bars.event_time[[60, 60, 200]], ["dividend", "split", "split"], [actions.value[0], 4.0, 2.0]
    )
    assert found(bars, split) == []
    as_traded = scaled(scaled(bars, slice(0, 200), 2.0), slice(0, 60), 4.0)
    factor = np.where(np.arange(400) < 60, 1 / 8, np.where(np.arange(400) < 200, 1 / 2, 1.0)) * bars.factor
    told = replace(split, value=np.array([actions.value[0] * 8, 4.0, 2.0]))
    assert found(replace(as_traded, factor=factor), told) == []


def test_splits_alone_can_be_told() -> None:
    bars = random_walk(300, seed=3)
    assert found(bars, Actions.build("AAA", bars.event_time[[60]], ["split"], [4.0])) == []


def test_of_weekly_bars_the_step_may_follow_a_week_later() -> None:
    bars, actions = paying([60], [0.03])
    times = bars.event_time[0] + np.arange(400) * np.timedelta64(7, "D").astype("m8[us]")
    weekly = replace(bars, series=Series("AAA", Timeframe.WEEK), event_time=times)
    told = Actions.build("AAA", times[[59]], ["dividend"], actions.value)
    assert found(weekly, told) == []
    assert found(weekly, Actions.build("AAA", times[[50]], ["dividend"], actions.value)) == [
        ("missing_adjustment", 50),
        ("wrong_adjustment", 60),
    ]


def test_a_bar_without_a_price_between_does_not_hide_the_step() -> None:
    bars, actions = paying([120], [0.03])
    close = bars.close.copy()
    close[119] = np.nan
    missing = replace(refactored(bars, 120, 0.0), close=close)
    verdict = judge(missing, actions=actions)
    assert [finding.index for finding in verdict.of("missing_adjustment")] == [120]
    assert judge(replace(bars, close=close), actions=actions).of("missing_adjustment") == []


class TestWithoutToldActions:
    def found(self, bars: Bars) -> list[int]:
        return [finding.index for finding in check_factor(bars, LIMITS)]

    def stepped(self, bars: Bars, by: float, row: int = 120) -> Bars:
        return replace(bars, factor=np.where(np.arange(len(bars)) < row, by, 1.0))

    @pytest.mark.parametrize("by", [0.5, 0.7, 1.4])
    def test_a_factor_that_steps_alone_is_named(self, by: float) -> None:
        assert self.found(self.stepped(random_walk(300, seed=3), by)) == [120]

    @pytest.mark.parametrize("by", [0.5, 1 / 7, 10.0])
    def test_a_split_that_price_and_factor_agree_on_is_not(self, by: float) -> None:
        assert self.found(self.stepped(scaled(random_walk(300, seed=3), slice(120, None), by), by)) == []

    @pytest.mark.parametrize("by", [0.31, 0.55])
    def test_a_jump_that_only_the_adjusted_close_knows_of_is_named(self, by: float) -> None:
        assert self.found(self.stepped(scaled(random_walk(300, seed=3), slice(120, None), by), by)) == [120]

    def test_a_jump_the_factor_takes_back_in_part_is_left_to_the_jumps(self) -> None:
        bars = self.stepped(scaled(random_walk(300, seed=3), slice(120, None), 0.25), 0.55)
        assert self.found(bars) == []
        assert [finding.check for finding in judge(bars).findings] == ["unexplained_jump"]

    @pytest.mark.parametrize("by", [0.8, 0.97])
    def test_a_special_dividend_is_not(self, by: float) -> None:
        assert self.found(self.stepped(scaled(random_walk(300, seed=3), slice(120, None), by), by)) == []

    @pytest.mark.parametrize(("days", "n"), [(1, 2), (5, 2), (6, 0)])
    def test_a_dividend_the_factor_counts_twice_within_days_is_named(self, days: int, n: int) -> None:
        bars, actions = paying([120], [0.012])
        row = 120 + days
        twice = refactored(bars, row, float(actions.value[0]) / float(bars.close[row - 1]))
        found = check_repeated_steps(twice, LIMITS)
        assert [(finding.check, finding.index) for finding in found] == [
            ("duplicate_dividend", 120),
            ("duplicate_dividend", row),
        ][:n]
        assert judge(twice).of("duplicate_dividend") == found

    def test_rounding_of_the_adjusted_close_to_cents_makes_no_dividends(self) -> None:
        bars = random_walk(3000, seed=3)
        cheap = scaled(bars, slice(None), 5.0 / float(np.median(bars.close)))
        rounded = np.round(cheap.close * 0.9, 2) / cheap.close
        assert len(implied_dividends(replace(cheap, factor=rounded))) < 10
        assert check_repeated_steps(replace(cheap, factor=rounded), LIMITS) == []

    def test_implied_dividends_are_those_that_were_paid(self) -> None:
        bars, actions = paying(ROWS, SHARES)
        implied = implied_dividends(bars)
        np.testing.assert_array_equal(implied.ex_time, actions.ex_time)
        np.testing.assert_allclose(implied.value, actions.value, rtol=1e-9)

    def test_a_large_dividend_that_was_told_is_not(self) -> None:
        bars, actions = paying([120], [0.45])
        assert self.found(bars) == [120]
        assert check_factor(bars, LIMITS, actions) == []

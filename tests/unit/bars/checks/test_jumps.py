"""Jumps of the price level: what is told apart, and what is left alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.bars import bars_from_closes, random_walk

from trimtab.bars.actions.schema import Actions
from trimtab.bars.checks import CheckLimits
from trimtab.bars.checks.jumps import check_jumps
from trimtab.bars.schema import PRICES, Bars

LIMITS = CheckLimits()
AT = 120


def scaled(bars: Bars, where: slice, by: float) -> Bars:
    arrays = {name: getattr(bars, name).copy() for name in PRICES}
    for array in arrays.values():
        array[where] *= by
    return replace(bars, **arrays)


def found(bars: Bars, actions: Actions | None = None, limits: CheckLimits = LIMITS) -> list[tuple[str, int]]:
    return [(finding.check, finding.index) for finding in check_jumps(bars, limits, actions)]


def split_told(bars: Bars, row: int, ratio: float) -> Actions:
    return Actions.build("AAA", bars.event_time[[row]], ["split"], [ratio])


@pytest.mark.parametrize("length", [2, 3, 20, 60])
def test_a_stretch_at_another_split_level_is_named_bar_by_bar(length: int) -> None:
    bars = scaled(random_walk(300, seed=3), slice(AT, AT + length), 0.25)
    assert found(bars) == [("unadjusted_split", row) for row in range(AT, AT + length)]


def test_a_longer_stretch_is_named_at_both_of_its_ends() -> None:
    bars = scaled(random_walk(300, seed=3), slice(AT, AT + 61), 0.25)
    assert found(bars) == [("unadjusted_split", AT), ("unadjusted_split", AT + 61)]


@pytest.mark.parametrize("by", [0.38, 0.57, 2.4])
def test_a_jump_between_two_bars_that_no_split_explains_is_said(by: float) -> None:
    assert found(scaled(random_walk(300, seed=3), slice(AT, None), by)) == [("unexplained_jump", AT)]


@pytest.mark.parametrize("by", [0.38, 0.5, 2.4])
def test_a_fall_while_the_market_was_open_is_not(by: float) -> None:
    bars = scaled(random_walk(300, seed=3), slice(AT, None), by)
    opened = bars.open.copy()
    opened[AT] = bars.close[AT - 1]
    within = replace(bars, open=opened, high=np.maximum(bars.high, opened), low=np.minimum(bars.low, opened))
    assert found(within) == []


def test_a_fall_by_a_third_is_news() -> None:
    assert found(scaled(random_walk(300, seed=3), slice(AT, None), 0.72)) == []


def test_volume_that_changes_to_match_makes_a_fainter_split_visible() -> None:
    # Daily volatility of 12 %: half the price is some 7 sigmas.
    moves = np.random.default_rng(5).normal(0.0, 0.12, 300)
    moves[AT] = 0.0
    walk = bars_from_closes(100 * np.exp(np.cumsum(moves)))
    bars = replace(walk, volume=random_walk(300, seed=3).volume)
    split = scaled(bars, slice(AT, None), 0.5)
    doubled = replace(split, volume=np.where(np.arange(300) >= AT, 2.0, 1.0) * split.volume)
    assert found(split) == []
    assert found(doubled) == [("unadjusted_split", AT)]
    assert "volume changed to match" in check_jumps(doubled, LIMITS)[0].detail


def test_beside_a_told_split_a_small_ratio_is_seen() -> None:
    bars = scaled(random_walk(300, seed=3), slice(AT, None), 1 / 1.1)
    assert found(bars) == []
    assert found(bars, split_told(bars, AT, 1.1)) == [("unadjusted_split", AT)]


@pytest.mark.parametrize("by", [0.76, 1 / 0.76])
def test_a_bar_to_which_a_told_split_was_applied_twice_or_not_is_named(by: float) -> None:
    bars = scaled(random_walk(300, seed=3), slice(AT, AT + 1), by)
    assert found(bars, split_told(bars, AT + 2, 0.76)) == [("unadjusted_split", AT)]


def test_a_told_split_that_the_prices_are_adjusted_for_is_no_finding() -> None:
    bars = random_walk(300, seed=3)
    assert found(bars, split_told(bars, AT, 4.0)) == []


@pytest.mark.parametrize("value", [np.nan, 0.0, -2.0, 1.0])
def test_a_told_split_that_is_none_is_passed_over(value: float) -> None:
    bars = random_walk(300, seed=3)
    assert found(bars, split_told(bars, AT, value)) == []


def test_a_limit_decides() -> None:
    bars = scaled(random_walk(300, seed=3), slice(AT, None), 0.38)
    assert found(bars, limits=CheckLimits(jump_return=1.0)) == []
    assert found(bars, limits=CheckLimits(jump_sigmas=200.0)) == []

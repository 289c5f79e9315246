"""Stale runs and bars without volume: what is news depends on the instrument."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.bars import random_walk

from trimtab.bars.checks import CheckLimits
from trimtab.bars.checks.activity import check_activity
from trimtab.bars.schema import Bars

LIMITS = CheckLimits()


def found(bars: Bars, limits: CheckLimits = LIMITS) -> list[tuple[str, int]]:
    return [(finding.check, finding.index) for finding in check_activity(bars, limits)]


def repeating(share: float, n: int = 2000) -> Bars:
    """Bars of which a share equals the one before, at random."""
    bars = random_walk(n, seed=3)
    fresh = np.random.default_rng(1).random(n) >= share
    fresh[0] = True
    return replace(bars.take(np.maximum.accumulate(np.where(fresh, np.arange(n), 0))), event_time=bars.event_time)


def stale(bars: Bars, row: int, length: int) -> Bars:
    index = np.arange(len(bars))
    index[row : row + length] = row
    return replace(bars.take(index), event_time=bars.event_time)


@pytest.mark.parametrize(("length", "expected"), [(4, []), (5, [("stale_run", 300)]), (400, [("stale_run", 300)])])
def test_a_feed_that_stands_still_is_said_from_five_bars_on(length: int, expected: list[tuple[str, int]]) -> None:
    assert found(stale(random_walk(2000, seed=3), 300, length)) == expected


def test_of_an_instrument_that_often_repeats_only_longer_runs_are_news() -> None:
    bars = repeating(0.5)
    assert found(bars) == []
    ((check, row),) = found(stale(bars, 300, 40))
    # The bars just before the planted run may happen to be like it.
    assert check == "stale_run"
    assert 290 <= row <= 300


def test_an_instrument_that_never_moves_is_one_run() -> None:
    assert found(stale(random_walk(300, seed=3), 0, 300)) == [("stale_run", 0)]


def test_a_few_bars_without_volume_are_news_where_trading_is_never_thin() -> None:
    bars = random_walk(2000, seed=3)
    volume = bars.volume.copy()
    volume[[100, 700, 1500]] = 0.0
    assert found(replace(bars, volume=volume)) == [("zero_volume", row) for row in (100, 700, 1500)]


def test_and_none_where_it_often_nearly_stops() -> None:
    bars = random_walk(2000, seed=3)
    volume = np.exp(np.random.default_rng(1).normal(12, 2.5, 2000)).round()
    volume[[100, 700, 1500]] = 0.0
    assert np.mean(volume[volume > 0] < 0.01 * np.median(volume)) > 0.01
    assert found(replace(bars, volume=volume)) == []
    assert len(found(replace(bars, volume=volume), CheckLimits(thin_volume=1e-9))) == 3


def test_nor_where_one_bar_in_a_hundred_has_none() -> None:
    bars = random_walk(2000, seed=3)
    volume = bars.volume.copy()
    volume[::90] = 0.0
    assert found(replace(bars, volume=volume)) == []

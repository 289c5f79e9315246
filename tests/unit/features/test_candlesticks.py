"""Formations of several bars, drawn bar by bar, and what is counted over bars in a row."""

from __future__ import annotations

import numpy as np
import pytest
from fakes.bars import random_walk

from trimtab.bars import Bars
from trimtab.features.catalogue import catalogue, feature_sets
from trimtab.features.engine import FeatureBlock, compute

Candle = tuple[float, float, float, float]  # open, high, low, close
# Fifteen bars of middling size to judge "long" and "short" by; they end at 100.
BEFORE: list[Candle] = [(100.0, 100.8, 99.2, 100.5), (100.5, 100.8, 99.2, 100.0)] * 8


def computed(candles: list[Candle]) -> FeatureBlock:
    """All candlestick features of some candles after the usual ones."""
    prices = np.array(BEFORE + candles).T
    bars = random_walk(len(prices[0]))
    return compute(
        Bars.build(bars.series, bars.event_time, *prices, np.ones(len(bars))), feature_sets()["candlesticks"]
    )


def mirrored(candles: list[Candle]) -> list[Candle]:
    """The same candles upside down around 100."""
    return [(200.0 - o, 200.0 - low, 200.0 - h, 200.0 - c) for o, h, low, c in candles]


DRAWN: dict[str, list[Candle]] = {
    "three_inside": [(100.0, 100.2, 94.8, 95.0), (96.0, 96.9, 95.9, 96.8), (97.0, 100.9, 96.9, 100.7)],
    "three_outside": [(97.0, 97.1, 95.9, 96.0), (95.5, 98.1, 95.4, 98.0), (98.0, 99.1, 97.9, 99.0)],
    "harami_cross": [(100.0, 100.2, 94.8, 95.0), (97.0, 97.6, 96.4, 97.0)],
    "doji_star": [(100.0, 100.2, 94.8, 95.0), (94.0, 94.4, 93.6, 94.0)],
    "tasuki_gap": [(100.0, 101.0, 99.9, 100.9), (103.0, 104.1, 102.9, 104.0), (103.5, 103.6, 102.4, 102.5)],
    "gap_three_methods": [(98.0, 100.1, 97.9, 100.0), (102.0, 104.1, 101.9, 104.0), (103.0, 103.1, 98.9, 99.0)],
    "three_line_strike": [
        (98.0, 99.1, 97.9, 99.0), (98.9, 100.1, 98.8, 100.0), (99.9, 101.1, 99.8, 101.0), (101.2, 101.3, 97.0, 97.5),
    ],
    "three_methods": [
        (98.0, 103.1, 97.9, 103.0), (102.5, 102.6, 101.9, 102.0), (102.0, 102.1, 101.4, 101.5),
        (101.5, 101.6, 100.9, 101.0), (101.2, 105.1, 101.1, 105.0),
    ],
    "separating_lines": [(100.0, 100.1, 97.9, 98.0), (100.0, 103.1, 99.95, 103.0)],
}  # fmt: skip


@pytest.mark.parametrize("name", DRAWN)
def test_a_drawn_formation_is_found_at_its_last_bar_and_nowhere_else(name: str) -> None:
    found = computed(DRAWN[name]).column(name)
    assert np.flatnonzero(np.nan_to_num(found)).tolist() == [len(found) - 1]
    assert found[-1] == 1.0


@pytest.mark.parametrize("name", [name for name in DRAWN if name != "doji_star"])
def test_upside_down_it_is_the_opposite(name: str) -> None:
    upright = BEFORE + DRAWN[name]
    prices = np.array(mirrored(upright)).T
    bars = random_walk(len(upright))
    found = compute(Bars.build(bars.series, bars.event_time, *prices, np.ones(len(bars))), [name]).values[:, 0]
    assert found[-1] == -1.0


def test_every_formation_waits_for_the_bars_that_talib_needs() -> None:
    from talib import abstract

    for name in feature_sets()["candlesticks"]:
        formula = catalogue()[name].formula
        if formula.startswith("TA-Lib CDL"):
            needed = abstract.Function(formula.split()[1].rstrip(":,")).lookback
            assert catalogue()[name].lookback == needed, name


def test_gaps_are_whole_bars_apart_and_counted_over_twenty() -> None:
    block = computed([(103.0, 104.0, 102.0, 103.5), (103.5, 104.0, 102.0, 103.0), (99.0, 99.5, 98.0, 98.5)])
    assert block.column("price_gap")[-3:].tolist() == [1.0, 0.0, -1.0]
    touching = computed([(100.5, 102.0, 100.7, 101.5), (99.0, 99.9, 98.0, 98.5)])
    assert touching.column("price_gap")[-2:].tolist() == [0.0, -1.0], "a close beyond the last high is no gap"
    more = computed([(100.0 + 5 * k, 101.0 + 5 * k, 99.0 + 5 * k, 100.5 + 5 * k) for k in range(1, 21)])
    assert more.column("price_gap_balance_20")[-1] == 1.0


def test_runs_count_bars_in_a_row_and_keep_their_side() -> None:
    rising = [(100.0 + k, 101.6 + k, 99.9 + k, 101.5 + k) for k in range(1, 5)]
    block = computed([*rising, (104.0, 104.1, 102.9, 103.0)])
    assert block.column("close_run")[-5:].tolist() == [1.0, 2.0, 3.0, 4.0, -1.0]
    assert block.column("open_gap_run")[-5:].tolist() == [1.0, -1.0, -2.0, -3.0, -4.0]


def test_engulfing_runs_and_inside_runs_grow_with_every_bar_that_covers_the_last() -> None:
    growing = [
        (100.0 - s * k, 100.5 + k, 99.5 - k, 100.0 + s * k) for k, s in ((1.0, 1), (2.0, -1), (3.0, 1), (3.0, 1))
    ]
    block = computed(growing)
    assert block.column("engulfing_run")[-4:].tolist() == [1.0, -2.0, 3.0, 0.0]  # an equal body does not exceed
    shrinking = [(100.0, 100.7 - k / 10, 99.3 + k / 10, 100.1) for k in range(4)]
    assert computed(shrinking).column("inside_run")[-4:].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_the_engulfing_balance_is_the_mean_of_both_engulfings() -> None:
    block = compute(random_walk(500, seed=3), ["bullish_engulfing", "bearish_engulfing", "engulfing_balance_20"])
    both = block.values[:, 0] + block.values[:, 1]
    assert np.abs(np.nansum(both)) != np.nansum(np.abs(both)) > 0
    expected = np.array([both[t - 19 : t + 1].mean() for t in range(21, 500)])
    np.testing.assert_allclose(block.column("engulfing_balance_20")[21:], expected, atol=1e-12)

"""Windows against a loop, their units, and their borders."""

from __future__ import annotations

import numpy as np
import pytest
from fakes.bars import random_walk

from trimtab.bars import Bars
from trimtab.errors import NotEnoughDataError
from trimtab.models.candlestick_network.patterns import rule_labels
from trimtab.models.candlestick_network.windows import CLOSE, FARTHEST_PRICE, VOLUME, WINDOW, normalised, windows_of


def test_windows_equal_a_loop_over_the_bars_of_each_series() -> None:
    series = [random_walk(60, seed=3, instrument="AAA"), random_walk(45, seed=4, instrument="BBB")]
    windows = windows_of(series)
    expected, labels, times = [], [], []
    for bars in series:
        table = np.column_stack([bars.open, bars.high, bars.low, bars.close, bars.volume])
        for last in range(WINDOW - 1, len(bars)):
            expected.append(table[last - WINDOW + 1 : last + 1])
            labels.append(rule_labels(bars)[last])
            times.append(bars.event_time[last])
    assert np.array_equal(windows.cut(np.arange(len(windows))), np.array(expected))
    assert np.array_equal(windows.labels, np.array(labels))
    assert np.array_equal(windows.event_time, np.array(times))


def test_no_window_holds_bars_of_two_instruments() -> None:
    low, high = random_walk(50, seed=5, instrument="AAA"), random_walk(50, seed=6, instrument="BBB")
    high = Bars.build(
        high.series, high.event_time, *(1e6 * getattr(high, n) for n in ("open", "high", "low", "close")), high.volume
    )
    windows = windows_of([low, high])
    close = windows.cut(np.arange(len(windows)))[:, :, CLOSE]
    is_high = close > 1e6
    assert (is_high.all(axis=1) | ~is_high.any(axis=1)).all()
    assert np.array_equal(is_high[:, 0], windows.code == 1)
    assert len(windows) == 2 * (50 - WINDOW + 1)


def test_an_absent_bar_is_no_boundary_as_it_is_none_for_the_rules() -> None:
    bars = random_walk(80, seed=7)
    kept = bars.take(np.delete(np.arange(80), np.arange(40, 50)))
    windows = windows_of([kept])
    across = np.flatnonzero((windows.first_time < bars.event_time[40]) & (windows.event_time > bars.event_time[49]))
    assert len(across) == WINDOW - 1
    assert np.array_equal(windows.labels, rule_labels(kept)[WINDOW - 1 :])


@pytest.mark.parametrize("unit", [1024.0, 2.0**-12])
def test_another_unit_of_price_and_volume_changes_no_bit(unit: float) -> None:
    rows = windows_of([random_walk(120, seed=8)]).cut(np.arange(50))
    other = rows * unit
    other[:, :, VOLUME] = rows[:, :, VOLUME] * 64.0
    assert np.array_equal(normalised(rows), normalised(other))


def test_any_unit_and_level_of_price_leaves_the_shape_to_rounding() -> None:
    rows = windows_of([random_walk(120, seed=9)]).cut(np.arange(50))
    other = rows.copy()
    other[:, :, :VOLUME] = rows[:, :, :VOLUME] * 0.0137 + 5.0
    assert np.abs(normalised(rows) - normalised(other)).max() < 1e-5


def test_the_rules_do_not_see_the_unit_either() -> None:
    bars = random_walk(300, seed=10)
    dear = Bars.build(
        bars.series,
        bars.event_time,
        *(2048.0 * getattr(bars, n) for n in ("open", "high", "low", "close")),
        bars.volume,
    )
    assert np.array_equal(rule_labels(bars), rule_labels(dear))


def test_the_formula_of_a_normalised_window() -> None:
    row = windows_of([random_walk(40, seed=11)]).cut(np.array([5]))
    prices, volume = row[0, :, :VOLUME], row[0, :, VOLUME]
    said = normalised(row)[0]
    expected = (prices - prices[-1, 3]) / (prices[:, 1] - prices[:, 2]).mean()
    assert np.abs(said[:VOLUME] - expected.T).max() < 1e-5
    assert np.abs(said[VOLUME] - (volume / volume.mean() - 1.0)).max() < 1e-5


def test_a_split_that_nobody_adjusted_is_far_away_and_leaves_the_newest_bars_readable() -> None:
    row = windows_of([random_walk(40, seed=12)]).cut(np.array([0]))
    row[0, :10, :VOLUME] *= 1000.0
    said = normalised(row)[0]
    assert said[:VOLUME].max() <= FARTHEST_PRICE
    assert np.unique(said[CLOSE, -5:]).size == 5


def test_bars_that_never_move_are_zero_and_no_volume_is_a_usual_volume() -> None:
    still = np.tile([7.0, 7.0, 7.0, 7.0, 0.0], (1, WINDOW, 1))
    assert (normalised(still) == 0.0).all()


def test_bars_without_a_range_are_measured_by_their_changes_at_any_unit() -> None:
    close = np.cumsum(np.tile([1.0, -0.5], 10)) + 100.0
    row = np.column_stack([close, close, close, close, np.ones(WINDOW)])[None]
    assert np.ptp(normalised(row)[0, CLOSE]) > 1.0
    assert np.array_equal(normalised(row), normalised(row * 4096.0))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_window_with_an_unknown_value_is_unknown_and_its_neighbours_are_not(value: float) -> None:
    rows = windows_of([random_walk(60, seed=13)]).cut(np.arange(3))
    clean = normalised(rows)
    rows[1, 4, 2] = value
    said = normalised(rows)
    assert np.isnan(said[1]).all()
    assert np.array_equal(said[[0, 2]], clean[[0, 2]])


def test_series_without_twenty_bars_have_no_window() -> None:
    assert set(windows_of([random_walk(19), random_walk(30, instrument="BBB")]).code.tolist()) == {0}
    with pytest.raises(NotEnoughDataError, match="no series has 20 bars"):
        windows_of([random_walk(19)])

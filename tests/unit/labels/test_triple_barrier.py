"""The triple barrier beside a plain loop, on bars whose answer is known, and with the future cut off."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from fakes.bars import bars_from_closes, random_walk
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.bars import Bars
from trimtab.labels.triple_barrier import label_triple_barrier
from trimtab.market import Series, Timeframe

BARRIERS = st.tuples(
    st.integers(0, 1000), st.integers(1, 12), st.sampled_from([0.3, 1.0, 3.0]), st.sampled_from([0.3, 1.0, 3.0])
)
WINDOW = 5


def plainly(bars: Bars, horizon: int, profit: float, loss: float, window: int) -> tuple[list[float], list[int | None]]:
    """Value and deciding row of each bar, as one would do it by hand."""
    close, high, low = bars.close, bars.high, bars.low
    values: list[float] = []
    last: list[int | None] = []
    for row in range(len(bars)):
        value, decided = math.nan, None
        returns = [math.log(close[i] / close[i - 1]) for i in range(max(row - window + 1, 1), row + 1)]
        sigma = math.sqrt(sum(each**2 for each in returns) / window) if len(returns) == window else math.nan
        width = sigma * math.sqrt(horizon)
        for later in range(row + 1, len(bars)):
            if math.log(low[later] / close[row]) <= -loss * width:
                value, decided = 0.0, later
            elif math.log(high[later] / close[row]) >= profit * width:
                value, decided = 1.0, later
            elif later == row + horizon:
                value, decided = float(close[later] > close[row]), later
            if decided is not None:
                break
        values.append(value if width > 0 else math.nan)
        last.append(decided)
    return values, last


@given(BARRIERS)
@settings(max_examples=40, deadline=None)
def test_every_label_is_what_a_plain_loop_over_the_bars_says(case: tuple[int, int, float, float]) -> None:
    seed, horizon, profit, loss = case
    bars = random_walk(60, seed=seed)
    block = label_triple_barrier(bars, horizon, profit, loss, WINDOW)
    values, last = plainly(bars, horizon, profit, loss, WINDOW)
    np.testing.assert_array_equal(block.value, values)
    ends = [np.datetime64("NaT") if row is None else block.label_start[row] for row in last]
    np.testing.assert_array_equal(block.label_end, np.array(ends, "datetime64[us]"))


@given(BARRIERS, st.integers(1, 59))
@settings(max_examples=40, deadline=None)
def test_a_realised_label_never_changes_when_more_bars_come(case: tuple[int, int, float, float], cut: int) -> None:
    seed, horizon, profit, loss = case
    bars = random_walk(60, seed=seed)
    whole = label_triple_barrier(bars, horizon, profit, loss, WINDOW)
    early = label_triple_barrier(bars.take(slice(0, cut)), horizon, profit, loss, WINDOW)
    realised = ~np.isnat(early.label_end)
    np.testing.assert_array_equal(realised, whole.label_end[:cut] <= whole.label_start[cut - 1])
    for name in ("value", "label_end"):
        np.testing.assert_array_equal(getattr(early, name)[realised], getattr(whole, name)[:cut][realised])
    np.testing.assert_array_equal(early.baseline, whole.baseline[:cut])


STEADY = [100.0 * 1.01 ** (i % 2) for i in range(7)]  # one percent up, one down: s is log(1.01), at row 6 the close 100


def ahead(*later: tuple[float, float, float]) -> Bars:
    """Steady bars and then some given by high, low and close."""
    bars = bars_from_closes([*STEADY, *(close for _, _, close in later)])
    high, low = bars.high.copy(), bars.low.copy()
    high[len(STEADY) :], low[len(STEADY) :] = [each[0] for each in later], [each[1] for each in later]
    return replace(bars, high=high, low=low)


# Two bars ahead at one unit each way the barriers lie at 100 * 1.01 ** ±sqrt(2) = 101.417 and 98.603.
@pytest.mark.parametrize(
    ("later", "value", "bars_later"),
    [
        ([(101.5, 99.5, 100.0), (100.0, 98.0, 98.5)], 1.0, 1),  # the profit first
        ([(101.0, 98.6, 99.0), (102.0, 99.0, 102.0)], 0.0, 1),  # the loss first
        ([(101.5, 98.5, 101.0), (102.0, 99.0, 102.0)], 0.0, 1),  # both in one bar: a loss
        ([(101.0, 99.0, 100.0), (101.0, 99.0, 100.5)], 1.0, 2),  # neither in time: the close is higher
        ([(101.0, 99.0, 100.5), (101.0, 99.0, 100.0)], 0.0, 2),  # an unchanged close is not
    ],
)
def test_what_is_touched_first_decides_and_the_label_ends_there(
    later: list[tuple[float, float, float]], value: float, bars_later: int
) -> None:
    bars = ahead(*later)
    block = label_triple_barrier(bars, 2, volatility_window=WINDOW)
    row = len(STEADY) - 1
    assert block.value[row] == value
    assert block.label_end[row] == block.label_start[row + bars_later]
    assert block.label_start[row] == bars.event_time[row] + np.timedelta64(1, "D")


def test_a_label_that_nothing_has_decided_yet_has_no_end() -> None:
    block = label_triple_barrier(ahead((101.0, 99.0, 100.0)), 2, volatility_window=WINDOW)
    assert np.isnan(block.value[-2:]).all() and np.isnat(block.label_end[-2:]).all()


def test_without_any_movement_there_is_no_label() -> None:
    block = label_triple_barrier(bars_from_closes([100.0] * 30), 3, volatility_window=WINDOW)
    assert np.isnan(block.value).all()


def test_the_naive_forecast_is_the_direction_of_the_last_bars() -> None:
    bars = random_walk(50, seed=1)
    baseline = label_triple_barrier(bars, 3, volatility_window=WINDOW).baseline
    assert np.isnan(baseline[:3]).all()
    np.testing.assert_array_equal(baseline[3:], (bars.close[3:] > bars.close[:-3]).astype(float))


def test_the_unit_of_price_and_a_split_change_nothing() -> None:
    bars = random_walk(120, seed=4)
    scaled = replace(bars, **{name: getattr(bars, name) * 4.0 for name in ("open", "high", "low", "close")})
    halves = np.where(np.arange(120) < 60, 2.0, 1.0)  # traded at twice the price before a split of two for one
    split = replace(
        bars, factor=1.0 / halves, **{name: getattr(bars, name) * halves for name in ("open", "high", "low", "close")}
    )
    plain, *others = (label_triple_barrier(each, 7) for each in (bars, scaled, split))
    for other in others:
        for name in ("value", "label_end", "baseline"):
            np.testing.assert_array_equal(getattr(other, name), getattr(plain, name))


def test_wider_barriers_are_touched_later_and_unreachable_ones_leave_the_time_limit() -> None:
    bars, horizon = random_walk(400, seed=5), 10
    near, far, never = (label_triple_barrier(bars, horizon, width, width) for width in (0.5, 1.5, 100.0))
    known = ~np.isnat(never.label_end) & ~np.isnan(never.value)
    assert (near.label_end <= far.label_end)[known].all() and (far.label_end <= never.label_end)[known].all()
    assert (near.label_end < never.label_end)[known].mean() > 0.9
    rises = bars.close[horizon:] > bars.close[:-horizon]
    np.testing.assert_array_equal(never.value[:-horizon][known[:-horizon]], rises[known[:-horizon]].astype(float))


@pytest.mark.parametrize("horizon", [1, 15, 60])
def test_real_hours_are_labelled_as_a_plain_loop_does(shared_data: Path, horizon: int) -> None:
    table = pq.read_table(shared_data / "crypto_1h.parquet", filters=[("symbol", "==", "BTC/USDT")]).slice(0, 1500)
    columns = [table[name].to_numpy().astype(np.float64) for name in ("open", "high", "low", "close", "volume")]
    opens = table["ts"].to_numpy().astype("datetime64[us]")
    bars = Bars.build(Series("BTC-USDT", Timeframe.HOUR), opens, *columns)
    block = label_triple_barrier(bars, horizon, 1.0, 1.5, 20)
    values, last = plainly(bars, horizon, 1.0, 1.5, 20)
    np.testing.assert_array_equal(block.value, values)
    decided = np.array([row is not None for row in last])
    np.testing.assert_array_equal(block.label_end[decided], block.label_start[[row for row in last if row is not None]])
    assert np.isnat(block.label_end[~decided]).all() and 0 < (~decided).sum() <= horizon

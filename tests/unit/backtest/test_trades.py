from __future__ import annotations

import numpy as np
import pytest

from trimtab.backtest.trades import Trade, find_trades

TIME = np.datetime64("2024-01-01", "us") + np.arange(6) * np.timedelta64(1, "D").astype("timedelta64[us]")


def trips(traded: list[float], price: list[float], costs: list[float] | None = None) -> list[Trade]:
    n = len(traded)
    paid = np.zeros(n) if costs is None else np.array(costs)
    return find_trades("A", TIME[:n], np.array(traded), np.array(price), costs=paid, last_close=price[-1])


def test_adding_to_a_position_averages_the_entry() -> None:
    (trade,) = trips([1, 1, -2], [10.0, 20.0, 30.0])
    assert (trade.units, trade.entry_price, trade.exit_price, trade.pnl) == (2.0, 15.0, 30.0, 30.0)


def test_changing_sides_closes_one_trip_and_opens_the_next() -> None:
    first, second = trips([2, -5, 3], [10.0, 20.0, 5.0], [0.0, 5.0, 0.0])
    assert (first.side, first.pnl, first.costs) == ("long", 18.0, 2.0)
    assert (second.side, second.units, second.pnl, second.costs) == ("short", 3.0, 42.0, 3.0)
    assert first.exit_time == second.entry_time == TIME[1]


def test_an_open_trip_is_valued_at_the_last_close() -> None:
    (trade,) = trips([4, -1, 0], [10.0, 12.0, 15.0])
    assert trade.is_open
    assert np.isnat(trade.exit_time)
    assert trade.pnl == pytest.approx(1 * 2.0 + 3 * 5.0)
    assert trade.bars == 2


def test_units_that_cancel_but_for_rounding_are_flat() -> None:
    (trade,) = trips([0.1 + 0.2, -0.3, 0.0], [10.0, 11.0, 12.0])
    assert not trade.is_open


def test_without_fills_there_are_no_trips() -> None:
    assert trips([0, 0, 0], [1.0, 1.0, 1.0]) == []

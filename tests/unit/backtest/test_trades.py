from __future__ import annotations

import numpy as np
import pytest

from trimtab.backtest.ledger import FILL
from trimtab.backtest.trades import Trades, find_trips

TIME = np.datetime64("2024-01-01", "us") + np.arange(6) * np.timedelta64(1, "D").astype("timedelta64[us]")


def fills(units: list[float], price: list[float], costs: list[float] | None, borrow: list[float] | None) -> np.ndarray:
    """One bar per element; where no units are traded there is no fill."""
    lines = np.zeros(len(units), FILL)
    lines["row"], lines["units"], lines["price"] = np.arange(len(units)), units, price
    lines["cost"] = costs or np.zeros(len(units))
    lines["borrow"] = borrow or np.zeros(len(units))
    return lines[lines["units"] != 0.0]


def trips(
    units: list[float], price: list[float], costs: list[float] | None = None, borrow: list[float] | None = None
) -> Trades:
    n = len(units)
    found = find_trips(fills(units, price, costs, borrow), np.array([price[-1]]), np.zeros(1))
    return Trades(found, ("A",), TIME[:n], np.ones((n, 1), bool))


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


def test_borrow_is_a_cost_of_the_short_trip_it_was_paid_for() -> None:
    short, long = trips([-2, 5, 0], [10.0, 8.0, 9.0], borrow=[0.0, 1.5, 0.0])
    assert (short.costs, short.pnl) == (1.5, 2.5)
    assert (long.costs, long.pnl) == (0.0, 3.0)


def test_borrow_since_the_last_fill_belongs_to_the_open_trip() -> None:
    lines = fills([-1, 0], [10.0, 10.0], None, None)
    trade = Trades(find_trips(lines, np.array([10.0]), np.array([0.25])), ("A",), TIME[:2], np.ones((2, 1), bool))[0]
    assert (trade.costs, trade.pnl, trade.is_open) == (0.25, -0.25, True)


def test_bars_are_those_of_the_instrument() -> None:
    has_bar = np.ones((6, 1), bool)
    has_bar[[1, 2, 5]] = False
    lines = fills([1, 0, 0, -1, 1, 0], [10.0] * 6, None, None)
    closed, open_ = Trades(find_trips(lines, np.array([10.0]), np.zeros(1)), ("A",), TIME, has_bar)
    assert (closed.bars, open_.bars) == (1, 0)


def test_trades_are_in_order_of_entry_and_then_of_name() -> None:
    lines = np.zeros(4, FILL)
    lines["row"], lines["instrument"] = [0, 1, 1, 3], [0, 0, 1, 0]
    lines["units"], lines["price"] = [1.0, -1.0, 1.0, 2.0], 10.0
    trades = Trades(find_trips(lines, np.full(2, 10.0), np.zeros(2)), ("B", "A"), TIME, np.ones((6, 2), bool))
    assert [(trade.instrument_id, trade.entry_time) for trade in trades] == [
        ("B", TIME[0]),
        ("A", TIME[1]),
        ("B", TIME[3]),
    ]
    same = np.zeros(2, FILL)
    same["instrument"], same["units"], same["price"] = [0, 1], 1.0, 10.0
    trades = Trades(find_trips(same, np.full(2, 10.0), np.zeros(2)), ("B", "A"), TIME, np.ones((6, 2), bool))
    assert [trade.instrument_id for trade in trades] == ["A", "B"]


def test_trades_are_a_sequence() -> None:
    trades = trips([1, -1, 1, -1], [10.0, 11.0, 12.0, 14.0])
    assert len(trades) == 2
    assert trades[-1] == trades[1] == list(trades)[1]
    assert trades[:1] == (trades[0],)
    assert trades.pnl.tolist() == [1.0, 2.0]
    with pytest.raises(IndexError):
        trades[2]


def test_without_fills_there_are_no_trips() -> None:
    assert len(trips([0, 0, 0], [1.0, 1.0, 1.0])) == 0

from __future__ import annotations

import numpy as np
import pytest
from fakes.bars import random_walk

from trimtab.backtest.engine import run_backtest
from trimtab.backtest.holding import hold, returns_of
from trimtab.backtest.market import Fill, Prices, Targets, prices_of
from trimtab.metrics.trading import evaluate_returns

PRICES = prices_of(random_walk(100, seed=4, instrument="SPX"))


@pytest.mark.parametrize(("fill", "price"), [("next_open", "open"), ("next_close", "close"), ("close", "close")])
def test_it_is_bought_where_orders_fill_in_the_first_bar_and_kept(fill: Fill, price: str) -> None:
    held = hold("SPX", PRICES, PRICES.event_time[20:], cash=500.0, fill=fill, periods_per_year=365.0)
    assert held is not None
    np.testing.assert_allclose(held.equity, 500.0 * PRICES.close[20:] / getattr(PRICES, price)[20], rtol=1e-12)
    assert held.metrics == evaluate_returns(returns_of(held.equity, 500.0), 365.0)


def test_it_equals_the_engine_holding_a_weight_of_one() -> None:
    bought = {"SPX": Targets(PRICES.event_time[19:20], np.ones(1))}
    account = run_backtest({"SPX": PRICES}, bought, units="weights", cash=500.0, since=PRICES.event_time[20])
    held = hold("SPX", PRICES, account.event_time, cash=500.0, fill="next_open", periods_per_year=365.0)
    assert held is not None
    np.testing.assert_allclose(held.equity, account.equity, rtol=1e-12)


def test_in_bars_it_does_not_have_its_last_close_counts_and_before_its_first_the_cash() -> None:
    kept = np.array([5, 6, 9])
    sparse = Prices(*(np.asarray(column)[kept] for column in PRICES[:3]))
    held = hold("SPX", sparse, PRICES.event_time[3:12], cash=1.0, fill="next_open", periods_per_year=365.0)
    assert held is not None
    close = PRICES.close / PRICES.open[5]
    expected = [1.0, 1.0, close[5], close[6], close[6], close[6], close[9], close[9], close[9]]
    np.testing.assert_allclose(held.equity, expected)


def test_a_later_price_does_not_change_what_was_held_before() -> None:
    changed = PRICES._replace(close=np.where(np.arange(100) >= 60, 1.0, PRICES.close))
    before, after = (
        hold("SPX", own, PRICES.event_time, cash=1.0, fill="next_open", periods_per_year=365.0)
        for own in (PRICES, changed)
    )
    assert before is not None
    assert after is not None
    np.testing.assert_array_equal(before.equity[:60], after.equity[:60])
    assert not np.array_equal(before.equity, after.equity)


def test_a_missing_price_is_passed_over() -> None:
    holed = PRICES._replace(close=np.where(np.arange(100) == 50, np.nan, PRICES.close))
    held = hold("SPX", holed, PRICES.event_time, cash=1.0, fill="next_open", periods_per_year=365.0)
    assert held is not None
    assert held.equity[50] == held.equity[49]


def test_what_has_no_bar_within_the_account_is_not_held() -> None:
    earlier = PRICES.event_time - np.timedelta64(200, "D")
    later = PRICES.event_time + np.timedelta64(200, "D")
    for times in (earlier, later):
        assert hold("SPX", PRICES, times, cash=1.0, fill="next_open", periods_per_year=365.0) is None


def test_an_account_without_money_returns_nothing_known() -> None:
    np.testing.assert_array_equal(returns_of(np.array([50.0, 0.0, 0.0]), 100.0), [-0.5, -1.0, np.nan])


@pytest.mark.parametrize("fill", ["next_open", "next_close", "close"])
@pytest.mark.parametrize("holes", [{"close": [20, 21]}, {"open": [20]}, {"open": [20, 22], "close": [21, 50]}])
def test_it_is_bought_in_the_first_bar_with_the_price_needed_as_the_engines_own_benchmark_is(
    fill: Fill, holes: dict[str, list[int]]
) -> None:
    missing = {
        name: np.where(np.isin(np.arange(100), rows), np.nan, getattr(PRICES, name)) for name, rows in holes.items()
    }
    holed = PRICES._replace(**missing)
    account = run_backtest({"SPX": holed}, {}, units="units", cash=500.0, fill=fill, since=PRICES.event_time[20])
    held = hold("SPX", holed, account.event_time, cash=500.0, fill=fill, periods_per_year=365.0)
    assert held is not None
    np.testing.assert_allclose(held.equity, account.benchmark, rtol=1e-12)


def test_it_says_at_which_prices_it_was_held() -> None:
    adjusted = PRICES._replace(factor=np.full(100, 0.5))
    words = [
        held.prices
        for own in (PRICES, adjusted)
        if (held := hold("SPX", own, PRICES.event_time, cash=1.0, fill="close", periods_per_year=365.0))
    ]
    assert "no splits or dividends are added" in words[0]
    assert words[1] == "as stored, adjusted for splits and dividends"

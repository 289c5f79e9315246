from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.fakes.slow_account import keep_slowly
from trimtab.backtest.costs import basis_points
from trimtab.backtest.engine import BacktestReport, Units, run_backtest, simulate
from trimtab.backtest.market import Fill, Prices, Targets
from trimtab.errors import ConfigurationError, DatasetError, NotEnoughDataError, UnknownNameError
from trimtab.metrics.trading import sharpe_ratio

DAY = np.timedelta64(1, "D").astype("timedelta64[us]")


def walk(n: int = 600, seed: int = 0, start: str = "2020-01-01") -> Prices:
    random = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.02, n)))
    open_ = np.concatenate([[100.0], close[:-1]]) * np.exp(random.normal(0.0, 0.005, n))
    return Prices(np.datetime64(start, "us") + np.arange(n) * DAY, open_, close)


def crossings(prices: Prices, units: float) -> Targets:
    """Hold some units while the 10-bar mean of closes is above the 20-bar mean; long only."""
    fast, slow = (pd.Series(prices.close).rolling(window).mean().to_numpy() for window in (10, 20))
    return Targets(prices.event_time, units * (fast > slow))


def slow_account(prices: Prices, target: np.ndarray, *, cash: float, bps: float) -> np.ndarray:
    """The same account kept bar by bar: an order decided at a close fills at the next open."""
    held, equity = 0.0, []
    for bar in range(len(prices.close)):
        if bar and target[bar - 1] != held:
            traded = target[bar - 1] - held
            cash -= traded * prices.open[bar] + abs(traded) * prices.open[bar] * bps / 1e4
            held = target[bar - 1]
        equity.append(cash + held * prices.close[bar])
    return np.array(equity)


@pytest.mark.parametrize("bps", [0.0, 20.0])
def test_equity_equals_an_account_kept_bar_by_bar(bps: float) -> None:
    prices = walk()
    targets = crossings(prices, 10.0)
    report = run_backtest({"A": prices}, {"A": targets}, units="units", cash=100_000, costs=basis_points(bps))
    expected = slow_account(prices, targets.target, cash=100_000, bps=bps)
    np.testing.assert_allclose(report.equity, expected, rtol=0, atol=1e-9)


def test_profits_of_trades_add_up_to_the_profit_of_the_account() -> None:
    prices = {"A": walk(seed=1), "B": walk(seed=2)}
    random = np.random.default_rng(3)
    targets = {name: Targets(p.event_time, random.integers(-2, 3, 600) * 5.0) for name, p in prices.items()}
    report = run_backtest(prices, targets, units="units", cash=1e6, costs=basis_points(5.0, 7.0))
    assert sum(trade.pnl for trade in report.trades) == pytest.approx(report.equity[-1] - 1e6)
    assert sum(trade.costs for trade in report.trades) == pytest.approx(report.metrics["total_costs"])
    assert {trade.side for trade in report.trades} == {"long", "short"}


def test_several_instruments_earn_what_each_earns_alone() -> None:
    prices = {"A": walk(seed=1), "B": walk(400, seed=2, start="2020-03-05")}
    targets = {name: crossings(p, 10.0) for name, p in prices.items()}
    together = run_backtest(prices, targets, units="units", cash=100_000, costs=basis_points(10.0))
    alone = [
        run_backtest({name: prices[name]}, {name: targets[name]}, units="units", cash=100_000, costs=basis_points(10.0))
        for name in prices
    ]
    assert together.equity[-1] - 100_000 == pytest.approx(sum(report.equity[-1] - 100_000 for report in alone))


@pytest.mark.parametrize(("fill", "price"), [("next_open", 12.0), ("close", 11.0), ("next_close", 13.0)])
def test_an_order_fills_where_it_was_told_to(fill: str, price: float) -> None:
    prices = Prices(
        np.datetime64("2024-01-01", "us") + np.arange(4) * DAY,
        np.array([9.0, 10, 12, 14]),
        np.array([10.0, 11, 13, 15]),
    )
    targets = Targets(prices.event_time[1:2], np.array([1.0]))
    (trade,) = run_backtest({"A": prices}, {"A": targets}, units="units", cash=100, fill=fill).trades
    assert trade.entry_price == price
    assert trade.is_open
    assert trade.pnl == 15.0 - price


def test_slippage_makes_buys_dearer_and_sales_cheaper() -> None:
    prices = Prices(np.datetime64("2024-01-01", "us") + np.arange(4) * DAY, np.full(4, 100.0), np.full(4, 100.0))
    targets = Targets(prices.event_time[:2], np.array([1.0, 0.0]))
    report = run_backtest({"A": prices}, {"A": targets}, units="units", cash=1000, costs=basis_points(0.0, 10.0))
    assert report.equity[-1] == pytest.approx(1000 - 0.2)


def test_at_the_break_even_cost_nothing_is_left() -> None:
    prices = walk(seed=8)
    targets = {"A": crossings(prices, 10.0)}
    free = run_backtest({"A": prices}, targets, units="units", cash=100_000)
    cost = free.metrics["break_even_cost_bps"]
    assert cost > 0
    charged = run_backtest({"A": prices}, targets, units="units", cash=100_000, costs=basis_points(cost))
    assert charged.equity[-1] == pytest.approx(100_000)
    assert charged.metrics["break_even_cost_bps"] == pytest.approx(cost)


def test_a_weight_of_one_held_throughout_is_buy_and_hold() -> None:
    prices = walk()
    report = run_backtest(
        {"A": prices}, {"A": Targets(prices.event_time[:1], np.array([1.0]))}, units="weights", cash=500.0
    )
    np.testing.assert_allclose(report.equity[1:], 500.0 * prices.close[1:] / prices.open[1])
    assert len(report.trades) == 1


def test_weights_are_shares_of_the_equity_when_they_change() -> None:
    prices = {"A": walk(seed=1), "B": walk(seed=2)}
    times = prices["A"].event_time
    targets = {
        "A": Targets(times[[0, 200]], np.array([0.5, 0.25])),
        "B": Targets(times[[0, 400]], np.array([0.5, -0.5])),
    }
    report = run_backtest(prices, targets, units="weights", cash=1000.0)
    a, b = prices["A"], prices["B"]
    units_a, units_b = 500.0 / a.open[1], 500.0 / b.open[1]
    np.testing.assert_allclose(report.equity[1:201], units_a * a.close[1:201] + units_b * b.close[1:201])
    equity = units_a * a.open[201] + units_b * b.open[201]
    after = 0.25 * equity / a.open[201]
    cash = (units_a - after) * a.open[201]
    np.testing.assert_allclose(report.equity[201:401], cash + after * a.close[201:401] + units_b * b.close[201:401])
    assert [(t.instrument_id, t.side) for t in report.trades] == [("A", "long"), ("B", "long"), ("B", "short")]


def test_an_account_that_lost_everything_stops_trading() -> None:
    close = np.array([100.0, 100.0, 300.0, 300.0, 150.0, 150.0])
    prices = Prices(np.datetime64("2024-01-01", "us") + np.arange(6) * DAY, close, close)
    targets = Targets(prices.event_time, np.array([-1.0, -1.0, 1.0, -1.0, 1.0, 1.0]))
    report = run_backtest({"A": prices}, {"A": targets}, units="weights", cash=100.0)
    assert report.equity[2] == -100.0
    assert (report.equity[3:] == -100.0).all()
    assert np.isnan(report.metrics["annual_return"]) or report.metrics["annual_return"] <= -1.0


@pytest.mark.parametrize("units", ["units", "weights"])
def test_an_account_that_comes_back_from_debt_tells_what_it_grew_to_and_no_measure_of_its_returns(units: Units) -> None:
    close = np.array([100.0, 100.0, 110.0, 220.0, 220.0, 20.0, 20.0])
    prices = Prices(np.datetime64("2024-01-01", "us") + np.arange(7) * DAY, close, close)
    short = {"A": Targets(prices.event_time[:1], np.array([-10.0 if units == "units" else -1.0]))}
    report = run_backtest({"A": prices}, short, units=units, cash=1000.0)
    np.testing.assert_allclose(report.equity, [1000.0, 1000.0, 900.0, -200.0, -200.0, 1800.0, 1800.0])
    assert report.metrics["total_return"] == pytest.approx(0.8)
    np.testing.assert_allclose(report.returns, [0.0, 0.0, -0.1, -11.0 / 9.0, np.nan, np.nan, np.nan])
    measured = set(report.metrics) & set(report.benchmark_metrics)
    known = {name for name in measured if np.isfinite(report.metrics[name])}
    assert known == {"n_periods", "n_unknown", "total_return"} & measured
    assert len(measured) > 10
    assert "came back from debt" in report.notes[0]
    assert report.to_json()["notes"] == list(report.notes)


def test_an_account_that_stays_in_debt_is_measured_until_its_money_was_gone() -> None:
    close = np.array([100.0, 100.0, 110.0, 220.0, 260.0, 250.0])
    prices = Prices(np.datetime64("2024-01-01", "us") + np.arange(6) * DAY, close, close)
    short = {"A": Targets(prices.event_time[:1], np.array([-10.0]))}
    report = run_backtest({"A": prices}, short, units="units", cash=1000.0)
    assert report.metrics["total_return"] == pytest.approx(-1.5)  # and not the -1.2 of the day it was gone
    assert report.metrics["sharpe_ratio"] == sharpe_ratio(report.returns[:4], report.periods_per_year)
    assert report.notes == ()


def test_instruments_that_do_not_trade_on_a_day_keep_their_value() -> None:
    a, b = walk(10, seed=1), walk(10, seed=2)
    sparse = Prices(*(column[[0, 1, 2, 6, 9]] for column in b[:3]))
    targets = {"B": Targets(sparse.event_time[:1], np.array([2.0]))}
    report = run_backtest({"A": a, "B": sparse}, targets, units="units", cash=1000.0)
    held = report.equity - 1000.0 + 2.0 * sparse.open[1]
    np.testing.assert_allclose(held[1:] / 2.0, sparse.close[[1, 2, 2, 2, 2, 3, 3, 3, 4]])


def test_a_decision_changes_nothing_before_it_fills() -> None:
    prices = walk()
    targets = crossings(prices, 10.0)
    changed = Targets(targets.event_time, np.where(np.arange(600) >= 300, 99.0, targets.target))
    before, after = (run_backtest({"A": prices}, {"A": t}, units="units", cash=1e5) for t in (targets, changed))
    assert np.array_equal(before.equity[:301], after.equity[:301])
    assert not np.array_equal(before.equity[301:], after.equity[301:])


def test_doing_nothing_earns_nothing_and_divides_by_nothing() -> None:
    report = run_backtest({"A": walk()}, {}, units="weights", cash=1000.0)
    assert (report.equity == 1000.0).all()
    assert len(report.trades) == 0
    assert report.metrics["exposure"] == 0.0
    assert np.isnan(report.metrics["break_even_cost_bps"])


def test_the_benchmark_splits_the_cash_and_holds() -> None:
    prices = {"A": walk(seed=1), "B": walk(seed=2)}
    report = run_backtest(prices, {}, units="units", cash=1000.0)
    expected = sum(500.0 * p.close / p.open[0] for p in prices.values())
    np.testing.assert_allclose(report.benchmark, expected)


@pytest.mark.parametrize(("fill", "price"), [("next_open", "open"), ("close", "close"), ("next_close", "close")])
def test_account_and_benchmark_start_together_where_asked_and_buy_at_the_same_price(fill: Fill, price: str) -> None:
    prices = walk()
    start, decided = 100, 100 if fill == "close" else 99
    targets = Targets(prices.event_time[[decided]], np.ones(1))
    report = run_backtest(
        {"A": prices}, {"A": targets}, units="weights", cash=500.0, fill=fill, since=prices.event_time[start]
    )
    np.testing.assert_allclose(report.benchmark, 500.0 * prices.close[start:] / getattr(prices, price)[start])
    np.testing.assert_allclose(report.equity, report.benchmark)
    assert report.event_time[0] == prices.event_time[start]


def test_the_benchmark_holds_cash_for_what_is_not_traded_yet() -> None:
    a, b = walk(20, seed=1), walk(20, seed=2)
    late = Prices(*(column[8:] for column in b[:3]))
    report = run_backtest({"A": a, "B": late}, {}, units="units", cash=1000.0, since=a.event_time[5])
    part = np.where(np.arange(5, 20) < 8, 500.0, 500.0 * b.close[5:] / b.open[8])
    np.testing.assert_allclose(report.benchmark, 500.0 * a.close[5:] / a.open[5] + part)


def test_the_year_is_measured_from_the_bars() -> None:
    report = run_backtest({"A": walk(1000)}, {}, units="units", cash=1.0)
    assert report.periods_per_year == pytest.approx(365.25)


def test_the_document_is_json_without_nan() -> None:
    prices = walk(50)
    report = run_backtest({"A": prices}, {"A": crossings(prices, 1.0)}, units="units", cash=1000.0)
    document = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert {"metrics", "equity", "trades"} <= document.keys()
    assert document["equity"][0] == {"event_time": "2020-01-01T00:00:00Z", "value": 1000.0}


BAD = {
    "no bars for": ({"B": Targets(np.empty(0, "datetime64[us]"), np.empty(0))}, DatasetError),
    "there is no bar at 2031": ({"A": Targets(np.array(["2031-01-01"], "datetime64[us]"), np.ones(1))}, DatasetError),
    "two positions": ({"A": Targets(np.array(["2020-01-02"] * 2, "datetime64[us]"), np.ones(2))}, DatasetError),
    "finite": ({"A": Targets(np.array(["2020-01-02"], "datetime64[us]"), np.array([np.inf]))}, DatasetError),
}


@pytest.mark.parametrize("message", BAD)
def test_positions_that_cannot_be_filled_are_refused(message: str) -> None:
    positions, error = BAD[message]
    with pytest.raises(error, match=message):
        run_backtest({"A": walk(10)}, positions, units="units", cash=1.0)


def test_prices_that_cannot_be_traded_are_refused() -> None:
    good = walk(10)
    with pytest.raises(DatasetError, match="in order of time"):
        run_backtest({"A": Prices(good.event_time[::-1], good.open, good.close)}, {}, units="units", cash=1.0)
    with pytest.raises(DatasetError, match="positive number"):
        run_backtest(
            {"A": good._replace(close=good.close * np.where(np.arange(10) == 3, -1, 1))}, {}, units="units", cash=1.0
        )
    with pytest.raises(NotEnoughDataError, match="at least 2 bars, not 1"):
        run_backtest({"A": Prices(*(column[:1] for column in good[:3]))}, {}, units="units", cash=1.0)
    with pytest.raises(NotEnoughDataError, match="at least 2 bars, not 1"):
        run_backtest({"A": good}, {}, units="units", cash=1.0, since=good.event_time[-1])


def test_arguments_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="cash is 0"):
        run_backtest({"A": walk(10)}, {}, units="units", cash=0)
    with pytest.raises(UnknownNameError, match="next_open"):
        run_backtest({"A": walk(10)}, {}, units="units", cash=1, fill="next_opne")
    with pytest.raises(UnknownNameError, match="weights"):
        run_backtest({"A": walk(10)}, {}, units="weight", cash=1)
    with pytest.raises(ConfigurationError, match="commission_bps is -1"):
        basis_points(-1.0)


def test_real_bars_of_many_instruments_equal_the_plain_account(shared_data: Path) -> None:
    symbols = ["SPY", "AAPL", "JPM"]
    table = pq.read_table(shared_data / "equities_daily.parquet", filters=[("symbol", "in", symbols)]).to_pandas()
    prices = {
        symbol: Prices(
            rows["ts"].dt.tz_localize(None).to_numpy().astype("datetime64[us]"),
            rows["open"].to_numpy(),
            rows["close"].to_numpy(),
        )
        for symbol, rows in table.groupby("symbol")
    }
    targets = {symbol: crossings(p, 10.0) for symbol, p in prices.items()}
    report: BacktestReport = run_backtest(prices, targets, units="units", cash=100_000, costs=basis_points(20.0))
    expected = sum(slow_account(prices[s], targets[s].target, cash=0.0, bps=20.0)[-1] for s in symbols)
    assert report.equity[-1] - 100_000 == pytest.approx(expected, abs=1e-6)
    assert report.metrics["n_trades"] > 100


@pytest.mark.parametrize(("fill", "first"), [("close", 0), ("next_open", 1), ("next_close", 1)])
@pytest.mark.parametrize("delay", [0, 1, 3])
def test_a_delay_is_counted_in_bars_of_the_instrument(fill: Fill, first: int, delay: int) -> None:
    other, prices = walk(20, seed=3), walk(20, seed=4)
    own = Prices(*(column[::2] for column in prices[:3]))
    report = run_backtest(
        {"A": own, "B": other},
        {"A": Targets(own.event_time[2:3], np.ones(1))},
        units="units",
        cash=1e6,
        fill=fill,
        delay_bars=delay,
    )
    assert report.trades[0].entry_time == own.event_time[2 + first + delay]


def test_a_sum_of_weights_above_the_limit_is_refused_at_its_first_bar() -> None:
    prices = {name: walk(20, seed=seed) for seed, name in enumerate("AB")}
    times = prices["A"].event_time
    targets = {"A": Targets(times[[2, 6]], np.array([0.5, 0.9])), "B": Targets(times[[4]], np.array([-0.5]))}
    assert run_backtest(prices, targets, units="weights", cash=1e3, max_leverage=1.4).n_fills == 3
    message = r"the positions at 2020-01-08T00:00:00Z are 1\.4 times the equity, above max_leverage 1\.0"
    with pytest.raises(ConfigurationError, match=message):
        run_backtest(prices, targets, units="weights", cash=1e3, max_leverage=1.0)
    thirds = {name: Targets(own.event_time[:1], np.ones(1) / 3) for name, own in (prices | {"C": prices["A"]}).items()}
    assert run_backtest(prices | {"C": prices["A"]}, thirds, units="weights", cash=1e3, max_leverage=1.0).n_fills == 3


def test_units_are_held_against_the_equity_when_they_fill() -> None:
    close = np.array([10.0, 10.0, 10.0, 5.0, 5.0, 5.0])
    prices = Prices(np.datetime64("2024-01-01", "us") + np.arange(6) * DAY, close, close)
    bought = {"A": Targets(prices.event_time[[0, 1]], np.array([100.0, 150.0]))}
    assert run_backtest({"A": prices}, bought, units="units", cash=1e3, max_leverage=1.5).n_fills == 2
    once = {"A": Targets(prices.event_time[:1], np.array([150.0]))}  # what it costs itself does not count against it
    assert run_backtest({"A": prices}, once, units="units", cash=1e3, max_leverage=1.5, costs=basis_points(9.0))
    with pytest.raises(ConfigurationError, match=r"2024-01-03.* are 1\.5 times the equity, above max_leverage 1\.2"):
        run_backtest({"A": prices}, bought, units="units", cash=1e3, max_leverage=1.2)
    # At 5.0 a half of the equity is left to 150 units: selling some of them is not refused, buying more is.
    sold = {"A": Targets(prices.event_time[[0, 3]], np.array([150.0, 140.0]))}
    assert run_backtest({"A": prices}, sold, units="units", cash=1e3, max_leverage=1.5).n_fills == 2
    more = {"A": Targets(prices.event_time[[0, 3]], np.array([150.0, 151.0]))}
    with pytest.raises(ConfigurationError, match="2024-01-05"):
        run_backtest({"A": prices}, more, units="units", cash=1e3, max_leverage=1.5)


def test_an_account_without_equity_buys_nothing_again_even_when_prices_come_back() -> None:
    a = np.array([10.0, 10.0, 1.0, 1.0, 10.0, 10.0, 10.0])
    times = np.datetime64("2024-01-01", "us") + np.arange(7) * DAY
    gone, rare = Prices(times, a, a), Prices(times[[0, 1, 5, 6]], *[np.full(4, 10.0)] * 2)
    positions = {"A": Targets(times[[0, 2, 4]], np.array([2.0, 1.0, 0.5])), "B": Targets(times[[0]], np.ones(1))}
    report = run_backtest({"A": gone, "B": rare}, positions, units="weights", cash=1e3)
    by_hand = keep_slowly({"A": gone, "B": rare}, positions, units="weights", cash=1e3, costs=basis_points())
    np.testing.assert_allclose(report.equity, by_hand.equity)
    assert report.equity[3] < 0.0
    assert (np.array(by_hand.units)[5:] == 0.0).all()  # A is sold at once, B in its next bar
    assert [trade.is_open for trade in report.trades] == [False, False]


def test_the_account_alone_is_that_of_the_report() -> None:
    prices = walk()
    targets = {"A": crossings(prices, 10.0)}
    grid, account = simulate({"A": prices}, targets, units="units", cash=1e5, costs=basis_points(3.0))
    report = run_backtest({"A": prices}, targets, units="units", cash=1e5, costs=basis_points(3.0))
    assert np.array_equal(account.equity, report.equity)
    assert np.array_equal(grid.event_time, report.event_time)


def test_missing_prices_are_allowed_and_infinite_ones_are_not() -> None:
    good = walk(10)
    missing = np.where(np.arange(10) == 3, np.nan, good.open)
    assert run_backtest({"A": good._replace(open=missing)}, {}, units="units", cash=1.0).equity[-1] == 1.0
    with pytest.raises(DatasetError, match="NaN where it is missing"):
        run_backtest(
            {"A": good._replace(open=np.where(np.arange(10) == 3, np.inf, good.open))}, {}, units="units", cash=1
        )
    with pytest.raises(DatasetError, match="volume must not be negative"):
        run_backtest({"A": good._replace(volume=-good.close)}, {}, units="units", cash=1)
    with pytest.raises(DatasetError, match="must have one length"):
        run_backtest({"A": good._replace(volume=good.close[1:])}, {}, units="units", cash=1)


def test_limits_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="max_leverage is 0"):
        run_backtest({"A": walk(10)}, {}, units="units", cash=1, max_leverage=0.0)
    with pytest.raises(ConfigurationError, match="delay_bars is -1"):
        run_backtest({"A": walk(10)}, {}, units="units", cash=1, delay_bars=-1)


def test_positions_may_come_in_any_order() -> None:
    prices = walk(50)
    targets = crossings(prices, 10.0)
    mixed = np.random.default_rng(0).permutation(50)
    reports = [
        run_backtest({"A": prices}, {"A": given}, units="units", cash=1e5)
        for given in (targets, Targets(targets.event_time[mixed], targets.target[mixed]))
    ]
    assert reports[0].n_fills > 0
    assert np.array_equal(reports[0].equity, reports[1].equity)


def test_what_is_bought_before_any_close_is_known_is_worth_its_price() -> None:
    times = np.datetime64("2024-01-01", "us") + np.arange(4) * DAY
    prices = Prices(times, np.full(4, 10.0), np.array([np.nan, np.nan, 12.0, 13.0]))
    report = run_backtest({"A": prices}, {"A": Targets(times[:1], np.ones(1))}, units="units", cash=100.0)
    assert report.equity.tolist() == [100.0, 100.0, 102.0, 103.0]


def test_turnover_is_that_of_the_bars_of_the_account() -> None:
    prices = walk(60)
    start = 30
    targets = Targets(prices.event_time[[start + 2, start + 9]], np.array([10.0, -5.0]))
    report = run_backtest({"A": prices}, {"A": targets}, units="units", cash=1e3, since=prices.event_time[start])
    values = np.array([10.0 * prices.open[start + 3], 15.0 * prices.open[start + 10]])
    assert report.metrics["turnover"] == pytest.approx((values / report.equity[[2, 9]]).sum() / 30)

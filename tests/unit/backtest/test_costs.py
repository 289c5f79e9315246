from __future__ import annotations

import re

import numpy as np
import pytest

from trimtab.backtest.costs import COST_KINDS, Costs, basis_points, costs_from
from trimtab.backtest.engine import BacktestReport, run_backtest
from trimtab.backtest.impact import usual_market
from trimtab.backtest.market import Prices, Targets
from trimtab.config.strategy import Backtest
from trimtab.errors import ConfigurationError, DatasetError

DAY = np.timedelta64(1, "D").astype("timedelta64[us]")


def flat(n: int = 4, price: float = 100.0, volume: float | None = 1_000.0, step: np.timedelta64 = DAY) -> Prices:
    column = np.full(n, price)
    times = np.datetime64("2024-01-01", "us") + np.arange(n) * step
    return Prices(times, column, column, None if volume is None else np.full(n, volume))


def trade(prices: Prices, units: list[float], costs: Costs) -> BacktestReport:
    targets = Targets(prices.event_time[: len(units)], np.array(units))
    return run_backtest({"A": prices}, {"A": targets}, units="units", cash=10_000.0, costs=costs)


def test_commission_is_paid_per_value_per_unit_and_per_fill_at_once() -> None:
    costs = Costs(commission_bps=10.0, commission_per_share=0.05, commission_per_trade=2.0)
    report = trade(flat(), [10.0, 0.0], costs)
    assert report.costs_paid["commission"] == pytest.approx(2 * (1.0 + 0.5 + 2.0))
    assert report.equity[-1] == pytest.approx(10_000.0 - 7.0)


def test_commission_is_paid_on_the_price_after_slippage() -> None:
    report = trade(flat(), [10.0, 0.0], basis_points(10.0, 100.0))
    assert report.costs_paid["slippage"] == pytest.approx(20.0)
    assert report.costs_paid["commission"] == pytest.approx((1_010.0 + 990.0) * 0.001)


def test_every_part_of_an_order_that_fills_over_several_bars_pays_per_fill() -> None:
    report = trade(flat(6), [250.0], Costs(commission_per_trade=3.0, max_volume_share=0.1))
    assert report.n_fills == 3
    assert report.costs_paid["commission"] == pytest.approx(9.0)


def test_impact_is_volatility_times_the_root_of_the_share_of_the_usual_volume() -> None:
    close = np.array([100.0, 110.0, 99.0, 105.0, 105.0])
    volume = np.array([900.0, 1_100.0, 1_000.0, 5.0, 5.0])
    prices = flat(5)._replace(close=close, volume=volume)
    targets = Targets(prices.event_time[2:3], np.array([40.0]))
    report = run_backtest({"A": prices}, {"A": targets}, units="units", cash=10_000.0, costs=Costs(impact=0.5))
    sigma = np.std(np.diff(np.log(close[:3])), ddof=1)
    assert report.costs_paid["impact"] == pytest.approx(40.0 * 100.0 * 0.5 * sigma * np.sqrt(40.0 / 1_000.0))


def test_the_usual_market_is_that_of_the_last_twenty_bars_of_the_instrument() -> None:
    random = np.random.default_rng(0)
    close, volume = np.exp(random.normal(size=(60, 1))), random.uniform(1.0, 2.0, (60, 1))
    has_bar = random.random((60, 1)) < 0.7
    own = np.flatnonzero(has_bar[:50, 0])[-20:]
    expected = np.std(np.diff(np.log(close[own, 0])), ddof=1), volume[own, 0].mean()
    assert usual_market(close, volume, has_bar, 50, 0) == pytest.approx(expected)


def test_before_two_returns_are_known_there_is_no_impact() -> None:
    jumps = flat(5)._replace(close=np.array([100.0, 120.0, 100.0, 120.0, 100.0]))
    at = {bar: trade(jumps, [0.0] * bar + [5.0], Costs(impact=1.0)).costs_paid["impact"] for bar in (1, 2)}
    assert at[1] == 0.0  # fills in the third bar, after one return
    assert at[2] > 0.0


def test_a_sale_fetches_nothing_at_worst() -> None:
    wild = flat(6)._replace(close=np.array([100.0, 400.0, 100.0, 400.0, 100.0, 100.0]), volume=np.full(6, 1e-6))
    report = trade(wild, [0.0, 0.0, 0.0, -10.0], Costs(impact=100.0, commission_bps=50.0))
    assert report.costs_paid == {"commission": 0.0, "slippage": 0.0, "impact": 1_000.0, "borrow": 0.0}


def test_borrow_is_paid_on_short_value_for_the_time_that_passes() -> None:
    prices = flat(4)
    times = prices.event_time[0] + np.array([0, 1, 2, 5]) * DAY  # over a weekend
    report = trade(prices._replace(event_time=times), [-20.0], Costs(borrow_bps_per_year=365.25))
    expected = 2_000.0 * 0.036525 * np.array([0.0, 0.0, 1.0, 4.0]) / 365.25
    np.testing.assert_allclose(10_000.0 - report.equity, expected, atol=1e-9)
    assert report.trades[0].costs == pytest.approx(expected[-1])
    assert trade(prices, [20.0], Costs(borrow_bps_per_year=365.25)).metrics["total_costs"] == 0.0


def test_costs_by_kind_add_up() -> None:
    prices = flat(40)._replace(close=100.0 + np.arange(40) % 3)
    costs = Costs(2.0, 0.01, 1.0, 3.0, 0.05, 0.4, 80.0)
    report = trade(prices, [60.0, -60.0] * 15, costs)
    assert min(report.costs_paid.values()) > 0.0
    assert tuple(report.costs_paid) == COST_KINDS
    assert sum(report.costs_paid.values()) == pytest.approx(report.metrics["total_costs"])
    assert sum(report.trades.costs) == pytest.approx(report.metrics["total_costs"])


def test_every_friction_of_a_strategy_file_is_charged() -> None:
    given = {
        "commission_bps": 1.0,
        "commission_per_share": 2.0,
        "commission_per_trade": 3.0,
        "slippage_bps": 4.0,
        "max_volume_share": 0.5,
        "impact": 6.0,
        "borrow_bps_per_year": 7.0,
    }
    assert vars(costs_from(Backtest(**given))) == given
    assert costs_from(Backtest()) == basis_points(5.0, 5.0)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("commission_bps", -1.0, "commission_bps is -1"),
        ("impact", float("nan"), "impact is nan"),
        ("borrow_bps_per_year", float("inf"), "borrow_bps_per_year is inf"),
        ("slippage_bps", 10_000.0, "a sale would fetch nothing"),
        ("max_volume_share", 0.0, "max_volume_share is 0.0"),
        ("max_volume_share", 1.5, "above 0 and up to 1"),
    ],
)
def test_costs_out_of_range_are_refused(name: str, value: float, message: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        Costs(**{name: value})


@pytest.mark.parametrize("volume", [None, 0.0, float("nan")])
def test_costs_that_need_a_volume_nobody_knows_are_refused(volume: float | None) -> None:
    prices = flat(volume=volume)
    for costs in (Costs(impact=0.1), Costs(max_volume_share=0.1)):
        with pytest.raises(DatasetError, match="no volume is known for A"):
            trade(prices, [1.0], costs)
    assert trade(prices, [1.0], basis_points(5.0)).n_fills == 1

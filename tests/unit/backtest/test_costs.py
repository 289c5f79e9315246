from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from fakes.bars import random_walk

from trimtab.backtest.costs import COST_KINDS, Costs, basis_points, costs_from
from trimtab.backtest.engine import BacktestReport, run_backtest
from trimtab.backtest.impact import usual_market
from trimtab.backtest.market import Prices, Targets, prices_of
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


def test_an_order_waits_until_two_returns_are_known_to_pay_impact_by() -> None:
    jumps = flat(6)._replace(close=np.array([100.0, 120.0, 100.0, 120.0, 100.0, 90.0]))
    early, later = (trade(jumps, [0.0] * bar + [5.0], Costs(impact=1.0)) for bar in (0, 2))
    assert [(order.event_time, order.reason, order.outcome) for order in early.unfilled] == [
        (jumps.event_time[1], "unknown impact", "filled later")
    ]
    assert early.trades[0].entry_time == later.trades[0].entry_time == jumps.event_time[3]
    assert early.costs_paid == later.costs_paid
    assert early.costs_paid["impact"] > 0.0
    assert later.unfilled == ()


def test_the_first_order_after_a_month_without_volume_waits_and_is_the_dearest() -> None:
    quiet = flat(60)._replace(close=100.0 + np.arange(60) % 3, volume=np.where(np.arange(60) < 25, 0.0, 1_000.0))
    wanted = Targets(quiet.event_time[[24]], np.array([500.0]))
    busy = quiet._replace(volume=np.full(60, 1_000.0))
    paid = {}
    for name, prices in {"quiet": quiet, "busy": busy}.items():
        report = run_backtest({"A": prices}, {"A": wanted}, units="units", cash=1e6, costs=Costs(impact=1.0))
        paid[name] = report.costs_paid["impact"]
        assert [order.reason for order in report.unfilled] == (["unknown impact"] if name == "quiet" else [])
    assert paid["quiet"] > 4.0 * paid["busy"] > 0.0  # a twentieth of the usual volume, so the root of twenty


def test_a_commission_per_share_is_paid_on_shares_as_they_were_traded() -> None:
    factor = np.array([0.25, 0.25, 0.5, 1.0, 1.0])
    adjusted = flat(5, price=50.0)._replace(factor=factor)
    report = trade(adjusted, [8.0, 4.0, 0.0], Costs(commission_per_share=0.01))
    assert report.n_fills == 3
    assert report.costs_paid["commission"] == pytest.approx(0.01 * (8 * 0.25 + 4 * 0.5 + 4 * 1.0))
    as_traded = trade(adjusted._replace(factor=None), [8.0, 4.0, 0.0], Costs(commission_per_share=0.01))
    assert as_traded.costs_paid["commission"] == pytest.approx(0.01 * 16.0)


@pytest.mark.parametrize("last_factor", [0.1, 7.0])
def test_a_split_or_dividend_after_the_last_bar_changes_no_cost_of_the_past(last_factor: float) -> None:
    stored = random_walk(120, seed=3, instrument="AAA")
    stored = replace(stored, factor=np.linspace(0.2, 1.0, 120) ** 2)  # as if something were paid every day
    shares = np.random.default_rng(1).choice([-0.5, 0.0, 0.5], 120)
    costs = Costs(3.0, 0.02, 1.5, 2.0, 0.00005, 0.8, 90.0)
    told = []
    for scale in (1.0, last_factor):
        prices = prices_of(replace(stored, factor=stored.factor * scale))
        targets = Targets(prices.event_time, shares)
        told.append(run_backtest({"A": prices}, {"A": targets}, units="weights", cash=1e6, costs=costs))
    assert told[0].costs_paid == pytest.approx(told[1].costs_paid, rel=1e-9)
    assert min(told[0].costs_paid.values()) > 0.0
    assert "more than the volume share" in {order.reason for order in told[0].unfilled}
    np.testing.assert_allclose(told[0].equity, told[1].equity, rtol=1e-9)


def test_shares_are_counted_as_they_were_traded_wherever_adjusted_bars_are_read() -> None:
    bars = random_walk(10, seed=3, instrument="AAA")
    split = replace(bars, factor=np.where(np.arange(10) < 5, 0.5, 1.0))
    np.testing.assert_array_equal(prices_of(split).factor, split.factor)
    np.testing.assert_array_equal(prices_of(split).close, bars.close * split.factor)
    assert prices_of(split, adjusted=False).factor is None
    assert prices_of(bars).factor is None


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan"), float("inf")])
def test_a_factor_that_is_no_positive_number_is_refused(factor: float) -> None:
    with pytest.raises(DatasetError, match="A: every factor must be a positive number"):
        trade(flat()._replace(factor=np.full(4, factor)), [1.0], Costs())


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
        ("slippage_bps", 10_000.0, "slippage_bps is 10000.0; give less than 10000 basis points per side"),
        ("commission_bps", 1e6, "commission_bps is 1000000.0; give less than 10000 basis points per side"),
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

"""The account of any market, any targets and any costs is the one kept by hand, and never knows what comes later."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.slow_account import keep_slowly
from trimtab.backtest.costs import Costs
from trimtab.backtest.engine import run_backtest
from trimtab.backtest.market import Prices, Targets

DAY = np.timedelta64(1, "D").astype("timedelta64[us]")
FILLS = ("next_open", "close", "next_close")
CASH = 1e6

costs = st.builds(
    Costs,
    commission_bps=st.sampled_from([0.0, 7.0]),
    commission_per_share=st.sampled_from([0.0, 0.01]),
    commission_per_trade=st.sampled_from([0.0, 1.5]),
    slippage_bps=st.sampled_from([0.0, 12.0]),
    max_volume_share=st.sampled_from([None, 0.1, 0.9]),
    impact=st.sampled_from([0.0, 0.7]),
    borrow_bps_per_year=st.sampled_from([0.0, 300.0]),
)
seeds = st.integers(0, 2**32 - 1)


def market(seed: int, gaps: bool) -> tuple[dict[str, Prices], dict[str, Targets]]:
    """A few instruments of 40 days at most; with gaps, some bars, prices and volumes are missing."""
    random = np.random.default_rng(seed)
    prices, targets = {}, {}
    for name in "ABC"[: random.integers(1, 4)]:
        close = 50.0 * np.exp(np.cumsum(random.normal(0.0, 0.03, 40)))
        open_, volume = close * np.exp(random.normal(0.0, 0.01, 40)), random.integers(1, 4, 40) * 2_000.0
        kept = np.sort(random.choice(40, random.integers(5, 41), replace=False)) if gaps else np.arange(40)
        if gaps:
            open_[random.random(40) < 0.1] = np.nan
            close[1:][random.random(39) < 0.1] = np.nan
            volume[random.random(40) < 0.2] = 0.0
        own = Prices(np.datetime64("2024-01-01", "us") + kept * DAY, open_[kept], close[kept], volume[kept])
        if random.random() < 0.5:
            own = own._replace(factor=np.cumprod(random.choice([1.0, 1.01, 2.0], len(kept), p=[0.7, 0.2, 0.1])))
        if not volume[kept].any():  # which would mean that no volume is known
            own = own._replace(volume=np.ones(len(kept)))
        decided = random.random(len(kept)) < 0.5
        size = random.integers(-2, 3, len(kept)) / 4.0
        size[random.random(len(kept)) < 0.1] = np.nan
        prices[name], targets[name] = own, Targets(own.event_time[decided], size[decided])
    return prices, targets


def in_units(targets: dict[str, Targets]) -> dict[str, Targets]:
    return {name: Targets(own.event_time, own.target * 4_000.0) for name, own in targets.items()}


@settings(deadline=None, max_examples=150)
@given(seeds, st.booleans(), st.sampled_from(["units", "weights"]), st.sampled_from(FILLS), st.integers(0, 3), costs)
def test_the_account_is_the_one_kept_by_hand(
    seed: int, gaps: bool, units: str, fill: str, delay: int, paid: Costs
) -> None:
    prices, targets = market(seed, gaps)
    wanted = targets if units == "weights" else in_units(targets)
    report = run_backtest(
        prices,
        wanted,
        units=units,
        cash=CASH,
        costs=paid,
        fill=fill,
        delay_bars=delay,
    )
    by_hand = keep_slowly(prices, wanted, units=units, cash=CASH, costs=paid, fill=fill, delay_bars=delay)
    np.testing.assert_allclose(report.equity, by_hand.equity, rtol=1e-9, atol=1e-9 * CASH)
    assert report.costs_paid == pytest.approx(by_hand.paid, rel=1e-9, abs=1e-9)
    assert report.n_fills == by_hand.n_fills
    waited = {
        (u.instrument_id, u.event_time, u.reason)
        for u in report.unfilled
        if u.reason in ("no price", "no volume", "unknown impact")
    }
    assert waited <= by_hand.missed  # by hand every bar is listed, here the first of each order
    assert bool(waited) == bool(by_hand.missed)


@settings(deadline=None, max_examples=60)
@given(seeds, st.booleans(), st.sampled_from(["units", "weights"]), st.sampled_from(FILLS), costs)
def test_what_trades_earn_and_cost_adds_up_to_the_account(
    seed: int, gaps: bool, units: str, fill: str, paid: Costs
) -> None:
    prices, targets = market(seed, gaps)
    wanted = targets if units == "weights" else in_units(targets)
    report = run_backtest(prices, wanted, units=units, cash=CASH, costs=paid, fill=fill)
    assert sum(trade.pnl for trade in report.trades) == pytest.approx(report.equity[-1] - CASH, rel=1e-9, abs=1e-4)
    assert sum(trade.costs for trade in report.trades) == pytest.approx(report.metrics["total_costs"], abs=1e-6)
    assert sum(report.costs_paid.values()) == pytest.approx(report.metrics["total_costs"])


@settings(deadline=None, max_examples=60)
@given(seeds, st.sampled_from(["units", "weights"]), st.sampled_from(FILLS), costs, st.integers(0, 39))
def test_what_happens_later_changes_nothing_before(seed: int, units: str, fill: str, paid: Costs, last: int) -> None:
    prices, targets = market(seed, gaps=False)
    wanted = targets if units == "weights" else in_units(targets)
    later = np.arange(40) > last
    changed = {
        name: own._replace(
            open=np.where(later, own.open * 3.0, own.open),
            close=np.where(later, own.close / 2.0, own.close),
            volume=np.where(later, 1.0, np.asarray(own.volume)),
            factor=None if own.factor is None else np.where(later, 5.0, own.factor),
        )
        for name, own in prices.items()
    }
    before, after = (
        run_backtest(given_, wanted, units=units, cash=CASH, costs=paid, fill=fill) for given_ in (prices, changed)
    )
    assert np.array_equal(before.equity[: last + 1], after.equity[: last + 1])
    assert np.array_equal(before.weights[: last + 1], after.weights[: last + 1])


@pytest.mark.parametrize(("fill", "first_changed"), [("next_open", 21), ("close", 20), ("next_close", 21)])
def test_a_close_can_be_traded_on_at_once_only_where_orders_fill_at_the_deciding_close(
    fill: str, first_changed: int
) -> None:
    own = market(5, gaps=False)[0]["A"]
    held = []
    for factor in (0.5, 1.5):
        close = np.where(np.arange(40) == 20, own.close * factor, own.close)
        rises = Targets(own.event_time, 100.0 * (np.diff(close, prepend=close[0]) > 0.0))
        report = run_backtest({"A": own}, {"A": rises}, units="units", cash=CASH, fill=fill)
        held.append(report.weights[:, 0] != 0.0)
    assert np.flatnonzero(held[0] != held[1])[0] == first_changed

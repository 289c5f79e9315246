"""What a backtest costs, beside numpy doing only the unavoidable arithmetic.

The bound fills at the next open, pays commission and slippage, and adds up the equity curve: no checks, no
grid, no round trips, no benchmark, no metrics. Both sides must end with the same equity.
"""

from __future__ import annotations

import numpy as np

from benchmarks.measuring import Section, best_of, times
from trimtab.backtest.costs import basis_points
from trimtab.backtest.engine import run_backtest
from trimtab.backtest.market import Prices, Targets

CASH, COMMISSION, SLIPPAGE = 1e8, 1.0, 2.0
HOLD = 20  # bars until the position may change
NOTE = """Processor time of one thread. The bound is numpy computing fills, costs and the equity curve and nothing
else; trimtab also checks and aligns the input, pairs round trips, holds a benchmark and computes every metric.
Both end with the same equity. `weights` sizes positions by the equity at each fill, which has no such bound."""


def measure() -> list[Section]:
    """One long instrument, then many daily ones."""
    table: list[tuple[str, ...]] = []
    for label, n_bars, n_instruments in (("1 × 1,000,000 bars", 1_000_000, 1), ("500 × 12 years daily", 3_024, 500)):
        prices, targets = _market(n_bars, n_instruments)
        table += [_row(label, prices, targets, units) for units in ("units", "weights")]
    header = ("shape", "sizing", "trades", "seconds", "bars/s", "× numpy bound", "× copy")
    return [Section("Backtest", header, table, NOTE)]


def _row(label: str, prices: dict[str, Prices], targets: dict[str, Targets], units: str) -> tuple[str, ...]:
    costs = basis_points(COMMISSION, SLIPPAGE)
    size = 1.0 if units == "units" else 1.0 / len(prices)
    wanted = {name: Targets(given.event_time, given.target * size) for name, given in targets.items()}

    def ours():  # type: ignore[no-untyped-def]  # a BacktestReport
        return run_backtest(prices, wanted, units=units, cash=CASH, costs=costs)  # type: ignore[arg-type]  # a Literal

    report = ours()
    seconds = best_of(ours, 2)
    bound = best_of(lambda: _bound(prices, wanted), 3)
    copy = best_of(lambda: [(p.open.copy(), p.close.copy()) for p in prices.values()], 3)
    if units == "units":
        np.testing.assert_allclose(report.equity, _bound(prices, wanted), rtol=1e-9)
    n_bars = sum(len(p.close) for p in prices.values())
    n_trades = f"{int(report.metrics['n_trades']):,}"
    against = times(seconds, bound) if units == "units" else "-"
    return label, units, n_trades, f"{seconds:.2f}", f"{n_bars / seconds:,.0f}", against, times(seconds, copy)


def _bound(prices: dict[str, Prices], targets: dict[str, Targets]) -> np.ndarray:
    """The equity curve of units held, filled at the next open."""
    equity = CASH
    rates = (1.0 + COMMISSION / 1e4) * (SLIPPAGE / 1e4), COMMISSION / 1e4
    for name, own in prices.items():
        held = np.concatenate([[0.0], targets[name].target[:-1]])
        traded = np.diff(held, prepend=0.0)
        paid_price = own.open * (1.0 + np.sign(traded) * (SLIPPAGE / 1e4))
        paid = np.abs(traded) * paid_price * rates[1] + traded * paid_price
        equity = equity + held * own.close - np.cumsum(paid)
    return np.asarray(equity)


def _market(n_bars: int, n_instruments: int) -> tuple[dict[str, Prices], dict[str, Targets]]:
    """Random walks; the position is the sign of the last `HOLD` bars' return, looked at every `HOLD` bars."""
    rng = np.random.default_rng(7)
    event_time = np.datetime64("2000-01-03", "us") + np.arange(n_bars) * np.timedelta64(60_000_000, "us")
    prices, targets = {}, {}
    for number in range(n_instruments):
        close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.002, n_bars)))
        open_ = close * np.exp(rng.normal(0.0, 0.0005, n_bars))
        sign = np.sign(np.diff(close[::HOLD], prepend=close[0]))
        prices[f"W{number}"] = Prices(event_time, open_, close)
        targets[f"W{number}"] = Targets(event_time, np.repeat(sign, HOLD)[:n_bars])
    return prices, targets

"""What a backtest costs, beside numpy doing only the unavoidable arithmetic, and beside vectorbt.

The bound fills at the next open, pays commission and slippage, and adds up the equity curve: no checks, no
grid, no round trips, no benchmark, no metrics. vectorbt gets the same orders in a process of the peers' environment.
All sides must end with the same equity.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.measuring import Section, best_of, times
from benchmarks.peer_environment import ROOT, peer_python
from trimtab.backtest.costs import basis_points
from trimtab.backtest.engine import run_backtest, simulate
from trimtab.backtest.market import Prices, Targets

CASH, COMMISSION, SLIPPAGE = 1e8, 1.0, 2.0
HOLD = 20  # bars until the position may change
NOTE = """Processor time of one thread. The bound is numpy computing fills, costs and the equity curve and nothing
else; trimtab also checks and aligns the input, pairs round trips, holds a benchmark and computes every metric.
Both end with the same equity. `weights` sizes positions by the equity at each fill, which has no such bound."""

BESIDE = """The same orders: units to hold, filled at the next open, with commission and slippage. `equity` is the account
alone; `report` adds trades, benchmark and metrics (all of ours; of vectorbt those it has under one name of its own).
Warm, processor time of one process; the equity curves agree to 1e-9 on every bar. trimtab is given prices and
targets per instrument, which it checks and aligns, vectorbt the finished tables."""
WITHOUT = "vectorbt was not measured: make its environment with `python -m benchmarks.peer_environment`."
SHAPES = (("1 × 1,000,000 bars", 1_000_000, 1), ("500 × 12 years daily", 3_024, 500))


def measure() -> list[Section]:
    """One long instrument, then many daily ones."""
    table: list[tuple[str, ...]] = []
    beside: list[tuple[str, ...]] = []
    python = peer_python()
    for label, n_bars, n_instruments in SHAPES:
        prices, targets = _market(n_bars, n_instruments)
        table += [_row(label, prices, targets, units) for units in ("units", "weights")]
        if python is not None:
            beside += _beside_vectorbt(python, label, prices, targets)
    header = ("shape", "sizing", "trades", "seconds", "bars/s", "× numpy bound", "× copy")
    against = ("beside vectorbt 1.2.0", "vectorbt seconds", "trimtab seconds", "vectorbt / trimtab")
    return [
        Section("Backtest", header, table, NOTE),
        Section("Backtest beside vectorbt", against, beside, BESIDE if beside else WITHOUT),
    ]


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


def _beside_vectorbt(
    python: Path, label: str, prices: dict[str, Prices], targets: dict[str, Targets]
) -> list[tuple[str, ...]]:
    """Seconds of both sides for the equity alone and for the whole report."""
    costs = basis_points(COMMISSION, SLIPPAGE)
    with tempfile.TemporaryDirectory() as folder:
        _write_orders(Path(folder), prices, targets)
        command = [str(python), "-m", "benchmarks.peer_vectorbt", folder, "3"]
        said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        theirs = json.loads(said.splitlines()[-1])
        with np.load(Path(folder) / "vectorbt.npz") as stored:
            equity = stored["equity"]

    def account():  # type: ignore[no-untyped-def]  # a Grid and an Account
        return simulate(prices, targets, units="units", cash=CASH, costs=costs)

    def report():  # type: ignore[no-untyped-def]  # a BacktestReport
        return run_backtest(prices, targets, units="units", cash=CASH, costs=costs)

    np.testing.assert_allclose(account()[1].equity, equity, rtol=1e-9)
    ours = {"equity": best_of(account, 3), "report": best_of(report, 3)}
    return [
        (f"{label}, {what}", f"{theirs[what]:.3f}", f"{ours[what]:.3f}", times(theirs[what], ours[what]))
        for what in ("equity", "report")
    ]


def _write_orders(folder: Path, prices: dict[str, Prices], targets: dict[str, Targets]) -> None:
    """Prices and orders as tables: an order stands in the bar it fills in, where the units to hold change."""
    held = np.stack([own.target for own in targets.values()], axis=1)
    held = np.vstack([np.zeros((1, held.shape[1])), held[:-1]])
    size = np.where(np.diff(held, axis=0, prepend=0.0) != 0.0, held, np.nan)
    np.savez(
        folder / "orders.npz",
        open=np.stack([own.open for own in prices.values()], axis=1),
        close=np.stack([own.close for own in prices.values()], axis=1),
        size=size,
        cash=CASH,
        commission=COMMISSION / 1e4,
        slippage=SLIPPAGE / 1e4,
    )


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

"""A backtest as tables and sentences for a person."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.measure_text import measure_text
from trimtab.cli.output import print_table, shown

if TYPE_CHECKING:
    from trimtab.backtest.evidence import BacktestEvidence
    from trimtab.backtest.surface import CostSurface

NAMED = 10  # instruments that are named in the title; more are counted
LATEST = 10  # trades that are listed


def show(evidence: BacktestEvidence) -> None:
    """Print the measures, how sure they are, the benchmarks, the costs, the latest trades, what did not fill and the notes."""
    _measures(evidence)
    _intervals(evidence)
    _benchmarks(evidence)
    _costs(evidence)
    _trades(evidence)
    if evidence.surface is not None:
        _surface(evidence.surface, evidence.break_even_reason)
    _unfilled(evidence)
    for note in evidence.notes:
        typer.echo(f"Note: {note}.")


def _measures(evidence: BacktestEvidence) -> None:
    report, market = evidence.report, evidence.market
    rows = [
        {
            "measure": name,
            "strategy": measure_text(name, value),
            "buy_and_hold": measure_text(name, report.benchmark_metrics.get(name)),
        }
        | ({} if market is None else {market.name: measure_text(name, market.metrics.get(name))})
        for name, value in report.metrics.items()
    ]
    names = report.instruments
    of = ", ".join(names) if len(names) <= NAMED else f"{len(names)} instruments"
    print_table(f"Backtest over {len(report.event_time)} bars of {of}, {evidence.prices} prices", rows)


def _intervals(evidence: BacktestEvidence) -> None:
    names = ("measure", "value", "low", "high")
    rows = [
        {name: measure_text(each.measure, getattr(each, name)) if name != "measure" else each.measure for name in names}
        for each in evidence.intervals
    ]
    print_table(f"How far chance alone might move it ({evidence.intervals[0].confidence:.0%} intervals)", rows)


def _benchmarks(evidence: BacktestEvidence) -> None:
    held = asdict(evidence.against_benchmark)
    market = {} if evidence.against_market is None else asdict(evidence.against_market)
    name = "" if evidence.market is None else evidence.market.name
    rows = [
        {"measure": measure, "buy_and_hold": measure_text(measure, value)}
        | ({name: measure_text(measure, market[measure])} if market else {})
        for measure, value in held.items()
    ]
    print_table("Compared with buying and holding", rows)


def _costs(evidence: BacktestEvidence) -> None:
    paid = {kind: money for kind, money in evidence.report.costs_paid.items() if money}
    if paid:
        print_table("Costs paid", [{"kind": kind, "money": money} for kind, money in paid.items()])


def _trades(evidence: BacktestEvidence) -> None:
    trades = evidence.report.trades
    if not trades:
        typer.echo("Nothing was traded.\n")
        return
    rows = [_row(asdict(trade)) for trade in trades[-LATEST:]]
    cut = "" if len(trades) <= LATEST else f", the latest {LATEST} of {len(trades):,} (all with --json)"
    print_table(f"Trades{cut}", rows)


def _row(trade: dict[str, Any]) -> dict[str, Any]:
    kept = ("instrument_id", "side", "units", "entry_time", "exit_time", "entry_price", "exit_price", "pnl")
    return {name: _time(trade[name]) if name.endswith("_time") else trade[name] for name in kept}


def _time(value: Any) -> Any:
    import numpy as np

    return "open" if np.isnat(value) else value.astype("datetime64[us]").item()


def _surface(surface: CostSurface, no_break_even: str) -> None:
    rows = [
        {"cost_bps": cost} | {f"delay_{delay}": float(v) for delay, v in zip(surface.delay_bars, row, strict=True)}
        for cost, row in zip(surface.cost_bps, surface.sharpe_ratio, strict=True)
    ]
    print_table("Sharpe ratio by cost per side and by bars of delay", rows)
    typer.echo(_break_even(surface.break_even_cost_bps, no_break_even))


def _break_even(cost: float, reason: str) -> str:
    if math.isfinite(cost):
        return f"The profit is gone at a cost of {shown(cost, 4)} bps per side.\n"
    return f"No cost per side ends the account where it began: {reason}.\n"


def _unfilled(evidence: BacktestEvidence) -> None:
    from trimtab.backtest.engine import LISTED_UNFILLED

    orders = evidence.report.unfilled
    if orders:
        reasons = ", ".join(f"{n:,} {reason}" for reason, n in Counter(order.reason for order in orders).most_common())
        said = (
            "1 order could not fill when it" if len(orders) == 1 else f"{len(orders):,} orders could not fill when they"
        )
        listed = "them" if len(orders) <= LISTED_UNFILLED else f"the first {LISTED_UNFILLED}"
        typer.echo(f"{said} should ({reasons}); --json lists {listed}.")

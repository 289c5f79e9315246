"""`trimtab backtest`: simulate positions from a file on bars from a file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from trimtab.cli.output import print_json, print_table

if TYPE_CHECKING:
    from trimtab.backtest.engine import BacktestReport
    from trimtab.backtest.market import Prices


NAMED = 10  # instruments that are named in the title; more are counted


class Positions(StrEnum):
    """What a position in the file counts."""

    UNITS = "units"
    WEIGHTS = "weights"


class FillAt(StrEnum):
    """Where an order fills, counted from the bar it was decided on."""

    NEXT_OPEN = "next_open"
    CLOSE = "close"
    NEXT_CLOSE = "next_close"


def backtest(
    *,
    bars: Path = typer.Option(help="Bar file (CSV or Parquet)."),
    signals: Path = typer.Option(help="CSV or Parquet with instrument_id, event_time, position."),
    positions: Positions = typer.Option(Positions.UNITS, help="units to hold, or weights of the equity."),
    cash: float = typer.Option(100_000.0, help="Money at the start."),
    commission_bps: float = typer.Option(0.0, help="Commission per side, in basis points of the traded value."),
    slippage_bps: float = typer.Option(0.0, help="Slippage per side, in basis points of the price."),
    fill: FillAt = typer.Option(FillAt.NEXT_OPEN, help="Where an order fills; 'close' is not attainable in life."),
    periods_per_year: float | None = typer.Option(
        None, min=1e-9, help="To annualise; measured from the bars if absent."
    ),
    adjusted: bool = typer.Option(False, "--adjusted", help="Use prices adjusted for splits and dividends."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """Simulate target positions, decided at the close of bars, and show what they would have earned."""
    from trimtab.backtest.costs import basis_points
    from trimtab.backtest.engine import run_backtest
    from trimtab.backtest.files import read_signal_file

    report = run_backtest(
        _prices(bars, adjusted),
        read_signal_file(signals),
        units=positions.value,
        cash=cash,
        costs=basis_points(commission_bps, slippage_bps),
        fill=fill.value,
        periods_per_year=periods_per_year,
    )
    if json:
        print_json(report.to_json())
    else:
        _show(report)


def _prices(path: Path, adjusted: bool) -> dict[str, Prices]:
    from trimtab.backtest.market import prices_of
    from trimtab.bars.files import read_bar_file
    from trimtab.errors import SchemaError

    series = read_bar_file(path).bars
    prices = {key.instrument_id: prices_of(bars, adjusted=adjusted) for key, bars in series.items()}
    if len(prices) != len(series):
        raise SchemaError(f"{path} holds an instrument at several timeframes; keep one timeframe per backtest")
    return prices


def _show(report: BacktestReport) -> None:
    rows = [
        {"measure": name, "strategy": value, "buy_and_hold": report.benchmark_metrics.get(name)}
        for name, value in report.metrics.items()
    ]
    names = report.instruments
    of = ", ".join(names) if len(names) <= NAMED else f"{len(names)} instruments"
    print_table(f"Backtest over {len(report.event_time)} bars of {of}", rows)

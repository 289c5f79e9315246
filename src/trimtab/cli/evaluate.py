"""`trimtab evaluate`: every trading measure of a series of returns, with its conventions."""

from __future__ import annotations

from pathlib import Path

import typer

from trimtab.cli.output import print_json, print_table


def evaluate(
    *,
    returns: Path = typer.Option(
        help="CSV or Parquet with a column 'return' (0.01 is one per cent), or a single numeric column."
    ),
    periods_per_year: float = typer.Option(min=1e-9, help="252 daily sessions, 365 days, 8760 hours, ..."),
    risk_free: float = typer.Option(0.0, help="Risk-free return per period."),
    ddof: int = typer.Option(1, min=0, max=1, help="1: deviation of a sample; 0: of these very numbers."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """Measure a series of returns: return, volatility, Sharpe, drawdown and the rest."""
    from trimtab.backtest.files import read_return_file
    from trimtab.metrics.trading import conventions, evaluate_returns

    measures = evaluate_returns(read_return_file(returns), periods_per_year, risk_free, ddof)
    assumed = conventions(periods_per_year, risk_free, ddof)
    if json:
        print_json({"metrics": measures, "conventions": assumed})
        return
    print_table("Measures", [{"measure": name, "value": value} for name, value in measures.items()])
    print_table("Conventions", [{"convention": name, "value": value} for name, value in assumed.items()])

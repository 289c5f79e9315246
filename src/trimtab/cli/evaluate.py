"""`trimtab evaluate`: every trading measure of a series of returns, with its conventions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.measure_text import measure_text
from trimtab.cli.output import print_json, print_table

if TYPE_CHECKING:
    import numpy as np

    from trimtab.backtest.return_files import ReturnSeries
    from trimtab.metrics.catalogue import Assumptions

N_DRAWDOWNS = 5  # that are listed one by one


def evaluate(
    *,
    returns: Path = typer.Option(
        help="CSV or Parquet with a column 'return' (0.01 is one per cent), or a single numeric column; times optional."
    ),
    periods_per_year: float = typer.Option(min=1e-9, help="252 daily sessions, 365 days, 8760 hours, ..."),
    benchmark: Path | None = typer.Option(None, help="Such a file of a benchmark, over the same periods."),
    metric: list[str] | None = typer.Option(None, help="Only this measure; may be given several times."),
    risk_free: float = typer.Option(0.0, help="Risk-free return per period."),
    ddof: int = typer.Option(1, min=0, max=1, help="1: deviation of a sample; 0: of these very numbers."),
    tail_level: float = typer.Option(0.05, help="Share of periods in a tail: value at risk, expected shortfall."),
    confidence: float | None = typer.Option(None, help="Add intervals at this confidence, such as 0.95."),
    seed: int = typer.Option(0, min=0, help="Of the resamples behind the intervals."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """Measure a series of returns: return, volatility, Sharpe, drawdown and the rest; docs/metrics.md explains each."""
    from trimtab.backtest.return_files import beside, read_return_file
    from trimtab.backtest.undefined import interval_note, undefined_notes
    from trimtab.metrics.catalogue import Assumptions, conventions

    _refuse_conventions(periods_per_year, risk_free, ddof, confidence)
    series = read_return_file(returns)
    market, notes = (None, ()) if benchmark is None else beside(series, of_market := read_return_file(benchmark))
    notes = (*series.notes, *(() if benchmark is None else of_market.notes), *notes)
    assumed = Assumptions(periods_per_year, risk_free, ddof, tail_level)
    measures = _measures(series.returns, market, assumed, metric)
    too_few = () if confidence is None else interval_note(series.returns)
    document: dict[str, Any] = {
        "metrics": measures,
        "conventions": conventions(periods_per_year, risk_free, ddof, tail_level),
        "notes": [*notes, *undefined_notes(series.returns, measures), *too_few],
    }
    if market is not None:
        document["conventions"]["missing_beside_benchmark"] = "a period counts only when both returns are known"
    if not metric:
        document["drawdowns"] = _deepest(series)
    if confidence is not None:
        document["intervals"] = _intervals(series.returns, assumed, list(document["metrics"]), confidence, seed)
    if json:
        print_json(document)
    else:
        _show(document)


def _refuse_conventions(periods_per_year: float, risk_free: float, ddof: int, confidence: float | None) -> None:
    from math import isfinite

    from trimtab.errors import ConfigurationError

    if not (isfinite(periods_per_year) and isfinite(risk_free)):
        raise ConfigurationError("--periods-per-year and --risk-free must be finite numbers")
    if confidence is not None and ddof != 1:
        raise ConfigurationError("intervals are made for the deviation of a sample; leave out --ddof 0 or --confidence")


def _measures(
    returns: np.ndarray, market: np.ndarray | None, assumed: Assumptions, asked: list[str] | None
) -> dict[str, float]:
    from trimtab.metrics.catalogue import MEASURES, RELATIVE_MEASURES, find_measure

    names = asked or [*MEASURES, *(() if market is None else RELATIVE_MEASURES)]
    return {
        name: RELATIVE_MEASURES[name].compute(returns, market, assumed)
        if market is not None and name in RELATIVE_MEASURES
        else find_measure(name).compute(returns, assumed)
        for name in names
    }


def _deepest(series: ReturnSeries) -> list[dict[str, Any]]:
    """The deepest drawdowns, their ends as times, or as periods counted from 0 where the file has no times."""
    from dataclasses import asdict

    from trimtab.metrics.drawdown import drawdown_table
    from trimtab.metrics.plain import plain

    def at(period: int) -> Any:
        return period if series.event_time is None else plain(series.event_time[period])

    found = drawdown_table(series.returns, n_deepest=N_DRAWDOWNS)
    return [asdict(each) | {"start": at(each.start), "trough": at(each.trough), "end": at(each.end)} for each in found]


def _intervals(
    returns: np.ndarray, assumed: Assumptions, names: list[str], confidence: float, seed: int
) -> list[dict[str, Any]]:
    from dataclasses import asdict

    from trimtab.validation.headline_intervals import RETURN_MEASURES, return_intervals

    def of(name: str) -> dict[str, Any]:
        # The ratio is of excess returns; growth and drawdown are of the account itself.
        values = returns - assumed.risk_free if name == "sharpe_ratio" else returns
        (found,) = return_intervals(
            values,
            periods_per_year=assumed.periods_per_year,
            seed=seed,
            measures=(name,),
            confidence=confidence,
        )
        return asdict(found)

    return [of(name) for name in RETURN_MEASURES if name in names]


def _show(document: dict[str, Any]) -> None:
    from trimtab.metrics.catalogue import MEANINGS

    rows = [
        {"measure": name, "value": measure_text(name, value), "meaning": MEANINGS[name]}
        for name, value in document["metrics"].items()
    ]
    print_table("Measures", rows)
    if document.get("intervals"):
        columns = ("measure", "value", "low", "high", "confidence", "block_length")
        print_table("Intervals, blocks of neighbours resampled", document["intervals"], columns, digits=4)
    if document.get("drawdowns"):
        print_table("Deepest drawdowns", document["drawdowns"])
    assumed = document["conventions"]
    print_table("Conventions", [{"convention": name, "value": _in_a_table(value)} for name, value in assumed.items()])
    for note in document["notes"]:
        typer.echo(f"Note: {note}.")


def _in_a_table(convention: Any) -> Any:
    return "a dash" if convention == "null" else convention

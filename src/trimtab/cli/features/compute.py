"""`trimtab features compute`: features of any bar file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.output import print_json

if TYPE_CHECKING:
    from trimtab.features.export import ExportReport


def compute(
    file: Path = typer.Argument(help="Bar file (CSV or Parquet)."),
    sets: list[str] = typer.Option(
        ..., "--set", help="Feature set: technical, candlesticks, market_state or all; may be repeated."
    ),
    out: Path = typer.Option(..., help="Parquet file to write."),
    timeframe: str | None = typer.Option(None, help="Length of a bar (1m ... 1w), where the file does not say."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """Compute features of every instrument in a bar file."""
    from trimtab.bars.files import read_bar_file
    from trimtab.errors import ConfigurationError
    from trimtab.features.catalogue import resolve
    from trimtab.features.export import export_features
    from trimtab.market import Timeframe

    names = resolve(sets=sets)
    if out.suffix.lower() != ".parquet":
        raise ConfigurationError(f"'{out}' does not end in .parquet; features are written as Parquet, name the file so")
    content = read_bar_file(file, None if timeframe is None else Timeframe.parse(timeframe))
    with _progress(len(content.bars)) as advance:
        report = export_features(content.bars, names, out, lambda _: advance())
    if json:
        print_json({**_document(report), "columns": content.columns})
        return
    _print_report(report, content.columns)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    """A progress bar on standard error, so that standard output stays the answer alone."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("features"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("features", total=total)
        yield lambda: bar.advance(task)


def _document(report: ExportReport) -> dict[str, Any]:
    return {
        "path": str(report.path),
        "features": list(report.names),
        "instruments": [{"series": key, "rows": n, "left_out": report.left_out[key]} for key, n in report.rows.items()],
    }


def _print_report(report: ExportReport, columns: dict[str, str]) -> None:
    typer.echo("columns: " + ", ".join(f"{ours} from {theirs}" for ours, theirs in columns.items()))
    left_out = sum(report.left_out.values())
    if left_out:
        typer.echo(f"{left_out} bars were not accepted by the checks and left out; `trimtab bars check` says why")
    typer.echo(
        f"{sum(report.rows.values())} rows of {len(report.rows)} instruments x {len(report.names)} features written to {report.path}"
    )

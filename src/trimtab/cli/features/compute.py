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
        ..., "--set", help="Feature set: technical, candlesticks, market_state, alpha158, ... or all; may be repeated."
    ),
    out: Path = typer.Option(..., help="Parquet file to write."),
    timeframe: str | None = typer.Option(None, help="Length of a bar (1m ... 1w), where the file does not say."),
    processes: int | None = typer.Option(
        None, min=1, max=256, help="Instruments worked on at once; n_threads of the settings where nothing is said."
    ),
    float32: bool = typer.Option(False, "--float32", help="Write numbers of half the size, exact to 7 digits."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """Compute features of every instrument in a bar file."""
    from trimtab.bars.file_access import check_bar_file
    from trimtab.bars.sources.files import BarFiles
    from trimtab.config import load_settings
    from trimtab.errors import ConfigurationError
    from trimtab.features.catalogue import resolve
    from trimtab.features.export import SeriesOfFile, export_features
    from trimtab.market import Timeframe

    names = resolve(sets=sets)
    if out.suffix.lower() != ".parquet":
        raise ConfigurationError(f"'{out}' does not end in .parquet; features are written as Parquet, name the file so")
    check_bar_file(file)
    source = BarFiles(file, timeframe=None if timeframe is None else Timeframe.parse(timeframe))
    series = SeriesOfFile(source)
    with progress("features", len(series)) as advance:
        report = export_features(
            series,
            names,
            out,
            lambda _: advance(),
            n_workers=processes or load_settings().n_threads,
            dtype="float32" if float32 else "float64",
        )
    (columns,) = source.columns
    if json:
        print_json({**_document(report), "columns": columns})
        return
    _print_report(report, columns)


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[], None]]:
    """A progress bar on standard error, so that standard output stays the answer alone."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


def _document(report: ExportReport) -> dict[str, Any]:
    return {
        "path": str(report.path),
        "features": list(report.names),
        "unknown": list(report.unknown),
        "instruments": [{"series": key, "rows": n, "left_out": report.left_out[key]} for key, n in report.rows.items()],
    }


def _print_report(report: ExportReport, columns: dict[str, str]) -> None:
    typer.echo("columns: " + ", ".join(f"{ours} from {theirs}" for ours, theirs in columns.items()))
    left_out = sum(report.left_out.values())
    if left_out:
        typer.echo(f"{left_out} bars were not accepted by the checks and left out; `trimtab bars check` says why")
    if report.unknown:
        typer.echo(
            f"{len(report.unknown)} of the features read {_joined(report.missing)}, which a bar file does not hold: "
            "they are NaN in every row"
        )
    typer.echo(
        f"{sum(report.rows.values())} rows of {len(report.rows)} instruments x {len(report.names)} features written to {report.path}"
    )


def _joined(words: tuple[str, ...]) -> str:
    """Words as a list in a sentence: a, b and c."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))

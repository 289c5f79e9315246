"""`trimtab features compute`: features of any bar file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.features.telling import counted, print_wrapped, refuse_lake, refuse_overwriting
from trimtab.cli.output import print_json

if TYPE_CHECKING:
    from trimtab.features.export import ExportReport

NAMED = 5  # series in a sentence


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
    """Compute features of every instrument in a bar file; its other instruments are the peers of one."""
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
    refuse_overwriting(out, file)
    settings = load_settings()
    refuse_lake(out, settings.data_dir)
    source = BarFiles(file, timeframe=None if timeframe is None else Timeframe.parse(timeframe))
    series = SeriesOfFile(source)
    with progress("features", len(series)) as advance:
        report = export_features(
            series,
            names,
            out,
            lambda _: advance(),
            n_workers=processes or settings.n_threads,
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
        "without_peers": [series.key for series in report.alone],
        "instruments": [{"series": key, "rows": n, "left_out": report.left_out[key]} for key, n in report.rows.items()],
    }


def _print_report(report: ExportReport, columns: dict[str, str]) -> None:
    print_wrapped("columns: " + ", ".join(f"{ours} from {theirs}" for ours, theirs in columns.items()))
    left_out = sum(report.left_out.values())
    if left_out:
        were = "1 bar was" if left_out == 1 else f"{left_out} bars were"
        print_wrapped(f"{were} not accepted by the checks and left out; `trimtab bars check` says why")
    for sentence in _why_unknown(report):
        print_wrapped(sentence)
    print_wrapped(
        f"{counted(sum(report.rows.values()), 'row')} of {counted(len(report.rows), 'instrument')} x "
        f"{counted(len(report.names), 'feature')} written to {report.path}"
    )


def _why_unknown(report: ExportReport) -> Iterator[str]:
    """Why features have no value at all in some or all of the series, a sentence per reason."""
    if report.of_facts:
        yield (
            f"{_of_the_features(report.of_facts)} {_joined(report.missing)}, which a bar file does not hold: "
            "no value in any row"
        )
    if report.of_peers and report.alone:
        yield f"{_of_the_features(report.of_peers)} bars of peers, and {_whose_peers(report)}"
    short = {key: names for key in report.rows if (names := report.too_short(key))}
    if short:
        yield _too_short(report, short)


def _of_the_features(names: tuple[str, ...]) -> str:
    return "1 feature reads" if len(names) == 1 else f"{len(names)} features read"


def _whose_peers(report: ExportReport) -> str:
    frames = sorted({series.timeframe.value for series in report.alone})
    where = f"at {frames[0]}" if len(frames) == 1 else "at the same timeframe"
    if len(report.alone) == len(report.rows):
        return f"the file holds no other instrument {where}: no value in any row"
    keys = [series.key for series in report.alone]
    more = f" and {len(keys) - NAMED} more" if len(keys) > NAMED else ""
    return f"the file holds no other instrument {where} beside {', '.join(keys[:NAMED])}{more}: no value there"


def _too_short(report: ExportReport, short: dict[str, tuple[str, ...]]) -> str:
    from trimtab.features.catalogue import catalogue

    key = max(short, key=lambda each: len(short[each]))
    names = short[key]
    longest = max(catalogue()[name].lookback for name in names)
    have = "1 feature has" if len(names) == 1 else f"{len(names)} features have"
    others = len(short) - 1
    are = "instrument is" if others == 1 else "instruments are"
    more = f"; {others} more {are} short of bars, too" if others else ""
    return f"{have} no value: the longest look-back is {counted(longest, 'bar')}, {key} has {report.rows[key]}{more}"


def _joined(words: tuple[str, ...]) -> str:
    """Words as a list in a sentence: a, b and c."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))

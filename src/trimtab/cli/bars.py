"""`trimtab bars`: check a file, ingest from a source, list what is stored."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.output import print_json, print_table

if TYPE_CHECKING:
    from trimtab.bars.ingest import IngestReport
    from trimtab.bars.sources.protocol import BarSource
    from trimtab.config import Settings
    from trimtab.market import Series
    from trimtab.storage.lake import Lake

app = typer.Typer(no_args_is_help=True)

_JSON = typer.Option(False, "--json", help="Print one JSON document and nothing else.")
_TIMEFRAME = typer.Option(None, "--timeframe", help="Length of the bars, where the file does not say: 1m, 1h, 1d, ...")
_SHOWN = 40


@app.command("check")
def check(
    file: Path = typer.Argument(help="CSV or Parquet file of bars."),
    as_json: bool = _JSON,
    timeframe: str | None = _TIMEFRAME,
) -> None:
    """Judge the bars of a file; nothing is stored. Exit code 0 whatever is found."""
    from trimtab.bars.files import read_bar_file
    from trimtab.bars.report import check_file
    from trimtab.market import Timeframe

    document = check_file(read_bar_file(file, Timeframe.parse(timeframe) if timeframe else None))
    if as_json:
        print_json(document)
        return
    _say_columns(document["columns"])
    instruments = document["instruments"]
    columns = ("instrument_id", "timeframe", "bars", "accepted", "quarantined", "flagged")
    print_table(f"Bars of {file.name}", instruments, columns)
    counts = Counter((found["check"], found["severity"]) for one in instruments for found in one["findings"])
    if not counts:
        typer.echo("Nothing was found.")
        return
    print_table("Findings by check", [{"check": c, "severity": s, "findings": n} for (c, s), n in counts.most_common()])
    findings = [{"instrument_id": one["instrument_id"], **found} for one in instruments for found in one["findings"]]
    title = "Findings" if len(findings) <= _SHOWN else f"First {_SHOWN} of {len(findings)} findings (all with --json)"
    print_table(title, findings[:_SHOWN])


@app.command("ingest")
def ingest(
    *,
    file: Path | None = typer.Argument(None, help="Bar file or folder; short for --source files --path FILE."),
    source: str | None = typer.Option(None, "--source", help="sample, files or simulated."),
    path: Path | None = typer.Option(None, "--path", help="File or folder, for source files."),
    instrument: list[str] = typer.Option([], "--instrument", help="Only this instrument; may be repeated."),
    timeframe: str | None = _TIMEFRAME,
    as_json: bool = _JSON,
) -> None:
    """Fetch bars, judge them, store the good ones and quarantine the others."""
    from trimtab.bars.ingest import ingest as ingest_series
    from trimtab.bars.quarantine import Quarantine
    from trimtab.bars.sources.files import BarFiles
    from trimtab.bars.store import BarStore
    from trimtab.config import load_settings
    from trimtab.storage.lake import open_lake

    settings = load_settings()
    lake = open_lake(settings)
    opened = _open(settings, lake, file=file, source=source, path=path, timeframe=timeframe)
    reports = [
        ingest_series(opened, series, BarStore(lake), Quarantine(lake), lake.clock)
        for series in _wanted(opened, instrument, timeframe)
    ]
    rows = [_row(report) for report in reports]
    if as_json:
        print_json({"source": opened.name, "series": rows})
        return
    if isinstance(opened, BarFiles):
        for bar_file in opened.files:
            _say_columns(bar_file.columns)
    print_table(f"Ingested from source '{opened.name}'", rows)


@app.command("list")
def list_stored(as_json: bool = _JSON) -> None:
    """Every stored series: how many bars, from when to when, versions, bars in quarantine."""
    from trimtab.bars.quarantine import Quarantine
    from trimtab.bars.store import BarStore
    from trimtab.bars.times import as_datetime
    from trimtab.config import load_settings
    from trimtab.storage.lake import open_lake

    lake = open_lake(load_settings())
    store, quarantine = BarStore(lake), Quarantine(lake)
    rows = []
    for series in store.series():
        bars = store.current(series)
        rows.append(
            {
                "instrument_id": series.instrument_id,
                "timeframe": series.timeframe.value,
                "bars": len(bars),
                "first": as_datetime(bars.event_time[0]),
                "last": as_datetime(bars.event_time[-1]),
                "versions": store.n_versions(series),
                "quarantined": quarantine.count(series),
            }
        )
    if as_json:
        print_json({"series": rows})
    elif rows:
        print_table(f"Bars in {lake.root}", rows)
    else:
        typer.echo(f"No bars are stored in {lake.root}; run: trimtab bars ingest --source sample")


def _open(
    settings: Settings,
    lake: Lake,
    *,
    file: Path | None,
    source: str | None,
    path: Path | None,
    timeframe: str | None,
) -> BarSource:
    from trimtab.bars.sources import open_source, source_options
    from trimtab.errors import ConfigurationError
    from trimtab.market import Timeframe

    if file is not None and (source not in (None, "files") or path is not None):
        raise ConfigurationError(f"bars come from {file} or from --source and --path, not from both; give one of them")
    where, name = file or path, source or ("files" if file or path else "sample")
    frame = Timeframe.parse(timeframe) if timeframe else None
    return open_source(name, source_options(settings, lake.clock, path=where, timeframe=frame))


def _wanted(source: BarSource, instruments: list[str], timeframe: str | None) -> list[Series]:
    from trimtab.bars.sources.protocol import UnknownSeriesError
    from trimtab.market import Series, Timeframe

    frame = Timeframe.parse(timeframe) if timeframe else None
    available = source.instruments()
    if not instruments:
        return [series for series in available if frame in (None, series.timeframe)]
    wanted = []
    for name in instruments:
        found = [series for series in available if series.instrument_id == name and frame in (None, series.timeframe)]
        if not found:
            raise UnknownSeriesError(source.name, Series(name, frame or Timeframe.DAY), available)
        wanted += found
    return wanted


def _row(report: IngestReport) -> dict[str, Any]:
    return {
        "instrument_id": report.series.instrument_id,
        "timeframe": report.series.timeframe.value,
        "fetched": report.fetched,
        "accepted": report.accepted,
        "quarantined": report.quarantined,
        "new": report.new,
        "restated": report.restated,
        "unchanged": report.unchanged,
        "warnings": sum(finding.severity == "warning" for finding in report.findings),
    }


def _say_columns(columns: dict[str, str]) -> None:
    typer.echo("Columns: " + ", ".join(f"{ours} from {theirs}" for ours, theirs in columns.items()))

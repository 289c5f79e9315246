"""`trimtab bars ingest`: from a source into the store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.bars.options import AS_JSON, CALENDAR, TIMEFRAME, say_columns
from trimtab.cli.output import print_json, print_table

if TYPE_CHECKING:
    from datetime import datetime

    from trimtab.bars.ingest import IngestReport
    from trimtab.bars.sources import SourceOptions
    from trimtab.bars.sources.protocol import BarSource
    from trimtab.config import Settings
    from trimtab.market import Series
    from trimtab.storage.lake import Lake


def ingest(
    *,
    file: Path | None = typer.Argument(None, help="Bar file or folder; short for --source files --path FILE."),
    source: str | None = typer.Option(None, "--source", help="sample, files, duckdb, ccxt, yfinance or simulated."),
    path: Path | None = typer.Option(None, "--path", help="File, folder or glob, for sources files and duckdb."),
    query: str | None = typer.Option(None, "--query", help="A table's name or a SELECT, for source duckdb."),
    exchange: str | None = typer.Option(None, "--exchange", help="Which exchange, for source ccxt, such as binance."),
    instrument: list[str] = typer.Option([], "--instrument", help="Only this instrument; may be repeated."),
    timeframe: str | None = TIMEFRAME,
    since: str | None = typer.Option(None, "--from", help="First event time: 2020-01-02 or 2020-01-02T14:30:00Z."),
    until: str | None = typer.Option(None, "--to", help="Last event time, included; written like --from."),
    calendar: str | None = CALENDAR,
    as_json: bool = AS_JSON,
) -> None:
    """Fetch bars, judge them, store the good ones and quarantine the others.

    A source that is dear to ask is asked from its last known bars on, unless --from says otherwise.
    """
    from trimtab.bars.ingest import ingest as ingest_series
    from trimtab.bars.quarantine import Quarantine
    from trimtab.bars.store import BarStore
    from trimtab.config import load_settings
    from trimtab.market.calendar import parse_calendar
    from trimtab.storage.lake import open_lake

    settings = load_settings()
    lake = open_lake(settings)
    start, end = _moment(since), _moment(until)
    opened = _open(
        settings, lake, file=file, source=source, path=path,
        asked={"query": query, "exchange": exchange, "timeframe": timeframe, "start": start},
    )  # fmt: skip
    given = parse_calendar(calendar) if calendar else None
    rows = []
    for series in _wanted(opened, instrument, timeframe):
        report = ingest_series(
            opened, series, BarStore(lake), Quarantine(lake), lake.clock,
            since=start, until=end, limits=settings.quality, calendar=given,
        )  # fmt: skip
        rows.append(_row(report))
    if as_json:
        print_json({"source": opened.name, "series": rows})
        return
    for columns in getattr(opened, "columns", ()):  # of the sources that map columns
        say_columns(columns)
    print_table(f"Ingested from source '{opened.name}'", rows)


def _moment(text: str | None) -> datetime | None:
    from trimtab.bars.times import parse_moment

    return parse_moment(text) if text else None


def _open(
    settings: Settings,
    lake: Lake,
    *,
    file: Path | None,
    source: str | None,
    path: Path | None,
    asked: dict[str, Any],
) -> BarSource:
    from trimtab.bars.sources import open_source, source_options
    from trimtab.errors import ConfigurationError
    from trimtab.market import Timeframe

    if file is not None and (source not in (None, "files") or path is not None):
        raise ConfigurationError(f"bars come from {file} or from --source and --path, not from both; give one of them")
    where, name = file or path, source or ("files" if file or path else "sample")
    frame = Timeframe.parse(asked["timeframe"]) if asked["timeframe"] else None
    options: SourceOptions = source_options(
        settings,
        lake.clock,
        path=where,
        timeframe=frame,
        query=asked["query"],
        exchange=asked["exchange"],
        start=asked["start"],
    )
    return open_source(name, options)


def _wanted(source: BarSource, instruments: list[str], timeframe: str | None) -> list[Series]:
    from trimtab.bars.sources.protocol import UnknownSeriesError
    from trimtab.errors import ConfigurationError
    from trimtab.market import Series, Timeframe

    frame = Timeframe.parse(timeframe) if timeframe else None
    available = source.instruments()
    if not instruments:
        if not available:
            raise ConfigurationError(
                f"source '{source.name}' cannot list what it has; say which instruments with --instrument"
            )
        return [series for series in available if frame in (None, series.timeframe)]
    wanted = []
    for name in instruments:
        found = [series for series in available if series.instrument_id == name and frame in (None, series.timeframe)]
        if not found and available:
            raise UnknownSeriesError(source.name, Series(name, frame or Timeframe.DAY), available)
        wanted += found or [Series(name, frame or Timeframe.DAY)]
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
        "readjusted": report.readjusted,
        "actions": report.actions,
        "warnings": sum(finding.severity == "warning" for finding in report.findings),
    }

"""`trimtab bars ingest`: from a source into the store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.bars.options import AS_JSON, CALENDAR, TIMEFRAME, say_columns
from trimtab.cli.output import print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from trimtab.bars.ingest import IngestReport
    from trimtab.bars.sources import SourceOptions
    from trimtab.bars.sources.protocol import BarSource
    from trimtab.config import Settings
    from trimtab.errors import TrimtabError
    from trimtab.market import Series
    from trimtab.storage.lake import Lake

# Which sources an option is for; every other one refuses it.
_USED_BY = {"path": ("files", "duckdb"), "query": ("duckdb",), "exchange": ("ccxt",)}
_NAMED = 8  # instruments in a sentence


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
    reports = [
        ingest_series(
            opened, series, BarStore(lake), Quarantine(lake), lake.clock,
            since=start, until=end, limits=settings.quality, calendar=given,
        )
        for series in _wanted(opened, instrument, timeframe)
    ]  # fmt: skip
    rows = [_row(report) for report in reports]
    if as_json:
        series_rows = [row | {"findings": _findings(report)} for row, report in zip(rows, reports, strict=True)]
        print_json({"source": opened.name, "series": series_rows})
        return
    for columns in getattr(opened, "columns", ()):  # of the sources that map columns
        say_columns(columns)
    print_table(f"Ingested from source '{opened.name}'", rows)
    for sentence in _sentences(reports, file):
        typer.echo(sentence)


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
    _refuse_unused(name, asked | {"path": where})
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


def _refuse_unused(source: str, asked: dict[str, Any]) -> None:
    """Refuse an option that the source would pass over without a word."""
    from trimtab.bars.sources import SOURCES
    from trimtab.errors import ConfigurationError

    for option, users in _USED_BY.items():
        if source in SOURCES and asked[option] is not None and source not in users:
            raise ConfigurationError(
                f"source '{source}' has no use for --{option}, which is for {' and '.join(users)}; "
                "leave it away or give another --source"
            )


def _wanted(source: BarSource, instruments: list[str], timeframe: str | None) -> list[Series]:
    """The series to fetch; those the source does not list come first, so that it can refuse them at once."""
    from trimtab.errors import ConfigurationError
    from trimtab.market import Series, Timeframe

    frame = Timeframe.parse(timeframe) if timeframe else None
    available = source.instruments()
    if not (instruments or available):
        raise ConfigurationError(
            f"source '{source.name}' cannot list what it has; say which instruments with --instrument"
        )
    listed = [series for series in available if frame in (None, series.timeframe)]
    if not (instruments or listed):
        raise _unlisted_timeframe(source.name, str(timeframe), available)
    if not instruments:
        return listed
    found = {name: [series for series in listed if series.instrument_id == name] for name in instruments}
    unlisted = [Series(name, frame or Timeframe.DAY) for name in found if not found[name]]
    return unlisted + [series for name in found for series in found[name]]


def _unlisted_timeframe(source: str, timeframe: str, available: list[Series]) -> TrimtabError:
    from trimtab.errors import UnknownNameError

    error = UnknownNameError("timeframe", timeframe, {series.timeframe.value for series in available})
    names = sorted({series.instrument_id for series in available})
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    error.args = (
        f"source '{source}' lists nothing of {timeframe}; it has {', '.join(error.allowed)} of "
        f"{', '.join(names[:_NAMED])}{more}; give one of these timeframes, or say what you want with --instrument",
    )
    return error


def _sentences(reports: list[IngestReport], file: Path | None) -> Iterator[str]:
    """What a table of counts does not say."""
    for report in reports:
        if report.fetched == 0 and report.unfinished:
            said = "its one bar is" if report.unfinished == 1 else f"all its {report.unfinished:,} bars are"
            yield f"Nothing of {report.series} was taken: {said} not over yet; ingest it again later."
    n_warnings = sum(map(_n_warnings, reports))
    if n_warnings:
        said = "1 warning" if n_warnings == 1 else f"{n_warnings:,} warnings"
        is_file = file is not None and file.is_file()
        yield f"{said}: see them with --json" + (f", or with: trimtab bars check {file}" if is_file else "")


def _n_warnings(report: IngestReport) -> int:
    return sum(finding.severity == "warning" for finding in report.findings)


def _findings(report: IngestReport) -> list[dict[str, Any]]:
    """Findings in the words of `trimtab bars check --json`."""
    from trimtab.bars.times import iso

    return [
        {
            "check": finding.check,
            "event_time": iso(finding.event_time),
            "severity": finding.severity,
            "detail": finding.detail,
        }
        for finding in report.findings
    ]


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
        "unfinished": report.unfinished,
        "warnings": _n_warnings(report),
    }

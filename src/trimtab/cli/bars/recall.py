"""`trimtab bars recall`: what was built on bars that turned out to be bad."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.bars.options import AS_JSON
from trimtab.cli.output import print_json, print_table, words

if TYPE_CHECKING:
    from datetime import datetime

    from trimtab.pipeline.recall.report import RecallReport

_SHOWN = 20


def recall(
    *,
    instrument: str = typer.Option(..., "--instrument", help="Whose bars."),
    timeframe: str | None = typer.Option(
        None, "--timeframe", help="Only bars of this length and what strategies make of them."
    ),
    start: str = typer.Option(
        ...,
        "--from",
        help="First moment: 2020-01-02 or 2020-01-02T14:30:00Z; a bar counts when any part of it lies in the span.",
    ),
    end: str = typer.Option(..., "--to", help="Last moment, included; a date means the whole day."),
    as_json: bool = AS_JSON,
) -> None:
    """List every dataset, model version, report and forecast that was built on some bars. Changes nothing."""
    from trimtab.bars.times import parse_moment
    from trimtab.config import load_settings
    from trimtab.market import Timeframe
    from trimtab.pipeline.recall import recall as recall_bars
    from trimtab.pipeline.workspace import Workspace

    report = recall_bars(
        Workspace.open(load_settings()),
        instrument,
        parse_moment(start),
        _end(end),
        Timeframe.parse(timeframe) if timeframe else None,
    )
    if as_json:
        print_json(document_of(report))
    else:
        _print(report)


def _end(text: str) -> datetime:
    """The last moment meant: of a date its whole day, because a bar left out by mistake stays bad."""
    from datetime import timedelta

    from trimtab.bars.times import parse_moment

    moment = parse_moment(text)
    is_date = len(text.strip()) <= len("2020-01-02")
    return moment + timedelta(days=1) - timedelta(microseconds=1) if is_date else moment


def document_of(report: RecallReport) -> dict[str, Any]:
    """The report as one document: its fields, the share of each dataset, and the sentences."""
    datasets = [asdict(dataset) | {"share": dataset.share} for dataset in report.datasets]
    return asdict(report) | {"datasets": datasets, "summary": " ".join(report.sentences)}


def _print(report: RecallReport) -> None:
    document = document_of(report)
    _table("Changes of these bars", _said(document["changes"], "changed"), (
        "series", "event_time", "known_time", "received_time", "changed", "close_before", "close",
    ))  # fmt: skip
    _table("In quarantine", document["quarantined"], ("series", "event_time", "checks", "state", "is_stored"))
    _table("Datasets", _short(document["datasets"], "fingerprint"), (
        "fingerprint", "strategies", "as_of", "n_samples", "n_touched", "share", "built_before", "n_superseded",
    ))  # fmt: skip
    _table("Model versions", _short(document["models"], "dataset"), (
        "strategy", "version", "aliases", "state", "dataset", "created", "built_before",
    ))  # fmt: skip
    reports = [row | {"kind": words(row["kind"])} for row in _short(document["reports"], "about", "name")]
    _table("Reports", reports, ("kind", "strategy", "name", "about", "detail", "built_before"))
    _table("Tables", document["tables"], ("kind", "name", "n_rows", "n_touched", "built_before"))
    for sentence in report.sentences:
        typer.echo(sentence)


def _table(title: str, rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> None:
    if rows:
        more = f" (the last {_SHOWN} of {len(rows)}; all with --json)" if len(rows) > _SHOWN else ""
        print_table(title + more, rows[-_SHOWN:], columns)


def _said(rows: Sequence[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [row | {name: ", ".join(row[name])} for row in rows]


def _short(rows: Sequence[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
    """Rows with long hashes cut as everywhere else; a path stays as it is."""
    return [row | {name: row[name][:12] for name in names if _is_hash(row[name])} for row in rows]


def _is_hash(text: str) -> bool:
    return len(text) == 64 and set(text) <= set("0123456789abcdef")

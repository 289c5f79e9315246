"""`trimtab bars inbox`: what lies in the watched folder, and taking it without a daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.bars.options import AS_JSON
from trimtab.cli.output import print_json, print_table

if TYPE_CHECKING:
    from trimtab.bars.inbox import Delivery, InboxScan
    from trimtab.pipeline.stage import StageResult
    from trimtab.pipeline.workspace import Workspace

app = typer.Typer(no_args_is_help=True)

_COUNTS = ("new", "restated", "unchanged", "quarantined", "unknown")


@app.command("list")
def list_inbox(as_json: bool = AS_JSON) -> None:
    """What is ready, what waits and why, what was set aside and why, what is done."""
    from trimtab.clock import SystemClock
    from trimtab.pipeline.inbox import inbox_of

    inbox = inbox_of(_workspace())
    found = inbox.scan(SystemClock().now())
    document = _document(found)
    if as_json:
        print_json({"inbox": inbox.folder, **document})
        return
    if not inbox.folder.is_dir():
        typer.echo(f"There is no folder {inbox.folder}; make it and put bar files there.")
        return
    for title, rows in document.items():
        if rows:
            print_table(f"{title.replace('_', ' ').capitalize()} in {inbox.folder}", [_short(row) for row in rows])
    if not any(document.values()):
        typer.echo(f"The inbox {inbox.folder} is empty.")


@app.command("ingest")
def ingest_inbox(as_json: bool = AS_JSON) -> None:
    """Ingest every file that is ready now, in the order of delivery; bad ones are set aside."""
    from trimtab.pipeline.inbox import inbox_of, look

    workspace = _workspace()
    inbox = inbox_of(workspace)
    taken: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    found = look(workspace)
    while True:
        refused += [{"file": each.path.name, "reason": each.reason} for each in found.refused]
        done, bad = _take(workspace, found.ready)
        taken, refused = taken + done, refused + bad
        if not (done or found.refused):  # a look opens so much and no more: what is left is seen by the next
            break
        found = look(workspace)
    waiting = [{"file": each.path.name, "why": each.why} for each in found.waiting]
    if as_json:
        print_json({"inbox": inbox.folder, "ingested": taken, "set_aside": refused, "waiting": waiting})
        return
    for title, rows in (("Ingested from", taken), ("Set aside in", refused), ("Waiting in", waiting)):
        if rows:
            print_table(f"{title} {inbox.folder}", [_short(row) for row in rows])
    if not (taken or refused):
        typer.echo(f"Nothing in {inbox.folder} is ready.")


def _take(workspace: Workspace, ready: tuple[Delivery, ...]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows of the files that were ingested, and of those that turned out to be bad."""
    from trimtab.errors import SourceError
    from trimtab.pipeline.inbox import ingest_file

    taken, refused = [], []
    for delivery in ready:
        try:
            taken.append(_row(ingest_file(workspace, delivery.name, delivery.content)))
        except SourceError as error:
            refused.append({"file": delivery.name, "reason": str(error)})
    return taken, refused


def _row(result: StageResult) -> dict[str, Any]:
    return {
        "file": result.key,
        "content": result.data_version,
        "series": [row["series"] for row in result.tables["series in the file"]],
        **{what: result.metrics[what] for what in _COUNTS},
        "warnings": [check.description for check in result.checks if not check.passed],
    }


def _document(found: InboxScan) -> dict[str, list[dict[str, Any]]]:
    refused = [{"file": each.path.name, "why": f"it is about to be set aside: {each.reason}"} for each in found.refused]
    return {
        "ready": [_delivered(each) for each in found.ready],
        "waiting": [{"file": each.path.name, "why": each.why} for each in found.waiting] + refused,
        "set_aside": [{"file": each.path.name, "reason": each.reason} for each in found.set_aside],
        "done": [_delivered(each) | _processed(each) for each in found.done],
    }


def _delivered(delivery: Delivery) -> dict[str, Any]:
    return {
        "file": delivery.name,
        "content": delivery.content,
        "bytes": delivery.n_bytes,
        "delivered": delivery.delivered,
    }


def _processed(delivery: Delivery) -> dict[str, Any]:
    processed = delivery.processed
    if processed is None:
        return {}
    return {
        "processed": processed.processed,
        "series": [each.key for each in processed.series],
        **{what: processed.total(what) for what in _COUNTS},
        "unknown_until": processed.unknown_until,
    }


def _short(row: dict[str, Any]) -> dict[str, Any]:
    """A row as a person reads it: how the content begins, and how many series where they are many."""
    shown = dict(row)
    if "content" in row:
        shown["content"] = row["content"][:12]
    if len(row.get("series", ())) > 3:
        shown["series"] = f"{len(row['series'])} series"
    return shown


def _workspace() -> Workspace:
    from trimtab.config import load_settings
    from trimtab.pipeline.workspace import Workspace

    return Workspace.open(load_settings())

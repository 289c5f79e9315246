"""`trimtab experiments show`: one run in full."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.experiments.recorded import document, open_runs
from trimtab.cli.output import print_json, print_table

if TYPE_CHECKING:
    from trimtab.tracking.record import RunRecord

SHOWN = ("kind", "strategy", "status", "started", "finished", "seed", "dataset", "code", "error")


def show(
    run: str = typer.Argument(help='The id of a run, how it begins or its last digits, or "latest".'),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """One run: parameters, metrics by step, files, environment, resources."""
    from trimtab.tracking.parameters import flat_parameters

    runs = open_runs()
    record = runs.find(run)
    series = runs.series(record.id)
    if json:
        print_json({"run": document(record), "steps": series})
        return
    print_table(f"Run {record.id}", _pairs({name: getattr(record, name) for name in SHOWN if getattr(record, name)}))
    _print("Parameters", flat_parameters(record.parameters), "parameter")
    _print("Metrics", record.metrics, "metric")
    if series:
        print_table("By step", [_steps(name, values) for name, values in series.items()])
    _print("Resources", record.resources, "resource")
    _print_files(record)
    _print("Tags", record.tags, "tag")
    _print("Environment", {**record.environment, "libraries": None} | record.environment.get("libraries", {}), "what")


def _pairs(values: dict[str, Any], head: str = "what") -> list[dict[str, Any]]:
    return [{head: name.replace("_", " ") if head == "what" else name, "value": each} for name, each in values.items()]


def _print(title: str, values: dict[str, Any], head: str) -> None:
    known = {name: value for name, value in values.items() if value is not None}
    if known:
        print_table(title, _pairs(known, head))


def _steps(name: str, values: dict[int, float]) -> dict[str, Any]:
    first, last = min(values), max(values)
    known = [value for value in values.values() if isfinite(value)]
    extremes = {"lowest": min(known), "highest": max(known)} if known else {"lowest": None, "highest": None}
    return {"metric": name, "steps": len(values), "first": values[first], "last": values[last], **extremes}


def _print_files(record: RunRecord) -> None:
    rows = [{"file": name, "bytes": f.size_bytes, "sha256": f.sha256[:16]} for name, f in record.artifacts.items()]
    if rows:
        print_table("Files", rows)

"""`trimtab status`: where every strategy stands, and what runs by itself."""

from __future__ import annotations

from typing import Any

import typer

from trimtab.cli.output import print_json, print_table, words


def status(json: bool = typer.Option(False, "--json", help="One JSON document.")) -> None:
    """State, candidate, decision and drift of every strategy; schedules and sensors."""
    from trimtab.cli.automation import read_automation
    from trimtab.config import load_settings
    from trimtab.pipeline.status import strategy_status
    from trimtab.pipeline.workspace import Workspace

    settings = load_settings()
    workspace = Workspace.open(settings)
    document: dict[str, Any] = {"strategies": [strategy_status(workspace, name) for name in workspace.strategies]}
    document |= read_automation(settings)
    if json:
        print_json(document)
        return
    print_table("Strategies", [_row(entry) for entry in document["strategies"]])
    for entry in document["strategies"]:
        _say_decision(entry)
    if document["schedules"] or document["sensors"]:
        print_table("Schedules", document["schedules"])
        print_table("Sensors", document["sensors"])
    else:
        typer.echo("Schedules and sensors are known when Dagster is installed: pip install 'trimtab[dagster]'")


def _row(entry: dict[str, Any]) -> dict[str, Any]:
    candidate, drift = (entry[name] or {} for name in ("candidate", "drift"))
    accuracy = candidate.get("metrics", {}).get("accuracy")
    return {
        "strategy": entry["name"],
        "state": entry["state"],
        "champion": entry["champion"],
        "candidate": candidate.get("version"),
        "accuracy": None if accuracy is None else f"{accuracy:.1%}",
        "verdict": candidate.get("verdict"),
        "drift": words(drift.get("status")),
    }


def _say_decision(entry: dict[str, Any]) -> None:
    decision = entry["decision"]
    if decision is None:
        return
    failed = [gate["name"] for gate in decision["gates"] if not gate["passed"]]
    why = f"failed gates: {', '.join(failed)}" if failed else f"all {len(decision['gates'])} gates passed"
    typer.echo(f"{entry['name']} {decision['version']}: {decision['outcome']}; {why}")

"""`trimtab models`: registered model versions, what they forecast, and the candlestick network."""

from __future__ import annotations

from typing import Any

import typer

from trimtab.cli import model_patterns
from trimtab.cli.model_compare import compare_versions
from trimtab.cli.model_forecast import forecast_models
from trimtab.cli.model_report import report_model_version
from trimtab.cli.model_validate import validate_models
from trimtab.cli.output import print_json, print_table, words

app = typer.Typer(no_args_is_help=True)
app.command("forecast")(forecast_models)
app.command("compare")(compare_versions)
app.command("report")(report_model_version)
app.command("validate")(validate_models)
app.add_typer(model_patterns.app, name="patterns", help="A network that knows fifteen candlestick patterns.")


@app.command("list")
def list_models(
    strategy: str | None = typer.Option(None, "--strategy", help="Only the versions of one strategy."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """Every model version, newest first."""
    workspace = _workspace()
    if strategy:
        workspace.strategy(strategy)
    rows = [
        {
            "strategy": model.strategy,
            "version": model.version,
            "state": model.state,
            "algorithm": model.algorithm,
            "dataset": model.dataset_fingerprint,
            "artifact": model.manifest_digest,
            "size_bytes": model.size_bytes,
            "accuracy": model.metrics.get("accuracy"),
            "created": model.created,
            "changelog": model.changelog,
        }
        for model in workspace.registry.list_models(strategy)
    ]
    if json:
        print_json({"models": rows})
        return
    if not rows:
        typer.echo("No model is registered yet; say: trimtab run")
        return
    columns = ("strategy", "version", "state", "algorithm", "dataset", "accuracy", "size_bytes", "created")
    shown = [row | {"dataset": row["dataset"][:12]} for row in rows]
    print_table("Model versions", shown, columns)


@app.command("show")
def show_model(
    strategy: str = typer.Argument(help="Name of the strategy."),
    version: str = typer.Argument("latest", help="A version such as 1.0.0, or champion, challenger, latest."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """One model version: metrics, features, files, moves and decisions."""
    workspace = _workspace()
    registry = workspace.registry
    if not registry.list_models(strategy):  # a strategy whose file has gone may still have models
        workspace.strategy(strategy)
    model = registry.find_model(strategy, version)
    document: dict[str, Any] = {
        "model": model.__dict__,
        "features": registry.features(model.id),
        "artifacts": [file.__dict__ for file in registry.artifacts(model.id)],
        "transitions": [move.__dict__ for move in registry.transitions(model.id)],
        "decisions": [
            decision.__dict__ | {"gates": [gate.__dict__ for gate in decision.gates]}
            for decision in registry.decisions(model_id=model.id)
        ],
    }
    if json:
        print_json(document)
        return
    keys = (
        "version",
        "state",
        "algorithm",
        "dataset_fingerprint",
        "manifest_digest",
        "changelog",
        "created",
        "created_by",
    )
    print_table(f"{strategy} {model.version}", [{"key": words(key), "value": document["model"][key]} for key in keys])
    print_table("Metrics", [{"metric": name, "value": value} for name, value in model.metrics.items()])
    important = [{"feature": name, "importance": value} for name, value in document["features"].items() if value]
    print_table("Most important features", important[:15])
    for decision in document["decisions"][:1]:
        print_table(
            f"Decision: {decision['outcome']}", decision["gates"], ["name", "value", "limit", "passed", "reason"]
        )
    print_table("Moves", document["transitions"], ["from_state", "to_state", "moved", "actor", "reason"])


def _workspace() -> Any:
    from trimtab.config import load_settings
    from trimtab.pipeline.workspace import Workspace

    return Workspace.open(load_settings())

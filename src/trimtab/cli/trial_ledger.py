"""`trimtab studies trials`: how much was tried, by dataset and label, and what that is worth."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.output import print_json, print_table

if TYPE_CHECKING:
    from trimtab.pipeline.workspace import Workspace


def list_trials(
    strategy: str | None = typer.Option(None, "--strategy", help="Only the trials of one strategy."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """Every trial that counts against luck: of studies, and looks of a person."""
    from trimtab.config import load_settings
    from trimtab.pipeline.workspace import Workspace

    workspace = Workspace.open(load_settings())
    rows = _totals(workspace, strategy)
    if strategy and not rows:  # a strategy whose file has gone may still have trials
        workspace.strategy(strategy)
    weighed = [_weighed(workspace, name, rows) for name in sorted({row["strategy"] for row in rows})]
    if json:
        print_json({"n_trials": sum(row["n_trials"] for row in rows), "strategies": weighed, "trials": rows})
        return
    if not rows:
        typer.echo("Nothing has been tried yet; say: trimtab run")
        return
    print_table("Trials", [row | {"dataset": row["dataset"][:8]} for row in rows])
    print_table("What they are worth", weighed)
    if any(each["n_effective"] is None for each in weighed):
        typer.echo("An effective number comes with a strategy's honesty report; say: trimtab run")


def _totals(workspace: Workspace, strategy: str | None) -> list[dict[str, Any]]:
    from sqlalchemy import inspect

    from trimtab.registry.schema import trial_ledger
    from trimtab.registry.trials import totals

    with workspace.lake.database.read() as connection:
        if not inspect(connection).has_table(trial_ledger.name):
            return []
        found = [asdict(total) for total in totals(connection, strategy)]
    order = ("strategy", "label", "dataset", "kind", "n_studies", "n_trials")
    return [{name: row[name] for name in order} for row in (r | {"dataset": r["dataset_fingerprint"]} for r in found)]


def _weighed(workspace: Workspace, strategy: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """All trials of a strategy beside those its latest honesty report weighed; unknown where there is none."""
    from trimtab.pipeline.honesty import HONESTY
    from trimtab.pipeline.running import stage_values

    honest = stage_values(workspace, HONESTY, strategy) or {}
    return {
        "strategy": strategy,
        "n_trials": sum(row["n_trials"] for row in rows if row["strategy"] == strategy),
        "n_weighed": honest.get("n_trials"),
        "n_effective": honest.get("n_effective_trials"),
    }

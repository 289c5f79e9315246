"""`trimtab experiments clean`: old runs that nothing needs are forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from trimtab.cli.experiments.recorded import open_workspace
from trimtab.cli.output import print_json, print_table
from trimtab.errors import ConfigurationError

if TYPE_CHECKING:
    from trimtab.tracking.retention import CleanPlan


def clean(
    older_than: str = typer.Option(..., "--older-than", help="Only runs that began longer ago, such as 30d or 12h."),
    keep: int = typer.Option(1, "--keep", help="How many finished runs of each kind and strategy always stay."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Say what would go; remove nothing."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """Forget old runs and the files only they refer to. What a registered model needs always stays."""
    from trimtab.config.strategy import parse_duration
    from trimtab.pipeline.run_cleaning import clean_runs, forget_copies, running_stage

    try:
        age = parse_duration(older_than)
    except ValueError as error:
        raise ConfigurationError(f"--older-than is '{older_than}': {error}") from None
    workspace = open_workspace()
    plan = clean_runs(workspace, age, keep, dry_run=dry_run)
    running = running_stage(workspace) if dry_run else None
    copies = 0 if dry_run else forget_copies(workspace, plan)
    if json:
        print_json(
            {
                "dry_run": dry_run,
                "removed": [record.id for record in plan.removed],
                "kept": [{"run": each.run.id, "reason": each.reason} for each in plan.kept],
                "files": len(plan.blobs),
                "freed_bytes": plan.freed_bytes,
                "mlflow_copies": copies,
            }
        )
        return
    _print(plan, dry_run)
    if running:
        typer.secho(f"Note: {running}.", fg=typer.colors.YELLOW)


def _print(plan: CleanPlan, dry_run: bool) -> None:
    gone = [
        {"run": each.id, "strategy": each.strategy, "kind": each.kind, "status": each.status} for each in plan.removed
    ]
    if gone:
        print_table("Would be removed" if dry_run else "Removed", gone)
    stays = [
        {"run": each.run.id, "strategy": each.run.strategy, "kind": each.run.kind, "why": each.reason}
        for each in plan.kept
    ]
    if stays:
        print_table("Kept", stays)
    would = "would be removed" if dry_run else "removed"
    typer.echo(
        f"{len(gone)} runs and {len(plan.blobs)} files ({plan.freed_bytes / 1e6:.2f} MB) {would}, {len(stays)} runs kept"
    )

"""`trimtab experiments list`: what was run."""

from __future__ import annotations

import typer

from trimtab.cli.experiments.recorded import document, open_runs, open_workspace, row
from trimtab.cli.output import print_json, print_table

COLUMNS = ("run", "strategy", "kind", "status", "result", "seconds")


def list_runs(
    strategy: str | None = typer.Option(None, "--strategy", help="Only the runs of one strategy."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """Every recorded run, newest first; one that is at work says how far it is."""
    runs = open_runs()
    records = runs.list(strategy)
    if strategy and not records:  # a strategy whose file has gone may still have runs
        open_workspace().strategy(strategy)
    if json:
        print_json({"runs": [document(record) for record in records]})
    elif records:
        print_table("Runs", [row(record, runs) for record in records], COLUMNS)
    else:
        typer.echo(f"No run {f'of {strategy} ' if strategy else ''}is recorded yet; say: trimtab run")

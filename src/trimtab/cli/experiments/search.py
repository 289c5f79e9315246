"""`trimtab experiments search`: runs that meet conditions."""

from __future__ import annotations

import typer

from trimtab.cli.experiments.list import COLUMNS
from trimtab.cli.experiments.recorded import document, open_runs, row
from trimtab.cli.output import print_json, print_table


def search(
    text: str = typer.Argument(help='Conditions joined by "and", such as: "accuracy > 0.6 and strategy = demo".'),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """Find runs by what they are, what they were given and what came out. `=`, `!=`, `>`, `>=`, `<`, `<=`, `~` (contains)."""
    from trimtab.tracking.searching import search_runs

    runs = open_runs()
    found = search_runs(runs.list(), text)
    if json:
        print_json({"filter": text, "runs": [document(record) for record in found]})
    elif found:
        print_table(f"Runs where {text}", [row(record, runs) for record in found], COLUMNS)
    else:
        typer.echo(f"No run meets: {text}")

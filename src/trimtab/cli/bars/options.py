"""Options and small prints that several commands share."""

from __future__ import annotations

import typer

AS_JSON = typer.Option(False, "--json", help="Print one JSON document and nothing else.")
TIMEFRAME = typer.Option(None, "--timeframe", help="Length of the bars, where the file does not say: 1m, 1h, 1d, ...")
CALENDAR = typer.Option(
    None, "--calendar", help="When the market is open: 24/7, weekdays or an exchange's code such as XNYS."
)


def say_columns(columns: dict[str, str]) -> None:
    """Where each column of a file was read from."""
    typer.echo("Columns: " + ", ".join(f"{ours} from {theirs}" for ours, theirs in columns.items()))

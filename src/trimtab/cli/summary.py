"""The table at the end of a run: what came of every strategy, and where to look."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.output import console, words

if TYPE_CHECKING:
    from trimtab.config import Settings

NARROWEST = 100  # below it words would be cut in two


def print_summary(settings: Settings, strategies: Sequence[str] = ()) -> None:
    """Print one row per strategy (all when none is named), the reasons of refusals, and where to look."""
    from trimtab.pipeline.status import summary_row
    from trimtab.pipeline.workspace import Workspace

    workspace = Workspace.open(settings)
    print_rows([summary_row(workspace, name) for name in strategies or workspace.strategies])
    typer.echo(f"Where to look:  trimtab status · trimtab up (http://127.0.0.1:3000) · {settings.data_dir / 'reports'}")


def print_rows(rows: Sequence[dict[str, Any]]) -> None:
    """Print the rows of `trimtab.pipeline.status.summary_row` as one table."""
    from rich import box
    from rich.table import Table

    output = console()
    output.width = max(output.width, NARROWEST)
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0), show_lines=True)
    table.add_column("strategy", min_width=max((len(row["strategy"]) for row in rows), default=8), overflow="fold")
    for title, width in (("dataset\nmodel", 12), ("walk-forward", 23), ("Sharpe", 6), ("drift", 12), ("decision", 14)):
        table.add_column(title, min_width=width, overflow="fold", justify="right" if title == "Sharpe" else "left")
    for row in rows:
        made = f"{row['dataset'] or '–'}\n{row['model'] or '–'}"
        sharpe = _number(row["sharpe"], ".2f")
        table.add_row(row["strategy"], made, _walk_forward(row), sharpe, _drift(row), _decision(row))
    output.print("From bars to decision", style="bold")
    output.print(table)


def _walk_forward(row: dict[str, Any]) -> str:
    if row["accuracy"] is None:
        return "–"
    return (
        f"accuracy {row['accuracy']:.1%}\n"
        f"baseline {_number(row['baseline'], '.1%')}, p {_number(row['p_value'], '.3f')}\n"
        f"consistency {_number(row['consistency'], '.1%')}\n{words(row['verdict'])}"
    )


def _drift(row: dict[str, Any]) -> str:
    if row["drift"] is None:
        return "–"
    return f"{words(row['drift'])}\n{_number(row['drifted_share'], '.0%')} of features"


def _decision(row: dict[str, Any]) -> str:
    if row["decision"] is None:
        return "–"
    if row["failed_gates"]:
        return f"[red]{words(row['decision'])}[/red]\nfailed: {', '.join(str(words(g)) for g in row['failed_gates'])}"
    return f"[green]{words(row['decision'])}[/green]\nall gates passed"


def _number(value: float | None, form: str) -> str:
    return "–" if value is None or math.isnan(value) else format(value, form)

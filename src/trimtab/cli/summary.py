"""The table at the end of a run: what came of every strategy, and where to look."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import typer

from trimtab.config import Settings


def print_summary(settings: Settings, strategies: Sequence[str] = ()) -> None:
    """Print one line per strategy (all when none is named), the reasons of refusals, and where to look."""
    from rich.console import Console
    from rich.table import Table

    from trimtab.pipeline.status import summary_row
    from trimtab.pipeline.workspace import Workspace

    workspace = Workspace.open(settings)
    rows = [summary_row(workspace, name) for name in strategies or workspace.strategies]
    console = Console(width=max(Console().width, 120))
    table = Table(title="From bars to decision", title_justify="left", header_style="bold", show_lines=True)
    for title in ("strategy", "dataset", "model", "walk-forward", "Sharpe", "drift", "decision"):
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(
            row["strategy"], row["dataset"] or "–", row["model"] or "–", _walk_forward(row), _number(row["sharpe"], ".2f"),
            _drift(row), _decision(row),
        )  # fmt: skip
    console.print(table)
    typer.echo(f"Where to look:  trimtab status · trimtab up (http://127.0.0.1:3000) · {settings.data_dir / 'reports'}")


def _walk_forward(row: dict[str, Any]) -> str:
    if row["accuracy"] is None:
        return "–"
    return (
        f"accuracy {row['accuracy']:.1%}\nbaseline {_number(row['baseline'], '.1%')} (p {_number(row['p_value'], '.3f')})\n"
        f"consistency {_number(row['consistency'], '.1%')}\n{row['verdict']}"
    )


def _drift(row: dict[str, Any]) -> str:
    if row["drift"] is None:
        return "–"
    return f"{row['drift'].replace('_', ' ')}\n{_number(row['drifted_share'], '.0%')} of features"


def _decision(row: dict[str, Any]) -> str:
    if row["decision"] is None:
        return "–"
    if row["failed_gates"]:
        return f"[red]{row['decision']}[/red]\nfailed: {', '.join(row['failed_gates'])}"
    return f"[green]{row['decision']}[/green]\nall gates passed"


def _number(value: float | None, form: str) -> str:
    return "–" if value is None or math.isnan(value) else format(value, form)

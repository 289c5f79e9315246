"""The table at the end of a run: what came of every strategy, and where to look."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.output import console, fit_widths, words

if TYPE_CHECKING:
    from trimtab.config import Settings

HEADS = ("strategy", "walk-forward", "Sharpe", "drift", "decision")
SHORT = {"majority": "commoner class", "naive": "naive", "buy_and_hold": "always up"}
NARROWEST = 100  # below it words would be cut in two


def print_summary(settings: Settings, strategies: Sequence[str] = ()) -> None:
    """Print one row per strategy (all when none is named), the reasons of refusals, and where to look."""
    from trimtab.pipeline.status import summary_row
    from trimtab.pipeline.workspace import Workspace

    workspace = Workspace.open(settings)
    rows = [summary_row(workspace, name) for name in strategies or workspace.strategies]
    print_rows(rows)
    for row in rows:
        if row["report"]:
            typer.echo(f"All evidence about {row['strategy']}:  {row['report']}")
    typer.echo(f"Where to look:  trimtab status · trimtab up (http://127.0.0.1:3000) · {settings.data_dir / 'reports'}")


def print_rows(rows: Sequence[dict[str, Any]]) -> None:
    """Print the rows of `trimtab.pipeline.status.summary_row` as one table."""
    from rich import box
    from rich.table import Table

    output = console()
    output.width = max(output.width, NARROWEST)
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0), show_lines=True)
    cells = [_cells(row) for row in rows]
    columns = [[head, *(line[position] for line in cells)] for position, head in enumerate(HEADS)]
    lines = [[part for cell in column for part in cell.split("\n")] for column in columns]
    for head, width in zip(HEADS, fit_widths(lines, output.width), strict=True):
        table.add_column(head, width=width, overflow="fold", justify="right" if head == "Sharpe" else "left")
    for line in cells:
        table.add_row(*line)
    output.print("From bars to decision", style="bold")
    output.print(table)


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    made = f"{row['strategy']}\ndataset {row['dataset'] or '–'}\nmodel {row['model'] or '–'}"
    return (made, _walk_forward(row), _sharpe(row), _drift(row), _decision(row))


def _sharpe(row: dict[str, Any]) -> str:
    """The Sharpe ratio, and how likely it is more than the luck of the best of all trials."""
    if row.get("deflated_sharpe") is None:
        return _number(row["sharpe"], ".2f")
    return f"{_number(row['sharpe'], '.2f')}\ndeflated\n{_number(row['deflated_sharpe'], '.1%')}"


def _walk_forward(row: dict[str, Any]) -> str:
    if row["accuracy"] is None:
        return "–"
    return (
        f"accuracy {row['accuracy']:.1%}{_spread(row.get('accuracy_seed_std'))}\n"
        f"baseline {_number(row['baseline'], '.1%')}\n"
        f"p-value {_number(row['p_value'], '.3f')}{_named(row.get('strongest_baseline'))}\n"
        f"consistency {_number(row['consistency'], '.1%')}\n{row['verdict']}"
    )


def _named(baseline: str | None) -> str:
    """The simple rule a p-value is about, in as few words as a table allows."""
    return "" if baseline is None else f"\nagainst\n{SHORT.get(baseline, words(baseline))}"


def _drift(row: dict[str, Any]) -> str:
    if row["drift"] is None:
        return "–"
    judged = row.get("judged_share")
    if row["drift"] == "insufficient_evidence":
        why = "" if judged is None else f"\nonly {judged:.0%} judged"
        return f"{words(row['drift'])}\nshare not known{why}"
    return f"{words(row['drift'])}\n{_number(row['drifted_share'], '.0%')} drifted"


def _decision(row: dict[str, Any]) -> str:
    if row["decision"] is None:
        return "–"
    if row["failed_gates"]:
        return "\n".join([row["decision"], "failed:", *row["failed_gates"]])
    return f"{row['decision']}\nall gates passed"


def _spread(std: float | None) -> str:
    """The seed-to-seed spread beside a share, in percentage points."""
    return "" if std is None or math.isnan(std) else f" ± {100 * std:.1f}"


def _number(value: float | None, form: str) -> str:
    return "–" if value is None or math.isnan(value) else format(value, form)

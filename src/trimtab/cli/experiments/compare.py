"""`trimtab experiments compare`: runs side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.experiments.recorded import HASH_DIGITS, open_runs
from trimtab.cli.output import print_json, print_table, shown
from trimtab.errors import ConfigurationError

if TYPE_CHECKING:
    from trimtab.tracking.comparison import RunComparison

BEST = " *"
DIGITS = 4


def compare(
    runs: list[str] = typer.Argument(help="Two runs or more: ids, how they begin, or their last digits."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """What is different between runs, their metrics side by side, and which is best where that can be said."""
    from trimtab.tracking.comparison import compare_runs

    store = open_runs()
    records = [store.find(each) for each in runs]
    if len({record.id for record in records}) < max(len(records), 2):
        raise ConfigurationError("comparing needs two different runs or more; `trimtab experiments list` shows them")
    found = compare_runs(records)
    if json:
        print_json({**vars(found), "metrics": [vars(each) for each in found.metrics], "warnings": found.warnings})
        return
    _print(found)


def _print(found: RunComparison) -> None:
    letters = [chr(ord("A") + i) if len(found.runs) <= 26 else str(i + 1) for i in range(len(found.runs))]
    rows = zip(letters, found.runs, found.strategies, found.kinds, found.datasets, strict=True)
    print_table(
        "Runs",
        [
            {"": letter, "run": run, "strategy": strategy, "kind": kind, "dataset": (dataset or "–")[:HASH_DIGITS]}
            for letter, run, strategy, kind, dataset in rows
        ],
    )
    for sentence in found.warnings:
        typer.secho(f"Note: {sentence}.", fg=typer.colors.YELLOW)
    if found.same_dataset:
        typer.echo("All read the same dataset.")
    _print_side_by_side("Parameters that differ", letters, found.parameters)
    metrics = {each.name: _marked(each.values, each.best) for each in found.metrics}
    _print_side_by_side(
        "Metrics (* best)" if any(m.best is not None for m in found.metrics) else "Metrics", letters, metrics
    )
    _print_side_by_side("Environment that differs", letters, found.environment)
    _print_side_by_side("Resources", letters, found.resources)


def _marked(values: tuple[float, ...], best: int | None) -> tuple[str, ...]:
    return tuple(shown(value, DIGITS) + (BEST if number == best else "") for number, value in enumerate(values))


def _print_side_by_side(title: str, letters: list[str], rows: dict[str, tuple[Any, ...]]) -> None:
    if rows:
        print_table(title, [{"": name, **dict(zip(letters, values, strict=True))} for name, values in rows.items()])

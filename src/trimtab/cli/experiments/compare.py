"""`trimtab experiments compare`: runs side by side."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.experiments.recorded import HASH_DIGITS, open_runs
from trimtab.cli.output import print_json, print_table, shown
from trimtab.errors import ConfigurationError

if TYPE_CHECKING:
    from trimtab.tracking.comparison import ComparedMetric, RunComparison

BEST = " *"
DIGITS = 4
POOLED = "pooled/"
HASH = re.compile("[0-9a-f]{40,64}")


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
    metrics = {name: _marked(each.values, each.best) for name, each in _named(found.metrics)}
    _print_side_by_side(
        "Metrics (* best)" if any(m.best is not None for m in found.metrics) else "Metrics", letters, metrics
    )
    _print_side_by_side("Environment that differs", letters, _shortened(found.environment))
    _print_side_by_side("Resources", letters, found.resources)


def _named(metrics: Sequence[ComparedMetric]) -> Iterator[tuple[str, ComparedMetric]]:
    """The metrics by the name they are shown under: beside one over all forecasts, the mean of the folds says so.

    One that only repeats the value over all forecasts is not shown twice.
    """
    pooled = {each.name.removeprefix(POOLED): each for each in metrics if each.name.startswith(POOLED)}
    for each in metrics:
        twin = pooled.get(each.name)
        if twin is None:
            yield each.name, each
        elif repr(twin.values) != repr(each.values):  # unknown equals unknown here
            yield f"{each.name} (mean of folds)", each


def _shortened(rows: dict[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    """Commits and fingerprints as long as a person reads them."""
    return {name: tuple(_short(value) for value in values) for name, values in rows.items()}


def _short(value: Any) -> Any:
    return value[:HASH_DIGITS] if isinstance(value, str) and HASH.fullmatch(value) else value


def _marked(values: tuple[float, ...], best: int | None) -> tuple[str, ...]:
    return tuple(shown(value, DIGITS) + (BEST if number == best else "") for number, value in enumerate(values))


def _print_side_by_side(title: str, letters: list[str], rows: dict[str, tuple[Any, ...]]) -> None:
    if rows:
        print_table(title, [{"": name, **dict(zip(letters, values, strict=True))} for name, values in rows.items()])

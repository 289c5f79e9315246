"""`trimtab models compare`: two versions on the decisions that both were judged on."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from trimtab.cli.output import print_json, print_table

if TYPE_CHECKING:
    from trimtab.pipeline.model_comparison import ModelComparison

# What a version was judged and traded by does not change what it says; --json has it all.
_NOT_THE_FORECAST = frozenset({"name", "description", "author", "backtest", "gates", "retraining", "drift"})


def compare_versions(
    first: str = typer.Argument(help="A version such as 1.0.0, champion, challenger, latest, or STRATEGY@VERSION."),
    second: str = typer.Argument(help="The other one."),
    strategy: str | None = typer.Option(None, "--strategy", help="Whose versions, where they do not say it."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """Which of two versions forecasts better, with intervals and p-values, on the decisions both were judged on."""
    from trimtab.config import load_settings
    from trimtab.metrics.plain import plain
    from trimtab.pipeline.model_comparison import compare_models
    from trimtab.pipeline.workspace import Workspace

    found = compare_models(Workspace.open(load_settings()), first, second, strategy)
    if json:
        print_json(plain(asdict(found)))
        return
    _print(found)


def _print(found: ModelComparison) -> None:
    typer.secho(found.outcome, bold=True)
    start, end = (str(time)[:10] for time in (found.start, found.end))
    typer.echo(f"A is {found.first}, B is {found.second}: {found.n_decisions:,} decisions from {start} to {end}.")
    if found.n_other_outcome:
        typer.echo(
            f"{found.n_other_outcome:,} more are left out: bars were restated, and the two knew another outcome."
        )
    rows = [
        {
            "measure": each.measure,
            "better": each.better,
            "A": each.first,
            "B": each.second,
            "B - A": each.difference,
            "95 % from": each.low,
            "to": each.high,
        }
        for each in found.measures
    ]
    print_table("Out of sample", rows)
    likely = [
        {
            "measure": each.measure,
            "p": each.p_value,
            "adjusted p": each.adjusted_p_value,
            "Diebold-Mariano p": each.dm_p_value,
        }
        for each in found.measures
    ]
    print_table("p-values, if neither were better", likely)
    typer.echo("Trained on the same rows." if found.is_same_data else "Trained on different rows.")
    changed = [
        {"what": key, "A": pair[0], "B": pair[1]}
        for key, pair in found.changed.items()
        if key.split(".")[0] not in _NOT_THE_FORECAST and pair != (None, None)
    ]
    if changed:
        print_table("Configuration that differs", changed)
    for title, names in (("Only B reads", found.features_added), ("Only A reads", found.features_removed)):
        if names:
            typer.echo(f"{title}: {', '.join(names)}.")

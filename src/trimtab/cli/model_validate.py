"""`trimtab models validate`: a strategy's recipe judged by any way of cutting time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.output import print_json, print_table

if TYPE_CHECKING:
    from trimtab.pipeline.validate import ModelValidation

_SIZE = "a share such as 0.1, a number of decision times such as 60, or a duration such as 90d"
# What a fold shows, and the head of its column: with the full names the lines would be too long for a terminal.
_SHOWN = {
    "fold": "fold", "groups": "groups", "test_start": "test start", "test_end": "test end", "train": "train",
    "test": "test", "purged": "purged", "embargoed": "embargo", "tuned_on": "tuned on", "accuracy": "accuracy",
    "baseline_accuracy": "baseline accuracy", "information_coefficient": "IC",
}  # fmt: skip


def validate_models(
    strategy: str = typer.Argument(help="Name of the strategy."),
    splitter: str = typer.Option(
        "combinatorial_purged",
        help="walk_forward, time_series, purged_k_fold, combinatorial_purged, monte_carlo or hold_out.",
    ),
    n_folds: int | None = typer.Option(None, help="Folds (purged_k_fold) or groups of time (combinatorial_purged)."),
    n_test_folds: int | None = typer.Option(None, help="Groups that judge at once (combinatorial_purged)."),
    n_splits: int | None = typer.Option(None, help="Cut-offs (time_series) or windows (monte_carlo)."),
    window: str | None = typer.Option(None, help="expanding or rolling (walk_forward)."),
    initial_train: str | None = typer.Option(None, help=f"First training part (walk_forward): {_SIZE}."),
    train: str | None = typer.Option(None, help="Training part of a window (monte_carlo), a size as above."),
    test: str | None = typer.Option(None, help="Test part (walk_forward, monte_carlo), a size."),
    step: str | None = typer.Option(None, help="From one test part to the next (walk_forward, time_series), a size."),
    horizon: str | None = typer.Option(None, help="What is judged after a cut-off (time_series), a size."),
    max_train_size: str | None = typer.Option(None, help="Most time that trains (time_series), a size."),
    shares: str | None = typer.Option(None, help="The three parts of hold_out, such as 60/20/20."),
    embargo: str | None = typer.Option(None, help="Such as 5d; absent, that of the strategy file."),
    seed: int | None = typer.Option(None, help="Of the windows drawn (monte_carlo); absent, that of the settings."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """Judge a strategy's tuned recipe by any splitter. Decides nothing, and stores nothing but that it was tried."""
    from trimtab.config import load_settings
    from trimtab.pipeline.validate import validate_model
    from trimtab.pipeline.workspace import Workspace

    counts = {"n_folds": n_folds, "n_test_folds": n_test_folds, "n_splits": n_splits, "seed": seed, "window": window}
    sizes = {
        "initial_train": initial_train, "train": train, "test": test, "step": step, "horizon": horizon,
        "max_train_size": max_train_size,
    }  # fmt: skip
    options = {name: value for name, value in counts.items() if value is not None}
    options |= _read(sizes, shares, embargo)
    found = validate_model(Workspace.open(load_settings()), strategy, splitter, options)
    if json:
        print_json(found.to_json())
    else:
        _show(found)


def _read(sizes: dict[str, str | None], shares: str | None, embargo: str | None) -> dict[str, Any]:
    """The options that are typed as text."""
    from trimtab.datasets.three_parts import parse_shares
    from trimtab.validation.splitters.sizes import parse_embargo, parse_size

    options: dict[str, Any] = {name: parse_size(text) for name, text in sizes.items() if text is not None}
    if shares is not None:
        options["shares"] = parse_shares(shares)
    if embargo is not None:
        options["embargo"] = parse_embargo(embargo)
    return options


def _show(found: ModelValidation) -> None:
    hidden = ("test_start", "test_end") if found.paths else ("groups",)
    rows = [{head: fold[name] for name, head in _SHOWN.items() if name not in hidden} for fold in found.folds]
    print_table(f"{found.strategy}: {found.splitter} (IC is the information coefficient)", rows)
    parts = {"mean": found.mean, "std": found.std, "min": found.min, "max": found.max}
    measures = [name for name in found.folds[0] if name in found.mean]
    spread = [{"measure": name, **{part: values[name] for part, values in parts.items()}} for name in measures]
    print_table("Over the folds", spread)
    typer.echo(f"Consistency of accuracy: {_number(found.consistency)}")
    if found.paths:
        print_table("Paths over all of the time", found.paths, ["path", "accuracy", "information_coefficient"])
        print_table("Accuracy over the paths", [found.path_accuracy])
    for note in found.notes:
        typer.echo(note)


def _number(value: float) -> str:
    return "unknown, with one fold" if math.isnan(value) else f"{value:.4f}"

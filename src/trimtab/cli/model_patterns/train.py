"""`trimtab models patterns train`: the network and its linear baseline, trained and scored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from trimtab.cli.features.compute import progress
from trimtab.cli.features.telling import counted, print_wrapped
from trimtab.cli.model_patterns.inputs import BARS, JSON, N_PATTERNS, TIMEFRAME, needs_networks, windows_of_bars
from trimtab.cli.model_patterns.scores import columns, print_means
from trimtab.cli.output import print_json, print_table, words

if TYPE_CHECKING:
    import numpy as np

    from trimtab.models.candlestick_network.comparison import Comparison


def train_patterns(
    bars: Path | None = BARS,
    out: Path | None = typer.Option(
        None, help="Folder for the network; candlestick_network in the data folder when absent."
    ),
    test_from: datetime | None = typer.Option(
        None,
        formats=["%Y-%m-%d"],
        help="From this day (UTC) on nothing is seen; the last third of the time when absent.",
    ),
    epochs: int | None = typer.Option(None, min=1, max=1000, help="Passes over the windows, at most."),
    seed: int = typer.Option(0, min=0, help="Of everything random."),
    timeframe: str | None = TIMEFRAME,
    json: bool = JSON,
) -> None:
    """Train the network and its linear baseline, and score both on instruments and years they have not seen."""
    import numpy as np

    with needs_networks():
        from trimtab.models.candlestick_network.comparison import compare
        from trimtab.models.candlestick_network.folder import save_to
        from trimtab.models.candlestick_network.split import make_split
        from trimtab.models.candlestick_network.training import plan_for
        from trimtab.models.protocol import FitContext
    from trimtab.config import load_settings

    settings = load_settings()
    windows = windows_of_bars(bars, timeframe)
    split = make_split(windows, test_from=None if test_from is None else np.datetime64(test_from, "us"))
    plan = plan_for(len(split.training(windows)), epochs)
    with progress("training", plan.settings.epochs + N_PATTERNS) as advance:
        steps = _Steps(advance, plan.settings.epochs)
        made = compare(windows, split, plan, FitContext(seed, settings.n_threads, watch=steps), steps.fitted)
    folder = out or settings.data_dir / "candlestick_network"
    digest = save_to(folder, made.model, windows)
    if json:
        print_json({"folder": folder, "manifest": digest, **made.document()})
    else:
        _print_comparison(made)
        print_wrapped(f"stored in {folder} as {digest[:12]}")


class _Steps:
    """A training's epochs, then the regressions of the baseline, as steps of a progress bar."""

    def __init__(self, advance: Callable[[], None], epochs: int) -> None:
        self._advance, self._left = advance, epochs

    def step(self, number: int, total: int | None, values: Mapping[str, float]) -> None:
        """An epoch is over."""
        self._left -= 1
        self._advance()

    def fitted(self) -> None:
        """A regression is fitted; the epochs that an early stop left out count as done, so that the bar ends full."""
        for _ in range(self._left):
            self._advance()
        self._left = 0
        self._advance()


def _print_comparison(made: Comparison) -> None:
    split = made.model.split
    rows = [
        {
            "pattern": words(ours.pattern),
            "cases trained": made.training_cases[ours.pattern],
            **columns(ours),
            "linear F1": None if ours.is_too_few else theirs.f1,
            "linear AP": None if ours.is_too_few else theirs.average_precision,
        }
        for ours, theirs in zip(made.network.scores, made.linear.scores, strict=True)
    ]
    print_table("Instruments and years that were not seen (AP: average precision)", rows)
    print_wrapped(
        f"trained on {counted(made.n_drawn, 'window')} of {counted(len(split.trained), 'instrument')} before "
        f"{_day(split.validation_from)}, thresholds from {counted(made.n_validation, 'window')} before {_day(split.test_from)}"
    )
    print_means("network", made.network)
    print_means("linear", made.linear)
    ours, theirs = (each.macro_average_precision.value for each in (made.network, made.linear))
    if ours < theirs:
        print_wrapped("the network scored below its linear baseline: train on more bars before using it")


def _day(time: np.datetime64) -> str:
    return str(time.astype("datetime64[D]"))

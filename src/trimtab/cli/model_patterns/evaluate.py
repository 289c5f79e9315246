"""`trimtab models patterns evaluate`: a stored network against the rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from trimtab.cli.features.telling import counted, print_wrapped
from trimtab.cli.model_patterns.inputs import BARS, FOLDER, JSON, TIMEFRAME, needs_networks, told, windows_of_bars
from trimtab.cli.model_patterns.scores import columns, print_means
from trimtab.cli.output import print_json, print_table, words

if TYPE_CHECKING:
    from trimtab.models.candlestick_network.evaluation import Evaluation


def evaluate_patterns(
    folder: Path = FOLDER,
    bars: Path | None = BARS,
    everything: bool = typer.Option(False, "--all", help="Bars the network was trained on, too."),
    timeframe: str | None = TIMEFRAME,
    json: bool = JSON,
) -> None:
    """Score a stored network against the rules, on instruments and years it has not seen."""
    import numpy as np

    with needs_networks():
        from trimtab.models.candlestick_network.evaluation import evaluate
        from trimtab.models.candlestick_network.folder import load_from
    from trimtab.errors import NotEnoughDataError

    network = load_from(folder)
    windows = windows_of_bars(bars, timeframe)
    rows = np.arange(len(windows)) if everything else network.split.unseen(windows)
    if not len(rows):
        raise NotEnoughDataError(
            f"every bar given is of an instrument that trained the network or before {network.split.test_from}; "
            "give others, or say --all to score on what it has seen"
        )
    asked = windows.take(rows)
    result = evaluate(asked.labels, told(network, asked), network.thresholds, asked.code)
    if json:
        print_json({"folder": folder, "left_out": len(windows) - len(rows), **result.document()})
        return
    _print_evaluation(result)
    if len(rows) < len(windows):
        left = counted(len(windows) - len(rows), "window")
        print_wrapped(f"{left} of what the network was trained on, or of that time, left out; --all takes them in")


def _print_evaluation(result: Evaluation) -> None:
    print_table("The network beside the rules", [{"pattern": words(e.pattern), **columns(e)} for e in result.scores])
    print_means("network", result)

"""`trimtab models patterns`: the candlestick network, trained, evaluated and asked; one module per command.

What several of them share is in `inputs` (options, bars, the network's answer) and `scores` (how scores are shown).
"""

from __future__ import annotations

import typer

from trimtab.cli.model_patterns.evaluate import evaluate_patterns
from trimtab.cli.model_patterns.find import find_patterns
from trimtab.cli.model_patterns.train import train_patterns

app = typer.Typer(no_args_is_help=True)
app.command("train")(train_patterns)
app.command("evaluate")(evaluate_patterns)
app.command("find")(find_patterns)

"""`trimtab models forecast`: what a registered model says about the newest bars."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.output import print_json, print_table, words

if TYPE_CHECKING:
    from trimtab.pipeline.forecast import HorizonForecast, InstrumentForecast, NewestForecast

CERTAINTY = ("low", "high", "confidence", "novelty")


def forecast_models(
    strategy: str = typer.Argument(help="Name of the strategy."),
    version: str = typer.Argument("latest", help="A version such as 1.0.0, or champion, challenger, latest."),
    json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """Forecast the newest bar of every instrument: prediction, members, spread, interval, confidence."""
    from trimtab.config import load_settings
    from trimtab.pipeline.forecast import forecast_newest
    from trimtab.pipeline.workspace import Workspace

    said = forecast_newest(Workspace.open(load_settings()), strategy, version)
    if json:
        print_json(asdict(said))
        return
    intervals = "" if said.coverage is None else f", intervals for {said.coverage:.0%} of outcomes"
    title = f"{strategy} {said.version} ({words(said.state)}): {words(said.label)}{intervals}"
    rows = [(each, row) for each in said.instruments for row in each.horizons]
    print_table(title, [_forecast(said, each, row) for each, row in rows], digits=4)
    if any(row.members for _, row in rows):
        print_table("What each member says", [_members(each, row) for each, row in rows], digits=4)
    for sentence in said.not_said:
        typer.echo(sentence)
    for name in (each.instrument for each in said.instruments if any(row.abstains for row in each.horizons)):
        typer.echo(f"{name}: this bar is farther from the training rows than any of them; do not act on the forecast.")


def _forecast(said: NewestForecast, each: InstrumentForecast, row: HorizonForecast) -> dict[str, Any]:
    """One line of the table; a column that the model cannot fill is left away."""
    what = "probability" if said.task == "classification" else "prediction"
    return {
        "instrument": each.instrument,
        "decision time": each.decision_time,
        "horizon": row.horizon,
        what: row.prediction,
        **{name: getattr(row, name) for name in CERTAINTY if getattr(row, name) is not None},
        **({"abstains": row.abstains} if row.novelty is not None else {}),
    }


def _members(each: InstrumentForecast, row: HorizonForecast) -> dict[str, Any]:
    return {"instrument": each.instrument, "horizon": row.horizon, **row.members, "spread": row.spread}

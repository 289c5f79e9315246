"""The out-of-sample forecasts of walk-forwards, as tables: the latest of a strategy, and one per recipe.

A recipe's table stays when another recipe is judged, so that two versions can be compared on the same
decisions, and every recipe that was ever judged counts as something that was tried.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from trimtab.config.as_read import folds_as_read
from trimtab.config.strategy import Strategy
from trimtab.datasets import Dataset
from trimtab.pipeline.workspace import Workspace
from trimtab.storage.hashing import fingerprint_json
from trimtab.validation.walk_forward import OutOfSample

STAGE = "walk_forward_report"
_CERTAINTY = ("low", "high", "confidence", "novelty", "adaptive_low", "adaptive_high")


def forecast_table(strategy_name: str) -> str:
    """The name of the table with the out-of-sample forecasts of a strategy's latest walk-forward."""
    return f"reports/{STAGE}/{strategy_name}/forecasts"


def cuts_of(strategy: Strategy) -> str:
    """A short fingerprint of how a strategy's walk-forward cuts time; one recipe by other cuts is another look."""
    return fingerprint_json(folds_as_read(strategy.validation))[:12]


def recipe_table(strategy_name: str, recipe: str, cuts: str) -> str:
    """The name of the table with the forecasts of one recipe judged by some cuts, kept for later comparisons."""
    return f"reports/{STAGE}/{strategy_name}/by_recipe/{recipe[:24]}-{cuts}"


def write_forecasts(
    workspace: Workspace, strategy: Strategy, recipe: str, dataset: Dataset, forecasts: OutOfSample
) -> None:
    """Store the forecasts of a walk-forward over `dataset`, as the latest and under its recipe and cuts."""
    table = _as_table(dataset, forecasts)
    for name in (recipe_table(strategy.name, recipe, cuts_of(strategy)), forecast_table(strategy.name)):
        workspace.lake.tables.write(name, table)


def read_forecasts(workspace: Workspace, strategy_name: str) -> OutOfSample:
    """The latest forecasts of a strategy; `NotFoundError` when it was never judged."""
    return as_forecasts(workspace.lake.tables.read(forecast_table(strategy_name)))


def as_forecasts(table: pa.Table) -> OutOfSample:
    """The forecasts in a table, without what a model said of its own certainty."""
    columns = ("row", "fold", "value", "target", "baseline", "majority")
    return OutOfSample(**{name: np.asarray(table[name].to_numpy()) for name in columns})


def _as_table(dataset: Dataset, forecasts: OutOfSample) -> pa.Table:
    rows = forecasts.row
    time = pa.timestamp("us", tz="UTC")
    return pa.table(
        {
            "row": rows,
            "instrument_id": [dataset.instruments[code] for code in dataset.instrument[rows]],
            "event_time": pa.array(dataset.event_time[rows], pa.timestamp("us")).cast(time),
            "decision_time": pa.array(dataset.decision_time[rows], pa.timestamp("us")).cast(time),
            "fold": forecasts.fold,
            "value": forecasts.value,
            "target": forecasts.target,
            "baseline": forecasts.baseline,
            "majority": forecasts.majority,
        }
        | {name: getattr(forecasts, name) for name in _CERTAINTY if getattr(forecasts, name) is not None}
    )

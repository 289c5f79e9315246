"""Two model versions on the decisions that both were judged on: is one better, or can they not be told apart?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from trimtab.datasets.schema import Task
from trimtab.errors import ConfigurationError, NotFoundError
from trimtab.pipeline.models import CANDIDATE, candidate_version
from trimtab.pipeline.running import stage_values
from trimtab.pipeline.walk_forward_forecasts import STAGE as WALK_FORWARD
from trimtab.pipeline.walk_forward_forecasts import recipe_table
from trimtab.pipeline.workspace import Workspace
from trimtab.registry.models import ModelVersion
from trimtab.validation.bootstrap import MIN_TIMES
from trimtab.validation.forecast_comparison import ComparedMeasure, compare_forecasts

_KEY = ["instrument_id", "decision_time"]
# What a label forecasts; the rest of its section (a neutral band, further horizons) decides which rows there are.
_SAME_QUESTION = ("kind", "memory", "take_profit", "stop_loss", "volatility_window")


@dataclass(frozen=True)
class ModelComparison:
    """Two versions side by side.

    Attributes
    ----------
    first, second: "strategy@version" each.
    outcome: what the comparison says, in a sentence.
    n_decisions, n_times: decisions both forecast out of sample, and distinct decision times among them.
    start, end: the first and the last of these times, datetime64[us], UTC.
    measures: every measure with its difference, interval and p-values.
    changed: dotted keys of the configuration that differ, with both values.
    features_added, features_removed: names in the second only, in the first only.
    is_same_data: whether both were trained on the same rows.
    n_other_outcome: shared decisions left out because the two knew another outcome (bars were restated between).
    """

    first: str
    second: str
    outcome: str
    n_decisions: int
    n_times: int
    start: np.datetime64
    end: np.datetime64
    measures: tuple[ComparedMeasure, ...]
    changed: dict[str, tuple[Any, Any]]
    features_added: tuple[str, ...]
    features_removed: tuple[str, ...]
    is_same_data: bool
    n_other_outcome: int


def compare_models(workspace: Workspace, first: str, second: str, strategy: str | None = None) -> ModelComparison:
    """Compare two versions on their shared out-of-sample decisions.

    `first` and `second` are a version, "champion", "challenger" or "latest" of `strategy`, or STRATEGY@VERSION.
    A version beside itself is told to be the same, and of two versions of one recipe and cuts, whose forecasts are
    kept once, that they cannot be told apart. Raises `NotFoundError` where a version was never judged, or its forecasts
    are gone, and `ConfigurationError` where the two forecast different things or share no decision.
    """
    versions = [_find(workspace, each, strategy) for each in (first, second)]
    names = [f"{model.strategy}@{model.version}" for model in versions]
    task, horizon = _same_question(versions, names)
    tables = [_table(workspace, model) for model in versions]
    shared, n_other = _shared_decisions(*(_forecasts(workspace, table) for table in tables))
    if not len(shared["time"]):
        raise ConfigurationError(f"{names[0]} and {names[1]} share no decision that both were judged on")
    columns = (shared[name] for name in ("target", "first", "second", "time"))
    measures = compare_forecasts(task, *columns, seed=workspace.settings.seed, horizon=horizon)
    n_times, is_same = len(np.unique(shared["time"])), bool((shared["first"] == shared["second"]).all())
    different = workspace.registry.compare_models(versions[0].id, versions[1].id)
    return ModelComparison(
        first=names[0],
        second=names[1],
        outcome=outcome_sentence(names, measures, n_times, is_same=is_same, is_one_table=tables[0] == tables[1]),
        n_decisions=len(shared["time"]),
        n_times=n_times,
        start=shared["time"].min(),
        end=shared["time"].max(),
        measures=measures,
        changed=different.changed,
        features_added=different.features_added,
        features_removed=different.features_removed,
        is_same_data=different.is_same_data,
        n_other_outcome=n_other,
    )


def outcome_sentence(
    names: list[str],
    measures: tuple[ComparedMeasure, ...],
    n_times: int,
    *,
    is_same: bool = False,
    is_one_table: bool = False,
) -> str:
    """What the measures say together, adjusted for their number."""
    shared = f"{n_times:,} shared decision times"
    if names[0] == names[1]:
        return f"Nothing to tell apart: both are {names[0]}, the same version, on {n_times:,} decision times."
    if is_one_table:
        return (
            f"Cannot be told apart: {names[0]} and {names[1]} have one recipe and one way of cutting time, "
            "and the forecasts of these are kept once, so there is nothing to compare."
        )
    if is_same:
        return f"Not told apart: {names[0]} and {names[1]} say the same at all {shared}."
    if n_times < MIN_TIMES:
        return f"Not told apart: {shared} are too few for a test, which needs {MIN_TIMES}."
    won = {
        name: [m for m in measures if m.winner == side] for name, side in zip(names, ("first", "second"), strict=True)
    }
    said = [f"{name} is better by {_listed(which)}" for name, which in won.items() if which]
    if not said:
        smallest = min((m.adjusted_p_value for m in measures if not np.isnan(m.adjusted_p_value)), default=1.0)
        return f"Not told apart: over {shared} no measure differs by more than chance (smallest adjusted p {smallest:.2g})."
    open_ones = [m.measure for m in measures if m.winner is None]
    rest = f"; not told apart by {_together(open_ones)}" if open_ones else ""
    return f"{' and '.join(said)}{rest}; over {shared}."


def _listed(measures: list[ComparedMeasure]) -> str:
    return _together([f"{m.measure} (adjusted p {m.adjusted_p_value:.2g})" for m in measures])


def _together(words: list[str]) -> str:
    """A list as it is spoken.

    >>> _together(["accuracy", "mse", "mae"])
    'accuracy, mse and mae'
    """
    *all_but_last, last = words
    return f"{', '.join(all_but_last)} and {last}" if all_but_last else last


def _find(workspace: Workspace, reference: str, strategy: str | None) -> ModelVersion:
    """The version that a word of the command line means."""
    named, _, version = reference.rpartition("@")
    owner = named or strategy or _only_strategy(workspace, reference)
    if not workspace.registry.list_models(owner):
        workspace.strategy(owner)  # says which strategies there are
    return workspace.registry.find_model(owner, version)


def _only_strategy(workspace: Workspace, reference: str) -> str:
    owners = sorted({model.strategy for model in workspace.registry.list_models()})
    if len(owners) == 1:
        return owners[0]
    known = ", ".join(owners) or "none yet"
    raise ConfigurationError(
        f"'{reference}' does not say of which strategy; add --strategy NAME or write STRATEGY@VERSION (with models: {known})"
    )


def _same_question(versions: list[ModelVersion], names: list[str]) -> tuple[Task, int]:
    """Task and horizon of the label, which both must share."""
    labels = [model.configuration.get("label", {}) for model in versions]
    first, second = ({key: label.get(key) for key in _SAME_QUESTION} for label in labels)
    horizons = [label.get("horizons", [1])[0] for label in labels]
    # A key that an older version did not store yet had the default, as the newer one says when it is not used.
    unlike = [key for key in _SAME_QUESTION if None not in (first[key], second[key]) and first[key] != second[key]]
    if horizons[0] != horizons[1] or unlike:
        keys = [*(["horizons"] if horizons[0] != horizons[1] else []), *unlike]
        raise ConfigurationError(
            f"{names[0]} and {names[1]} forecast different things (label: {', '.join(keys)} differ); "
            "only forecasts of one label can be compared"
        )
    return ("regression" if first["kind"] == "forward_return" else "classification"), int(horizons[0])


def _table(workspace: Workspace, model: ModelVersion) -> str:
    """The name of the table with what a version said out of sample, stored under its recipe and its cuts."""
    recipe, cuts = _judged(workspace, model)
    table = recipe_table(model.strategy, recipe, cuts) if recipe and cuts else None
    if table is None or not workspace.lake.tables.exists(table):
        why = "was not judged since forecasts are kept" if table is None else "has no forecasts in this lake any more"
        raise NotFoundError(
            f"{model.strategy}@{model.version} {why}, so it cannot be compared; "
            f"judge it with `trimtab run --strategy {model.strategy}` while its strategy file says what it is made of"
        )
    return table


def _forecasts(workspace: Workspace, table: str) -> pa.Table:
    return workspace.lake.tables.read(table, columns=[*_KEY, "value", "target"])


def _judged(workspace: Workspace, model: ModelVersion) -> tuple[str | None, str | None]:
    """Recipe and cuts as recorded at the decision; of the latest candidate also before it is decided about."""
    if model.metrics.get("recipe") and model.metrics.get("cuts"):
        return str(model.metrics["recipe"]), str(model.metrics["cuts"])
    candidate = candidate_version(workspace, model.strategy)
    if candidate is None or candidate.id != model.id:
        return None, None
    recipe = (stage_values(workspace, CANDIDATE, model.strategy) or {}).get("recipe")
    judged = stage_values(workspace, WALK_FORWARD, model.strategy) or {}
    return recipe, judged.get("cuts") if judged.get("recipe") == recipe else None


def _shared_decisions(first: pa.Table, second: pa.Table) -> tuple[dict[str, np.ndarray], int]:
    """Target, both forecasts and the time of every decision both speak of, in order; and how many outcomes differ."""
    joined = first.join(second, _KEY, join_type="inner", right_suffix="_second")
    joined = joined.sort_by([("decision_time", "ascending"), ("instrument_id", "ascending")])
    target, other = (joined[name].to_numpy() for name in ("target", "target_second"))
    same = np.isclose(target, other, rtol=1e-9, atol=0.0)
    spoken = same & ~np.isnan(joined["value"].to_numpy()) & ~np.isnan(joined["value_second"].to_numpy())
    time = joined["decision_time"].cast(pa.timestamp("us")).to_numpy().astype("datetime64[us]")
    columns = {"target": target, "first": joined["value"].to_numpy(), "second": joined["value_second"].to_numpy()}
    n_other = int((~same & ~np.isnan(target) & ~np.isnan(other)).sum())
    return {name: values[spoken] for name, values in (columns | {"time": time}).items()}, n_other

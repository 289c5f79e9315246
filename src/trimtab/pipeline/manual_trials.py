"""Looks of a person: a recipe, how its walk-forward cut time, and how its forecasts are traded. Each is a trial.

Whoever changes the threshold, the costs or the validation windows until the result is pleasant has tried as much as
whoever changes the model. The same look counts once, however often it is taken; a validation by another splitter is
counted as the look that the walk-forward of the same strategy file would be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from trimtab.config.strategy import Backtest, Strategy
from trimtab.pipeline.tuning import label_name, tuned_parameters
from trimtab.pipeline.walk_forward_forecasts import cuts_of, recipe_table
from trimtab.pipeline.workspace import Workspace
from trimtab.registry.trials import Trial
from trimtab.storage.hashing import fingerprint_json

ACTOR = "pipeline"
MANUAL = "walk_forward"


@dataclass(frozen=True)
class Look:
    """What a person looked at.

    Attributes
    ----------
    strategy: its name.
    recipe, dataset: fingerprints of what was trained, and on what.
    cuts: how the walk-forward cuts time (see `cuts_of`).
    backtest: the section [backtest] of the strategy file, as JSON values.
    label, family: what was forecast, such as "direction:5", and by which algorithm.
    parameters: those that a study had found.
    """

    strategy: str
    recipe: str
    dataset: str
    cuts: str
    backtest: Mapping[str, Any]
    label: str
    family: str
    parameters: Mapping[str, Any]


def look_of(workspace: Workspace, strategy: Strategy, recipe: str, dataset: str) -> Look:
    """A recipe judged and traded as the strategy file says today."""
    return Look(
        strategy=strategy.name,
        recipe=recipe,
        dataset=dataset,
        cuts=cuts_of(strategy),
        backtest=strategy.backtest.model_dump(mode="json"),
        label=label_name(strategy),
        family=strategy.model.algorithm,
        parameters=tuned_parameters(workspace, strategy.name),
    )


def count_look(workspace: Workspace, look: Look, value: float | None = None) -> bool:
    """Count a look as a trial of a person; return whether it was not counted yet.

    `value` is the strategy's first objective by walk-forward; None for a look by any other way, which is no such
    number. A look that is known keeps the value it was first counted with.
    """
    trial = Trial(
        study=manual_study(look),
        number=0,
        strategy=look.strategy,
        dataset_fingerprint=look.dataset,
        label=look.label,
        family=look.family,
        parameters={
            "recipe": look.recipe, "cuts": look.cuts, "backtest": dict(look.backtest), "model": dict(look.parameters),
        },
        value=value,
        kind="manual",
    )  # fmt: skip
    return workspace.registry.record_trials([trial], ACTOR) == 1


def manual_study(look: Look) -> str:
    """The name under which the trial ledger counts a look, by whatever splitter."""
    return f"{MANUAL}:{look.strategy}:{fingerprint_json([look.recipe, look.cuts, dict(look.backtest)])[:16]}"


def table_of(trial: Trial) -> str | None:
    """The name of the table that holds what the recipe of a manual trial said; None where the trial does not tell."""
    recipe, cuts = trial.parameters.get("recipe"), trial.parameters.get("cuts")
    return recipe_table(trial.strategy, recipe, cuts) if isinstance(recipe, str) and isinstance(cuts, str) else None


def traded_as(trial: Trial) -> Backtest | None:
    """The section [backtest] a manual trial was looked at with; None where it does not tell, or no one knows it now."""
    try:
        return Backtest.model_validate(trial.parameters.get("backtest"))
    except ValidationError:
        return None


def uncounted_tables(workspace: Workspace, strategy_name: str, trials: Sequence[Trial]) -> list[str]:
    """Recipes and cuts whose forecasts were kept by a walk-forward, but that none of the trials is about.

    `trials` are all those of the strategy, of every label: what was judged for another label is no lost trial.
    """
    counted = {table_of(trial) for trial in trials if trial.kind == "manual"}
    folder = recipe_table(strategy_name, "", "").rpartition("/")[0]
    kept = sorted(workspace.lake.tables.names(folder))
    return [name.rpartition("/")[2] for name in kept if name not in counted]

"""What a trial is judged by: the score of one fitted model on one fold, per objective."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from trimtab.datasets import Dataset
from trimtab.datasets.schema import Task
from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.models.forecasting import forecast
from trimtab.models.protocol import FittedForecaster
from trimtab.validation.scoring import score


@dataclass(frozen=True)
class Objective:
    """One thing to optimise.

    Attributes
    ----------
    name: as in the strategy file.
    maximise: whether more is better.
    measure: the name of the measure in `trimtab.validation.scoring.score`; None for complexity.
    undefined: what an undefined measure counts as: the value of a forecast without skill.
    """

    name: str
    maximise: bool
    measure: str | None
    undefined: float = 0.0


# Right direction and right class are the same measure: in regression the class is the sign.
OBJECTIVES = {
    objective.name: objective
    for objective in (
        Objective("information_coefficient", True, "information_coefficient"),
        Objective("accuracy", True, "accuracy"),
        Objective("directional_accuracy", True, "accuracy"),
        Objective("f1", True, "f1"),
        Objective("log_loss", False, "log_loss", undefined=math.inf),
        Objective("complexity", False, None),
    )
}


def find_objectives(names: Sequence[str], task: Task) -> tuple[Objective, ...]:
    """Objectives by name; `ConfigurationError` when there is none, one twice, or one the task does not have."""
    for name in names:
        if name not in OBJECTIVES:
            raise UnknownNameError("objective", name, OBJECTIVES)
    if not names or len(set(names)) != len(names):
        raise ConfigurationError(f"a study needs at least one objective and each once, not {list(names)}")
    if task == "regression" and "log_loss" in names:
        raise ConfigurationError(
            "log_loss needs probabilities, the label is a regression; use information_coefficient instead"
        )
    return tuple(OBJECTIVES[name] for name in names)


def fold_scores(fitted: FittedForecaster, test: Dataset, objectives: Sequence[Objective]) -> tuple[float, ...]:
    """The score of a model on the test rows of a fold, one number per objective.

    Complexity is the size of the stored model in bytes: one yardstick for trees and for weights.
    """
    measured = score(test.task, test.target, forecast(fitted, test).value)
    return tuple(_one(objective, measured, fitted) for objective in objectives)


def _one(objective: Objective, measured: dict[str, float], fitted: FittedForecaster) -> float:
    if objective.measure is None:
        return float(sum(len(content) for content in fitted.save().values()))
    value = measured[objective.measure]
    return value if math.isfinite(value) else objective.undefined

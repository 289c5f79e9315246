"""What a trial is judged by: the score of one fitted model on one fold, per objective."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trimtab.datasets import Dataset
from trimtab.datasets.schema import Task
from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.metrics import trading
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
    measure: the name of the measure in `trimtab.validation.scoring.score`, or of one made here.
    undefined: what an undefined measure counts as: the value of a forecast without skill.
    tolerance: relative difference that counts as none where trials are compared (see `choice`).
    """

    name: str
    maximise: bool
    measure: str
    undefined: float = 0.0
    tolerance: float = 0.0


# The bytes of a linear model follow the digits of its weights: 1.3 % more of them is no bigger model.
SAME_SIZE = 0.02

# Right direction and right class are the same measure: in regression the class is the sign.
OBJECTIVES = {
    objective.name: objective
    for objective in (
        Objective("information_coefficient", True, "information_coefficient"),
        Objective("accuracy", True, "accuracy"),
        Objective("directional_accuracy", True, "accuracy"),
        Objective("f1", True, "f1"),
        Objective("log_loss", False, "log_loss", undefined=math.inf),
        Objective("sharpe_ratio", True, "sharpe_ratio"),
        Objective("complexity", False, "complexity", tolerance=SAME_SIZE),
    )
}


def find_objectives(names: Sequence[str], task: Task, label_kind: str | None = None) -> tuple[Objective, ...]:
    """Objectives by name; `ConfigurationError` for none, one twice, or one that the task or label does not have."""
    for name in names:
        if name not in OBJECTIVES:
            raise UnknownNameError("objective", name, OBJECTIVES)
    if not names or len(set(names)) != len(names):
        raise ConfigurationError(f"a study needs at least one objective and each once, not {list(names)}")
    if task == "regression" and "log_loss" in names:
        raise ConfigurationError(
            "log_loss needs probabilities, the label is a regression; use information_coefficient instead"
        )
    if label_kind == "volatility_regime" and "sharpe_ratio" in names:
        raise ConfigurationError(
            "sharpe_ratio needs a label with a direction to trade, volatility_regime has none; use f1 or accuracy instead"
        )
    return tuple(OBJECTIVES[name] for name in names)


def fold_scores(
    fitted: FittedForecaster, test: Dataset, objectives: Sequence[Objective], value: np.ndarray | None = None
) -> tuple[float, ...]:
    """The score of a model on the test rows of a fold, one number per objective.

    Complexity is the size of the stored model in bytes: one yardstick for trees and for weights. `value` is what the
    model said about the test rows, where that is known already.
    """
    value = forecast(fitted, test).value if value is None else value
    measured = score(test.task, test.target, value)
    wanted = {objective.measure for objective in objectives}
    if "sharpe_ratio" in wanted:
        measured["sharpe_ratio"] = sign_sharpe_ratio(test, value)
    if "complexity" in wanted:
        measured["complexity"] = float(sum(len(content) for content in fitted.save().values()))
    return tuple(_defined(measured[objective.measure], objective) for objective in objectives)


def sign_sharpe_ratio(test: Dataset, value: np.ndarray) -> float:
    """Mean over standard deviation of what trading the sign of every forecast brought, per decision time.

    Long where the forecast is up, short where it is down, nothing where it is exactly zero or unknown, the
    same stake in every instrument. A regression earns its target, the forward return. A classification knows
    no size of a move: each call wins or loses one unit. There are no costs and it is not annualised: it ranks
    the trials of one study and is no promise of a return. NaN when the account never varies.
    """
    if test.task == "regression":
        earned = np.sign(np.nan_to_num(value)) * test.target
    else:
        earned = np.sign(np.nan_to_num(value, nan=0.5) - 0.5) * (2.0 * test.target - 1.0)
    times, position = np.unique(test.decision_time, return_inverse=True)
    together = np.bincount(position, earned) / np.bincount(position)
    return trading.sharpe_ratio(together, periods_per_year=1.0) if len(times) > 1 else math.nan


def _defined(value: float, objective: Objective) -> float:
    return value if math.isfinite(value) else objective.undefined

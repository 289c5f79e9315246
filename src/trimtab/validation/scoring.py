"""What a fold is measured by: one set of names for classification and regression.

In classification the class said is 1 when its probability is above one half. In regression the
class is the direction: accuracy is directional accuracy, precision and recall are about "up", a
target of zero has no direction and is left out, a forecast of zero says nothing and counts as wrong.
"""

from __future__ import annotations

import numpy as np

from trimtab.datasets.schema import Task
from trimtab.metrics import classification, forecast, regression


def score(task: Task, target: np.ndarray, value: np.ndarray) -> dict[str, float]:
    """The measures of forecasts `value` against `target`, both of shape (n,), by name.

    Classification adds `log_loss` and `brier_score`, regression `mse`, `rmse`, `mae`, `mape` and `r2`.
    """
    truth, said = classes(task, target, value)
    measures = {
        "accuracy": classification.accuracy(truth, said),
        "balanced_accuracy": classification.balanced_accuracy(truth, said),
        "precision": classification.precision(truth, said),
        "recall": classification.recall(truth, said),
        "f1": classification.f1(truth, said),
        "roc_auc": classification.roc_auc(truth, value),
        "information_coefficient": forecast.information_coefficient(value, target),
        "rank_information_coefficient": forecast.rank_information_coefficient(value, target),
    }
    if task == "classification":
        return measures | {
            "log_loss": classification.log_loss(target, value),
            "brier_score": classification.brier_score(target, value),
        }
    names = ("mse", "rmse", "mae", "mape", "r2")
    return measures | {name: getattr(regression, name)(target, value) for name in names}


def classes(task: Task, target: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The class that was true and the class that was said, 0.0 or 1.0; NaN where there is none.

    >>> truth, said = classes("regression", np.array([0.1, -0.2, 0.0]), np.array([0.3, 0.0, 0.1]))
    >>> truth.tolist(), said.tolist()
    ([1.0, 0.0, nan], [1.0, 1.0, 1.0])
    """
    if task == "classification":
        return target, np.where(np.isnan(value), np.nan, (value > 0.5).astype(np.float64))
    truth = np.where(np.isnan(target) | (target == 0.0), np.nan, (target > 0.0).astype(np.float64))
    said = np.where(value == 0.0, 1.0 - truth, np.where(np.isnan(value), np.nan, (value > 0.0).astype(np.float64)))
    return truth, said


def is_right(task: Task, target: np.ndarray, value: np.ndarray) -> np.ndarray:
    """1.0 where the class was said right, 0.0 where wrong, NaN where there is nothing to say; shape (n,)."""
    truth, said = classes(task, target, value)
    return np.where(np.isnan(truth) | np.isnan(said), np.nan, (truth == said).astype(np.float64))


def majority_value(task: Task, target: np.ndarray) -> float:
    """What one would always say after seeing these targets: the commoner class, or direction (±1.0).

    >>> majority_value("classification", np.array([1.0, 1.0, 0.0]))
    1.0
    """
    if task == "classification":
        return float(np.nanmean(target) > 0.5)
    return 1.0 if np.nansum(np.sign(target)) > 0 else -1.0

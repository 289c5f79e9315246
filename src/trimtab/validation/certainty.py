"""What is measured about a model's own certainty: intervals, calibrated confidence, abstention; and other horizons.

A measure is there only where the model gives what it judges, so a report says nothing about intervals
of a model without any.
"""

from __future__ import annotations

import numpy as np

from trimtab.datasets import Dataset
from trimtab.datasets.schema import Task
from trimtab.metrics.calibration import expected_calibration_error
from trimtab.metrics.classification import accuracy
from trimtab.metrics.intervals import interval_coverage, interval_width
from trimtab.models.protocol import Forecast
from trimtab.validation.scoring import classes, is_right, score

BY_HORIZON = ("accuracy", "balanced_accuracy", "information_coefficient", "log_loss", "rmse")


def certainty_measures(task: Task, target: np.ndarray, said: Forecast) -> dict[str, float]:
    """Measures by name; in classification an interval holds the class or not, and its width is 0 or 1.

    `interval_coverage`, `interval_width` (mean); `expected_calibration_error` of the confidence in the class or
    direction said; `abstained_share` and `accuracy_when_not_abstaining` where the model knows novelty.
    """
    measures: dict[str, float] = {}
    if said.low is not None and said.high is not None:
        measures["interval_coverage"] = interval_coverage(target, said.low, said.high)
        measures["interval_width"] = interval_width(said.low, said.high)
    if said.confidence is not None:
        right = is_right(task, target, said.value)
        measures["expected_calibration_error"] = expected_calibration_error(right, said.confidence)
    if said.novelty is not None:
        speaks = ~said.abstains
        measures["abstained_share"] = float(said.abstains.mean())
        measures["accuracy_when_not_abstaining"] = accuracy(*classes(task, target[speaks], said.value[speaks]))
    return measures


def adaptive_measures(target: np.ndarray, low: np.ndarray, high: np.ndarray) -> dict[str, float]:
    """Coverage and mean width of intervals whose level followed the outcomes."""
    return {
        "adaptive_coverage": interval_coverage(target, low, high),
        "adaptive_width": interval_width(low, high),
    }


def horizon_measures(test: Dataset, said: Forecast) -> dict[str, float]:
    """Measures of every horizon as `accuracy@5` and so on; empty where the model forecasts one horizon.

    A sample whose label of a horizon is not known yet has no part in that horizon's measures.
    """
    measures: dict[str, float] = {}
    for labels in test.by_horizon:
        own = said.horizons.get(labels.horizon)
        if own is None:
            continue
        found = score(test.task, labels.target, own.value)
        kept = {name: found[name] for name in BY_HORIZON if name in found}
        kept["baseline_accuracy"] = accuracy(*classes(test.task, labels.target, labels.baseline))
        kept |= certainty_measures(test.task, labels.target, own)
        measures |= {f"{name}@{labels.horizon}": value for name, value in kept.items()}
    return measures

"""Would the naive forecaster have done as well? Paired, on the same samples, with dependence in time.

Instruments of one session move together, so their differences are averaged per decision time
first: a cross-section is one observation, however many instruments it holds.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from trimtab.datasets import Dataset
from trimtab.metrics.plain import plain
from trimtab.validation.bootstrap import block_bootstrap_mean
from trimtab.validation.scoring import is_right
from trimtab.validation.walk_forward import WalkForwardReport


@dataclass(frozen=True)
class Comparison:
    """A model against one baseline, on the samples for which both say something.

    Attributes
    ----------
    baseline: "naive" (the dataset's own, such as persistence) or "majority" (of the training part).
    model_accuracy, baseline_accuracy: means over decision times of the share said right; NaN where
        squared errors were compared.
    difference: model minus baseline; of the negative squared errors for the naive forecast in regression.
    ci_low, ci_high: 95 % interval of the difference, from the block bootstrap.
    p_value: one-sided, of "the model is not better"; NaN with fewer than 20 decision times.
    block_length: length of the resampled blocks, in decision times.
    n_times: decision times compared.
    """

    baseline: Literal["naive", "majority"]
    model_accuracy: float
    baseline_accuracy: float
    difference: float
    ci_low: float
    ci_high: float
    p_value: float
    block_length: float
    n_times: int


@dataclass(frozen=True)
class BaselineComparison:
    """A model against both baselines."""

    naive: Comparison
    majority: Comparison

    @property
    def strongest(self) -> Comparison:
        """The baseline that is harder to beat: the larger p-value, which decides the gate.

        To be significant here is to be significant against both. An unknown p-value is the hardest.
        """
        return max(self.naive, self.majority, key=lambda c: 2.0 if np.isnan(c.p_value) else c.p_value)

    def to_json(self) -> dict[str, Any]:
        """As JSON can hold it; unknown is None."""
        named = {"naive": self.naive, "majority": self.majority, "strongest": self.strongest}
        return plain({name: asdict(comparison) for name, comparison in named.items()})


def compare_with_baseline(
    report: WalkForwardReport, dataset: Dataset, *, seed: int = 0, n_resamples: int = 2000
) -> BaselineComparison:
    """Compare the out-of-sample forecasts of a walk-forward over `dataset` with its baselines.

    Correctness is compared (in regression with the majority: of the direction) with a studentised
    block bootstrap. The naive forecast of a return may be 0 and then has no direction, so in
    regression the model and the naive forecast are compared by their squared errors.
    """
    samples = report.out_of_sample
    time = dataset.decision_time[samples.row]
    model_right = is_right(report.task, samples.target, samples.value)

    def against(name: Literal["naive", "majority"], said: np.ndarray) -> Comparison:
        baseline_right = is_right(report.task, samples.target, said)
        return _compare(name, model_right, baseline_right, time, seed=seed, n_resamples=n_resamples)

    if report.task == "classification":
        return BaselineComparison(against("naive", samples.baseline), against("majority", samples.majority))
    errors = [-((samples.target - said) ** 2) for said in (samples.value, samples.baseline)]
    naive = _compare("naive", errors[0], errors[1], time, seed=seed, n_resamples=n_resamples)
    # A mean squared error is no accuracy: the difference and its significance are what was compared.
    shown = replace(naive, model_accuracy=float("nan"), baseline_accuracy=float("nan"))
    return BaselineComparison(shown, against("majority", samples.majority))


def mean_by_time(values: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Mean of the values at each distinct time, in order of time.

    >>> mean_by_time(np.array([1.0, 0.0, 1.0]), np.array([1, 1, 2]))
    array([0.5, 1. ])
    """
    _, group, counts = np.unique(time, return_inverse=True, return_counts=True)
    return np.bincount(group, weights=values, minlength=len(counts)) / counts


def _compare(
    name: Literal["naive", "majority"],
    model_right: np.ndarray,
    baseline_right: np.ndarray,
    time: np.ndarray,
    *,
    seed: int,
    n_resamples: int,
) -> Comparison:
    both = ~(np.isnan(model_right) | np.isnan(baseline_right))
    model, baseline = (mean_by_time(right[both], time[both]) for right in (model_right, baseline_right))
    test = block_bootstrap_mean(model - baseline, seed=seed, n_resamples=n_resamples)
    return Comparison(
        baseline=name,
        model_accuracy=float(model.mean()) if len(model) else float("nan"),
        baseline_accuracy=float(baseline.mean()) if len(baseline) else float("nan"),
        difference=test.mean,
        ci_low=test.ci_low,
        ci_high=test.ci_high,
        p_value=test.p_value,
        block_length=test.block_length,
        n_times=test.n,
    )

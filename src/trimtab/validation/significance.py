"""Would the naive forecaster have done as well? Paired, on the same samples, with dependence in time.

Instruments of one session move together, so their differences are averaged per decision time
first: a cross-section is one observation, however many instruments it holds. Two tests look at the
same differences, a studentised block bootstrap and Diebold-Mariano's, and the gate reads the larger p-value: where
the differing times are few and come in spells, the bootstrap alone raises twice the alarms it should
(docs/calibration.md).

Where both say the same, a decision tells nothing about which is better. So what counts as evidence is the number of
times at which the two differ: with fewer than 20 there is no p-value, however many decisions there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from trimtab.datasets import Dataset
from trimtab.metrics.plain import plain
from trimtab.validation.bootstrap import block_bootstrap_mean
from trimtab.validation.diebold_mariano import diebold_mariano
from trimtab.validation.scoring import is_right
from trimtab.validation.walk_forward import WalkForwardReport


@dataclass(frozen=True)
class Comparison:
    """A model against one baseline, on the samples for which both say something.

    Attributes
    ----------
    baseline: "naive" (the dataset's own, such as persistence), "majority" (of the training part), or the name of
        a rule (see `baselines.side_rules`).
    model_accuracy, baseline_accuracy: means over decision times of the share said right; NaN where
        squared errors were compared.
    difference: model minus baseline; of the negative squared errors for the naive forecast in regression.
    ci_low, ci_high: 95 % interval of the difference, from the block bootstrap; NaN where p_value is.
    p_value: one-sided, of "the model is not better", the larger of the two tests'; NaN where they differ at fewer than 20 decision times, and 1 where
        they differ at none of 20 or more.
    bootstrap_p_value: the block bootstrap's alone; NaN where p_value is.
    block_length: length of the resampled blocks, in decision times.
    n_times: decision times compared.
    n_differing: those at which the two are not equally good.
    dm_statistic, dm_p_value: Diebold & Mariano's of the same differences, one-sided too, with automatic lags and
        the small-sample correction; NaN with fewer than 20 decision times. Few differences do not silence it.
    """

    baseline: str
    model_accuracy: float
    baseline_accuracy: float
    difference: float
    ci_low: float
    ci_high: float
    p_value: float
    bootstrap_p_value: float
    block_length: float
    n_times: int
    dm_statistic: float
    dm_p_value: float
    n_differing: int


@dataclass(frozen=True)
class BaselineComparison:
    """A model against the naive and the majority forecast, and against other rules where the label has a side."""

    naive: Comparison
    majority: Comparison
    others: tuple[Comparison, ...] = ()

    @property
    def all(self) -> tuple[Comparison, ...]:
        """Every comparison there is."""
        return (self.naive, self.majority, *self.others)

    @property
    def most_accurate(self) -> Comparison:
        """The baseline that is right most often; not always the one that is hardest to beat."""
        return max(self.all, key=lambda c: np.nan_to_num(c.baseline_accuracy, nan=-1.0))

    @property
    def strongest(self) -> Comparison:
        """The baseline that is hardest to beat: the largest p-value, which decides the gate.

        To be significant here is to be significant against every one of them. Such an intersection of tests keeps
        its level without any adjustment (Berger 1982, Multiparameter hypothesis testing and acceptance sampling),
        and each further baseline can only make it harder to pass: the largest p-value never falls. So the
        other rules count as well, where there are any: a model of direction that is no better than being long always
        has nothing to offer. An unknown p-value is the hardest.
        """
        return max(self.all, key=lambda c: 2.0 if np.isnan(c.p_value) else c.p_value)

    def is_significant(self, level: float = 0.05) -> bool:
        """Whether the model is better than every baseline at this level; what is unknown is not."""
        return bool(self.strongest.p_value <= level)

    def to_json(self) -> dict[str, Any]:
        """As JSON can hold it; unknown is None."""
        named = {"naive": self.naive, "majority": self.majority, "strongest": self.strongest}
        comparisons = {name: asdict(comparison) for name, comparison in named.items()}
        return plain(comparisons | {"others": [asdict(each) for each in self.others]})


def compare_with_baseline(
    report: WalkForwardReport,
    dataset: Dataset,
    *,
    seed: int = 0,
    n_resamples: int = 2000,
    others: Mapping[str, np.ndarray] | None = None,
) -> BaselineComparison:
    """Compare the out-of-sample forecasts of a walk-forward over `dataset` with its baselines.

    Correctness is compared (in regression with the majority and other rules: of the direction) with a studentised
    block bootstrap. The naive forecast of a return may be 0 and then has no direction, so in
    regression the model and the naive forecast are compared by their squared errors. `others` holds what further
    rules said of the same rows, by name (see `baselines.side_rules`).
    """
    samples = report.out_of_sample
    paired = _Paired(dataset.decision_time[samples.row], dataset.horizon, seed, n_resamples)
    model_right = is_right(report.task, samples.target, samples.value)

    def against(name: str, said: np.ndarray) -> Comparison:
        return paired.compare(name, model_right, is_right(report.task, samples.target, said))

    rules = tuple(against(name, said) for name, said in (others or {}).items())
    majority = against("majority", samples.majority)
    if report.task == "classification":
        return BaselineComparison(against("naive", samples.baseline), majority, rules)
    errors = [-((samples.target - said) ** 2) for said in (samples.value, samples.baseline)]
    naive = paired.compare("naive", errors[0], errors[1])
    # A mean squared error is no accuracy: the difference and its significance are what was compared.
    shown = replace(naive, model_accuracy=float("nan"), baseline_accuracy=float("nan"))
    return BaselineComparison(shown, majority, rules)


def mean_by_time(values: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Mean of the values at each distinct time, in order of time.

    >>> mean_by_time(np.array([1.0, 0.0, 1.0]), np.array([1, 1, 2]))
    array([0.5, 1. ])
    """
    _, group, counts = np.unique(time, return_inverse=True, return_counts=True)
    return np.bincount(group, weights=values, minlength=len(counts)) / counts


@dataclass(frozen=True)
class _Paired:
    """Compares two scores of the same rows, higher being better, over the decision times both speak at."""

    time: np.ndarray
    horizon: int
    seed: int
    n_resamples: int

    def compare(self, name: str, model_score: np.ndarray, baseline_score: np.ndarray) -> Comparison:
        both = ~(np.isnan(model_score) | np.isnan(baseline_score))
        model, baseline = (mean_by_time(score[both], self.time[both]) for score in (model_score, baseline_score))
        test = block_bootstrap_mean(model - baseline, seed=self.seed, n_resamples=self.n_resamples)
        second = diebold_mariano(model - baseline, horizon=min(self.horizon, max(test.n // 4, 1)))
        return Comparison(
            baseline=name,
            model_accuracy=float(model.mean()) if len(model) else float("nan"),
            baseline_accuracy=float(baseline.mean()) if len(baseline) else float("nan"),
            difference=test.mean,
            ci_low=test.ci_low,
            ci_high=test.ci_high,
            p_value=float(np.maximum(test.p_value, second.p_value)),  # unknown where one is
            bootstrap_p_value=test.p_value,
            block_length=test.block_length,
            n_times=test.n,
            dm_statistic=second.statistic,
            dm_p_value=second.p_value,
            n_differing=test.n_not_zero,
        )

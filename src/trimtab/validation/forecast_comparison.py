"""Two forecasts of the same decisions side by side: which measures tell them apart, and which do not?

Both are judged on the same rows, so what is tested is the difference on each decision: two models that agree on
most of them are told apart by few rows or not at all. All instruments of a time count as one observation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trimtab.datasets.schema import Task
from trimtab.metrics.multiple_testing import holm
from trimtab.validation.bootstrap import MIN_TIMES
from trimtab.validation.bootstrap_interval import Statistic, bootstrap_test, sums_by_time
from trimtab.validation.diebold_mariano import diebold_mariano
from trimtab.validation.headline_intervals import correlation, log_losses, products
from trimtab.validation.scoring import is_right
from trimtab.validation.significance import mean_by_time

LEVEL = 0.05
Score = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class ComparedMeasure:
    """One measure of two forecasts.

    Attributes
    ----------
    measure: its name; of one that is an average over rows the mean over decision times is shown.
    better: whether a "higher" or a "lower" value is better.
    first, second: its values; NaN where it is not defined.
    difference: second minus first.
    low, high: 95 % interval of the difference, by a studentised block bootstrap of decision times.
    p_value: two-sided, of "they do not differ", from the same resamples.
    adjusted_p_value: the same, adjusted by Holm for the measures compared; what the outcome reads.
    dm_statistic, dm_p_value: Diebold & Mariano's, two-sided, positive where the second is better; NaN for a
        correlation, which is no average of losses.
    block_length: in decision times.

    With fewer than 20 decision times interval and p-values are NaN. So are those of an average over rows, but Diebold &
    Mariano's, where the two differ in it at fewer than 20 times: a handful of decisions is insufficient evidence.
    """

    measure: str
    better: str
    first: float
    second: float
    difference: float
    low: float
    high: float
    p_value: float
    adjusted_p_value: float
    dm_statistic: float
    dm_p_value: float
    block_length: float

    @property
    def winner(self) -> str | None:
        """ "first" or "second" where the adjusted p-value tells them apart, else None."""
        if not self.adjusted_p_value <= LEVEL or self.difference == 0.0:
            return None
        return "second" if (self.difference > 0.0) == (self.better == "higher") else "first"


def compare_forecasts(
    task: Task,
    target: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    time: np.ndarray,
    *,
    seed: int,
    horizon: int = 1,
    n_resamples: int = 2000,
) -> tuple[ComparedMeasure, ...]:
    """Compare two forecasts of `target`, row by row; all of shape (n,), no NaN in the forecasts.

    In classification by accuracy, Brier score and log loss, in regression by accuracy (of the direction), squared and
    absolute error, and by the information coefficient in both. `horizon` is that of the label, in bars.
    """
    found = [
        _of_scores(name, better, score(target, first), score(target, second), time, seed, horizon, n_resamples)
        for name, (better, score) in _scores(task).items()
    ]
    found.append(_of_correlations(target, first, second, time, seed, n_resamples))
    known = [i for i, each in enumerate(found) if not np.isnan(each["p_value"])]
    adjusted = np.full(len(found), np.nan)
    adjusted[known] = holm([found[i]["p_value"] for i in known])
    return tuple(ComparedMeasure(**each, adjusted_p_value=float(p)) for each, p in zip(found, adjusted, strict=True))


def _scores(task: Task) -> dict[str, tuple[str, Score]]:
    def right(target: np.ndarray, value: np.ndarray) -> np.ndarray:
        return is_right(task, target, value)

    if task == "classification":
        return {"accuracy": ("higher", right), "brier_score": ("lower", _squared), "log_loss": ("lower", log_losses)}
    return {"accuracy": ("higher", right), "mse": ("lower", _squared), "mae": ("lower", _absolute)}


def _squared(target: np.ndarray, value: np.ndarray) -> np.ndarray:
    return (target - value) ** 2


def _absolute(target: np.ndarray, value: np.ndarray) -> np.ndarray:
    return np.abs(target - value)


def _of_scores(
    name: str, better: str, first: np.ndarray, second: np.ndarray, time: np.ndarray,
    seed: int, horizon: int, n_resamples: int,
) -> dict[str, Any]:  # fmt: skip
    known = ~(np.isnan(first) | np.isnan(second))
    before, after = (mean_by_time(score[known], time[known]) for score in (first, second))
    gains = after - before
    rows = np.column_stack([gains, np.ones(len(gains))])
    interval, p_value = bootstrap_test(rows, _mean, seed=seed, n_resamples=n_resamples)
    if 0 < np.count_nonzero(gains) < MIN_TIMES:
        interval, p_value = replace(interval, low=float("nan"), high=float("nan")), float("nan")
    sign = 1.0 if better == "higher" else -1.0
    second_opinion = diebold_mariano(sign * gains, horizon=min(horizon, max(len(gains) // 4, 1)))
    return {
        "measure": name,
        "better": better,
        "first": float(before.mean()) if len(before) else float("nan"),
        "second": float(after.mean()) if len(after) else float("nan"),
        "difference": interval.value,
        "low": interval.low,
        "high": interval.high,
        "p_value": p_value,
        "dm_statistic": second_opinion.statistic,
        "dm_p_value": second_opinion.p_value_two_sided,
        "block_length": interval.block_length,
    }


def _of_correlations(
    target: np.ndarray, first: np.ndarray, second: np.ndarray, time: np.ndarray, seed: int, n_resamples: int
) -> dict[str, Any]:
    rows = sums_by_time(np.column_stack([products(first, target), products(second, target)]), time)
    of_both = Statistic(lambda sums: correlation(sums[..., 6:]) - correlation(sums[..., :6]), -2.0, 2.0)
    interval, p_value = bootstrap_test(rows, of_both, seed=seed, n_resamples=n_resamples)
    totals = rows.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = [float(correlation(totals[part])) for part in (slice(0, 6), slice(6, 12))]
    return {
        "measure": "information_coefficient",
        "better": "higher",
        "first": values[0],
        "second": values[1],
        "difference": interval.value,
        "low": interval.low,
        "high": interval.high,
        "p_value": p_value,
        "dm_statistic": float("nan"),
        "dm_p_value": float("nan"),
        "block_length": interval.block_length,
    }


def _mean(totals: np.ndarray) -> np.ndarray:
    return np.asarray(totals[..., 0] / totals[..., 1])

"""Which trial wins: the best one, or with several objectives the simplest that is as good."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trimtab.tuning.objectives import Objective


@dataclass(frozen=True)
class TrialRecord:
    """One completed trial.

    Attributes
    ----------
    number: position among the completed trials, from 0.
    parameters: what was tried, by name; the parameters that were not searched are absent.
    values: mean over the folds, one per objective.
    fold_values: per objective, the score on each fold.
    seconds: how long it took; not compared, it differs from run to run.
    """

    number: int
    parameters: dict[str, Any]
    values: tuple[float, ...]
    fold_values: tuple[tuple[float, ...], ...]
    seconds: float = field(default=math.nan, compare=False)


def choose_trial(trials: Sequence[TrialRecord], objectives: Sequence[Objective]) -> int:
    """Position of the winning trial.

    With one objective: the best value, the earlier trial on a tie. With several: of the trials
    on the Pareto front whose first objective is within one standard error (over the folds) of
    the best, the one that is best in the second objective, then the third, then the first. This
    is the one-standard-error rule of Breiman, Friedman, Olshen and Stone, "Classification and
    Regression Trees", 1984: a difference smaller than its own error is no reason for a bigger model.
    """
    losses = _losses(trials, objectives)
    best = int(losses[:, 0].argmin())
    if len(objectives) == 1:
        return best
    limit = losses[best, 0] + _standard_error(trials[best].fold_values[0])
    close = [i for i in pareto_front(losses) if losses[i, 0] <= limit]
    return min(close, key=lambda i: (*losses[i, 1:], losses[i, 0], i))


def pareto_front(losses: np.ndarray) -> list[int]:
    """Rows that no other row beats: not worse everywhere and better somewhere; less is better.

    >>> pareto_front(np.array([[1.0, 3.0], [2.0, 1.0], [2.0, 2.0]]))
    [0, 1]
    """
    not_worse = (losses[:, None, :] <= losses[None, :, :]).all(axis=2)
    better = (losses[:, None, :] < losses[None, :, :]).any(axis=2)
    return np.flatnonzero(~(not_worse & better).any(axis=0)).tolist()


def front_of(trials: Sequence[TrialRecord], objectives: Sequence[Objective]) -> tuple[int, ...]:
    """Numbers of the trials on the Pareto front, in order."""
    return tuple(trials[i].number for i in pareto_front(_losses(trials, objectives)))


def _losses(trials: Sequence[TrialRecord], objectives: Sequence[Objective]) -> np.ndarray:
    signs = np.array([-1.0 if objective.maximise else 1.0 for objective in objectives])
    return np.array([trial.values for trial in trials], dtype=np.float64) * signs


def _standard_error(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1) / math.sqrt(len(values))) if len(values) > 1 else 0.0

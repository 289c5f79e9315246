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
    """One finished trial.

    Attributes
    ----------
    number: its place in the study, from 0; a trial that is run again after a kill keeps it.
    parameters: what was tried, by name; the parameters that were not searched are absent.
    values: mean over the folds, one per objective; of a pruned trial over the folds it was given.
    fold_values: per objective, the score on each fold.
    pruned: whether it was stopped before its last fold; such a trial never wins.
    seconds: how long it took; not compared, it differs from run to run.
    """

    number: int
    parameters: dict[str, Any]
    values: tuple[float, ...]
    fold_values: tuple[tuple[float, ...], ...]
    pruned: bool = False
    seconds: float = field(default=math.nan, compare=False)


@dataclass(frozen=True)
class Choice:
    """Which trial of a study wins, and why each of the others does not.

    Attributes
    ----------
    chosen: number of the winning trial; None when no trial was finished.
    front: numbers of the trials on the Pareto front, in order; with one objective, the best ones.
    reasons: one clause about every trial, by its number; a trial is beaten by one that is as good in
        everything and better in something.
    """

    chosen: int | None
    front: tuple[int, ...]
    reasons: dict[int, str]


def choose(trials: Sequence[TrialRecord], objectives: Sequence[Objective]) -> Choice:
    """The winner among the trials that were not pruned (see `choose_trial`), the front, and the reasons."""
    reasons = {trial.number: f"pruned after fold {len(trial.fold_values[0])}" for trial in trials if trial.pruned}
    whole = [trial for trial in trials if not trial.pruned]
    if not whole:
        return Choice(None, (), reasons)
    chosen, front = choose_trial(whole, objectives), pareto_front(_losses(whole, objectives))
    reasons |= {whole[i].number: _reason(i, chosen, front, whole, objectives) for i in range(len(whole))}
    return Choice(whole[chosen].number, tuple(whole[i].number for i in front), reasons)


def choose_trial(trials: Sequence[TrialRecord], objectives: Sequence[Objective]) -> int:
    """Position of the winning trial.

    With one objective: the best value, the earlier trial on a tie. With several: of the trials
    on the Pareto front whose first objective is within one standard error (over the folds) of
    the best, the one that is best in the second objective, then the third, then the first. This
    is the one-standard-error rule of Breiman, Friedman, Olshen and Stone, "Classification and
    Regression Trees", 1984: a difference smaller than its own error is no reason for a bigger model.
    A single fold has no such error: there only trials that equal the best are as good.

    Values of an objective with a tolerance, such as complexity, are equal where they differ by less.
    """
    losses = _losses(trials, objectives)
    if len(objectives) == 1:
        return int(losses[:, 0].argmin())
    limit = _limit(trials, losses)
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


def _reason(
    i: int, chosen: int, front: Sequence[int], trials: Sequence[TrialRecord], objectives: Sequence[Objective]
) -> str:
    first, winner = objectives[0].name, f"trial {trials[chosen].number}"
    losses = _losses(trials, objectives)
    if len(objectives) == 1:
        tie = "equals" if losses[i, 0] == losses[chosen, 0] else "is behind"
        return f"best {first}" if i == chosen else f"{tie} {winner}"
    has_error = len(trials[chosen].fold_values[0]) > 1
    if i == chosen:
        close = f"within one standard error of the best {first}, and of those the best {objectives[1].name}"
        return close if has_error else f"best {first}"
    if i not in front:
        return f"beaten by trial {trials[_first_that_beats(losses, i)].number}"
    if losses[i, 0] > _limit(trials, losses):
        return f"more than one standard error from the best {first}" if has_error else f"is behind {winner} in {first}"
    if (losses[i] == losses[chosen]).all():
        return f"equals {winner}"
    as_good = f"no better in {first} than its error tells" if has_error else f"no better in {first}"
    return f"{as_good}, and {winner} leads in {_leads_in(losses, i, chosen, objectives)}"


def _leads_in(losses: np.ndarray, i: int, chosen: int, objectives: Sequence[Objective]) -> str:
    """The first objective after the leading one in which the chosen trial and another differ."""
    return objectives[1 + int((losses[i, 1:] != losses[chosen, 1:]).argmax())].name


def _first_that_beats(losses: np.ndarray, i: int) -> int:
    beats = (losses <= losses[i]).all(axis=1) & (losses < losses[i]).any(axis=1)
    return int(beats.argmax())


def _limit(trials: Sequence[TrialRecord], losses: np.ndarray) -> float:
    """The largest loss in the first objective that counts as good as the best."""
    best = int(losses[:, 0].argmin())
    return float(losses[best, 0]) + _standard_error(trials[best].fold_values[0])


def _losses(trials: Sequence[TrialRecord], objectives: Sequence[Objective]) -> np.ndarray:
    """One row per trial and one column per objective; less is better."""
    values = np.array([trial.values for trial in trials], dtype=np.float64)
    columns = [_levelled(values[:, k], objective.tolerance) for k, objective in enumerate(objectives)]
    return np.column_stack(columns) * np.array([-1.0 if objective.maximise else 1.0 for objective in objectives])


def _levelled(values: np.ndarray, tolerance: float) -> np.ndarray:
    """Positive values in groups: from the smallest up, what exceeds the first of its group by little equals it.

    Rounding would do less: two sizes that are nearly the same may lie on the two sides of a step.

    >>> _levelled(np.array([9377.0, 9254.0, 9500.0]), 0.02).tolist()
    [9254.0, 9254.0, 9500.0]
    """
    if not tolerance:
        return values
    levelled, level = values.copy(), -math.inf
    for i in np.argsort(values, kind="stable"):
        if not values[i] <= level * (1.0 + tolerance):
            level = values[i]
        levelled[i] = level
    return levelled


def _standard_error(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1) / math.sqrt(len(values))) if len(values) > 1 else 0.0

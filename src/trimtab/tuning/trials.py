"""One trial of a study: a point of the search space, trained and judged fold by fold."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import optuna
from optuna.trial import TrialState

from trimtab.datasets import Dataset
from trimtab.models.forecasting import forecast
from trimtab.models.parallel import side_by_side
from trimtab.models.protocol import FitContext, Forecaster
from trimtab.models.space import Dimension, SearchSpace
from trimtab.tuning.choice import TrialRecord
from trimtab.tuning.objectives import Objective, fold_scores
from trimtab.tuning.pruning import is_hopeless
from trimtab.tuning.samplers import next_sampler
from trimtab.tuning.trial_forecasts import write_forecasts

Make = Callable[[Mapping[str, Any]], Forecaster]
FOLD_VALUES, NUMBER = "fold_values", "trimtab_number"


class TrainTest(Protocol):
    """Row positions of one fold, purged already; `trimtab.validation.folds.Fold` is one."""

    @property
    def train(self) -> np.ndarray: ...

    @property
    def test(self) -> np.ndarray: ...


@dataclass(frozen=True)
class Rows:
    """Row positions of one fold."""

    train: np.ndarray
    test: np.ndarray


@dataclass(frozen=True)
class Search:
    """All that a trial depends on, beside the trials before it.

    Attributes
    ----------
    dataset, folds: the rows and how they are cut.
    make: a forecaster with some parameters.
    space: what is varied.
    sampler, n_trials, seed: what is tried next (see `samplers.next_sampler`).
    objectives: what a trial is judged by.
    context: seed and threads of every fit.
    pruning: whether a trial stops when its first folds are worse than the median.
    n_workers: how many processes run trials of this study at the same time.
    kept_in: the folder that every trial's out-of-fold forecasts are kept in (see `trial_forecasts`); None keeps none.
    """

    dataset: Dataset
    folds: Sequence[TrainTest]
    make: Make
    space: SearchSpace
    sampler: str
    n_trials: int
    seed: int
    objectives: tuple[Objective, ...]
    context: FitContext
    pruning: bool = False
    n_workers: int = 1
    kept_in: Path | None = None

    @cached_property
    def parts(self) -> list[tuple[Dataset, Dataset]]:
        """Training and test samples of every fold, cut once for all trials."""
        return [(self.dataset.take(fold.train), self.dataset.take(fold.test)) for fold in self.folds]


def run_trial(study: optuna.Study, search: Search, number: int) -> None:
    """Run the trial that has a number in the study, whichever trials were run before it."""
    study.sampler = next_sampler(
        search.sampler, search.space, search.n_trials, search.seed, number, search.n_workers > 1
    )
    trial = study.ask()
    try:
        trial.set_user_attr(NUMBER, number)
        tried = {dimension.name: _suggest(trial, dimension) for dimension in search.space.dimensions}
        by_fold, said = _judge_folds(search, search.make(tried), _rivals(study, search))
        if search.kept_in is not None:  # before the trial is told, so that no finished trial lacks them
            write_forecasts(search.kept_in, number, said)
    except Exception:
        study.tell(trial, state=TrialState.FAIL)
        raise
    by_objective = [list(values) for values in zip(*by_fold, strict=True)]
    trial.set_user_attr(FOLD_VALUES, by_objective)
    if len(by_fold) == len(search.folds):
        study.tell(trial, [float(np.mean(values)) for values in by_objective])
        return
    if len(search.objectives) == 1:  # Optuna learns from pruned trials, where there is one objective
        trial.report(float(np.mean(by_objective[0])), len(by_fold))
    study.tell(trial, state=TrialState.PRUNED)


def finished_trials(study: optuna.Study) -> tuple[TrialRecord, ...]:
    """Every trial that was completed or pruned, by number."""
    found = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
    return tuple(sorted((_record(trial) for trial in found), key=lambda record: record.number))


def fail_running(study: optuna.Study, number: int | None = None) -> None:
    """Close the trials that nobody runs any more: those with a number in the study, or all."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING, TrialState.WAITING)):
        if number is None or trial.user_attrs.get(NUMBER) == number:
            study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)


def _suggest(trial: optuna.Trial, dimension: Dimension) -> int | float:
    if dimension.kind == "int":
        return trial.suggest_int(dimension.name, int(dimension.low), int(dimension.high), log=dimension.log)
    return trial.suggest_float(dimension.name, dimension.low, dimension.high, log=dimension.log)


def _judge_folds(
    search: Search, forecaster: Forecaster, rivals: Sequence[Sequence[float]]
) -> tuple[list[tuple[float, ...]], np.ndarray]:
    """Scores of the folds, in order, up to where the trial is pruned, and what was said about every row.

    As many folds are trained side by side as there are threads, each on one thread. The rule is asked fold by
    fold all the same, so the number of threads changes the time and not the result.
    """
    at_once = search.context.n_threads if search.pruning else len(search.parts)
    leading, scores = search.objectives[0], list[tuple[float, ...]]()
    said = np.full(len(search.dataset), math.nan)

    def judge(part: tuple[Dataset, Dataset]) -> tuple[tuple[float, ...], np.ndarray]:
        train, test = part
        fitted = forecaster.fit(train, None, replace(search.context, n_threads=1))
        value = forecast(fitted, test).value
        return fold_scores(fitted, test, search.objectives, value), value

    for start in range(0, len(search.parts), at_once):
        for each, value in side_by_side(judge, search.parts[start : start + at_once], search.context.n_threads):
            said[search.folds[len(scores)].test] = value
            scores.append(each)
            if len(scores) < len(search.parts) and is_hopeless([s[0] for s in scores], rivals, leading.maximise):
                return scores, said
    return scores, said


def _rivals(study: optuna.Study, search: Search) -> list[Sequence[float]]:
    """The first objective of the finished trials on the folds they were given; none without pruning."""
    return [trial.fold_values[0] for trial in finished_trials(study)] if search.pruning else []


def _record(trial: optuna.trial.FrozenTrial) -> TrialRecord:
    by_objective = tuple(tuple(values) for values in trial.user_attrs[FOLD_VALUES])
    return TrialRecord(
        number=trial.user_attrs[NUMBER],
        parameters=dict(trial.params),
        values=tuple(float(np.mean(values)) for values in by_objective),
        fold_values=by_objective,
        pruned=trial.state == TrialState.PRUNED,
        seconds=trial.duration.total_seconds() if trial.duration else math.nan,
    )

"""`run_study`: search parameters on purged folds, one trial after the other, killed or not.

The same inputs and seed always end with the same completed trials, however often the process was
killed on the way. So trials run one by one (the folds' fits use the threads), every trial's
sampler is made from (seed, number of finished trials), and trials that never finished are closed and
not counted. Two processes must not run one study at once: the caller holds a lock.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import optuna
from optuna.trial import TrialState

from trimtab.datasets import Dataset
from trimtab.errors import ConfigurationError
from trimtab.models.parallel import side_by_side
from trimtab.models.protocol import FitContext, Forecaster
from trimtab.models.space import SearchSpace
from trimtab.storage.hashing import fingerprint_arrays, fingerprint_json
from trimtab.tuning.choice import TrialRecord, choose_trial, front_of
from trimtab.tuning.objectives import Objective, find_objectives, fold_scores
from trimtab.tuning.samplers import check_sampler, grid, next_sampler
from trimtab.tuning.storage import clear_errors, open_study, quiet_optuna

Make = Callable[[Mapping[str, Any]], Forecaster]
OnTrial = Callable[[TrialRecord, int], None]
_FOLD_VALUES = "fold_values"


class TrainTest(Protocol):
    """Row positions of one fold, purged already; `trimtab.validation.folds.Fold` is one."""

    @property
    def train(self) -> np.ndarray: ...

    @property
    def test(self) -> np.ndarray: ...


@dataclass(frozen=True)
class StudyResult:
    """A finished study.

    Attributes
    ----------
    best_parameters: the searched parameters of the winning trial; empty without trials.
    best_value: its first objective, mean over the folds; NaN without trials.
    best_number: its position in `trials`; None without trials.
    objectives: their names, the first one leads.
    trials: every completed trial, in order.
    front: numbers of the trials on the Pareto front; with one objective, the best ones.
    n_interrupted: trials that were started and never finished; not compared.
    """

    best_parameters: dict[str, Any]
    best_value: float
    best_number: int | None
    objectives: tuple[str, ...]
    trials: tuple[TrialRecord, ...]
    front: tuple[int, ...]
    n_interrupted: int = field(default=0, compare=False)


def run_study(
    dataset: Dataset,
    folds: Sequence[TrainTest],
    *,
    make: Make,
    space: SearchSpace,
    sampler: str,
    n_trials: int,
    objectives: Sequence[str],
    seed: int,
    context: FitContext,
    storage: str,
    study_name: str,
    on_trial: OnTrial | None = None,
) -> StudyResult:
    """Run the trials a study still lacks and say which one wins (see `choose_trial`).

    A trial trains `make(parameters)` on the training rows of every fold and takes the mean of the
    scores on the test rows. There is no early stopping in it: the number of trees is searched as well.

    Parameters
    ----------
    space: what is varied; with an empty one a single trial tells what the fixed parameters give.
    n_trials: completed trials to reach; a study that has them returns at once, 0 makes none.
    context: seed and threads of every fit, the same for all trials, so that they differ by parameters only.
    storage: SQLAlchemy URL of the registry database.
    on_trial: called after each new trial with its record and the number of trials aimed at.

    Raises `ConfigurationError` for a sampler or objective that cannot be used or a name that
    belongs to another study, `LockedError` and `StorageError` for the database.
    """
    chosen = find_objectives(objectives, dataset.task)
    check_sampler(sampler)
    if not folds:
        raise ConfigurationError("a study needs at least one fold; give more samples or fewer folds")
    n_wanted = _n_wanted(space, sampler, n_trials)
    if n_wanted == 0:
        return _result((), chosen, 0)
    setup = fingerprint_json(
        {
            "rows": _rows_fingerprint(dataset, folds),
            "search": _search_fingerprint(make, space, sampler, n_trials),
            "objectives": [objective.name for objective in chosen],
            "seeds": [seed, context.seed],
        }
    )
    parts = [(dataset.take(fold.train), dataset.take(fold.test)) for fold in folds]
    with clear_errors(storage), quiet_optuna():
        study = open_study(storage, study_name, chosen, setup)
        for n_finished in range(len(_completed(study)), n_wanted):
            study.sampler = next_sampler(sampler, space, n_trials, seed, n_finished)
            _run_trial(study, space, lambda tried: _score_folds(make(tried), parts, chosen, context))
            if on_trial is not None:
                on_trial(_completed(study)[-1], n_wanted)
        records = _completed(study)[:n_wanted]
        n_interrupted = len(study.get_trials(deepcopy=False, states=(TrialState.FAIL,)))
    return _result(records, chosen, n_interrupted)


def _run_trial(
    study: optuna.Study, space: SearchSpace, scores: Callable[[dict[str, Any]], list[tuple[float, ...]]]
) -> None:
    trial = study.ask()
    try:
        by_fold = scores({d.name: _suggest(trial, d.name, d) for d in space.dimensions})
    except Exception:
        study.tell(trial, state=TrialState.FAIL)
        raise
    by_objective = [list(values) for values in zip(*by_fold, strict=True)]
    trial.set_user_attr(_FOLD_VALUES, by_objective)
    study.tell(trial, [float(np.mean(values)) for values in by_objective])


def _suggest(trial: optuna.Trial, name: str, dimension: Any) -> int | float:
    if dimension.kind == "int":
        return trial.suggest_int(name, int(dimension.low), int(dimension.high), log=dimension.log)
    return trial.suggest_float(name, dimension.low, dimension.high, log=dimension.log)


def _score_folds(
    forecaster: Forecaster,
    parts: Sequence[tuple[Dataset, Dataset]],
    objectives: Sequence[Objective],
    context: FitContext,
) -> list[tuple[float, ...]]:
    """Scores of every fold, in order. Folds are trained side by side, each on one thread."""

    def score(part: tuple[Dataset, Dataset]) -> tuple[float, ...]:
        train, test = part
        return fold_scores(forecaster.fit(train, None, replace(context, n_threads=1)), test, objectives)

    return side_by_side(score, parts, context.n_threads)


def _completed(study: optuna.Study) -> tuple[TrialRecord, ...]:
    finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return tuple(_record(i, trial) for i, trial in enumerate(sorted(finished, key=lambda trial: trial.number)))


def _record(number: int, trial: optuna.trial.FrozenTrial) -> TrialRecord:
    by_objective = tuple(tuple(values) for values in trial.user_attrs[_FOLD_VALUES])
    seconds = trial.duration.total_seconds() if trial.duration else math.nan
    return TrialRecord(number, dict(trial.params), tuple(trial.values), by_objective, seconds)


def _result(trials: tuple[TrialRecord, ...], objectives: Sequence[Objective], n_interrupted: int) -> StudyResult:
    names = tuple(objective.name for objective in objectives)
    if not trials:
        return StudyResult({}, math.nan, None, names, (), (), n_interrupted)
    best = trials[choose_trial(trials, objectives)]
    return StudyResult(
        dict(best.parameters), best.values[0], best.number, names, trials, front_of(trials, objectives), n_interrupted
    )


def _n_wanted(space: SearchSpace, sampler: str, n_trials: int) -> int:
    if not space.dimensions:
        return min(n_trials, 1)
    return len(grid(space, n_trials)) if sampler == "grid" and n_trials else n_trials


def _rows_fingerprint(dataset: Dataset, folds: Sequence[TrainTest]) -> str:
    content = {name: getattr(dataset, name) for name in ("features", "target", "weight")}
    rows = {f"{part}_{i}": getattr(fold, part) for i, fold in enumerate(folds) for part in ("train", "test")}
    return fingerprint_arrays({**content, **rows})


def _search_fingerprint(make: Make, space: SearchSpace, sampler: str, n_trials: int) -> str:
    """Of what is searched and how, with the parameters that stay fixed; not of the number of trials."""
    fixed = make({dimension.name: dimension.start for dimension in space.dimensions})
    how = [sampler, n_trials] if sampler == "grid" else [sampler]  # a grid of more points is another grid
    return fingerprint_json([fixed.family, dict(fixed.parameters), space.to_json(), how])

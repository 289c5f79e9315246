"""`run_study`: search parameters on purged folds, killed or not, in one process or several.

In one process the same inputs and seed always end with the same trials, however often it was killed on
the way: trials run one by one (the folds' fits use the threads), every trial's sampler is made from (seed,
number of the trial), and trials that never finished are closed and run again. With several workers `grid`
and `random` end with the same trials too; `tpe`, `gp` and pruning look at the trials finished so far, which
depends on timing. Two studies of one name must not run at once: the caller holds a lock.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.trial import TrialState

from trimtab.datasets import Dataset
from trimtab.errors import ConfigurationError
from trimtab.models.protocol import FitContext
from trimtab.models.space import SearchSpace
from trimtab.storage.database import Database
from trimtab.storage.hashing import fingerprint_arrays, fingerprint_json
from trimtab.tuning.choice import TrialRecord, choose
from trimtab.tuning.narrowing import EarlierStudy, narrow
from trimtab.tuning.objectives import find_objectives
from trimtab.tuning.samplers import check_sampler, grid
from trimtab.tuning.storage import clear_errors, connect, open_study, quiet_optuna, stored_about
from trimtab.tuning.trials import FOLD_VALUES, Make, Search, TrainTest, finished_trials, run_trial
from trimtab.tuning.workers import check_can_share, run_in_workers

OnTrial = Callable[[TrialRecord, int], None]


@dataclass(frozen=True)
class About:
    """What a study is about. Only a study about the same may narrow another one.

    Attributes
    ----------
    strategy: whose model is searched.
    label: what it forecasts, such as "direction:5".
    family: the algorithm.
    dataset_fingerprint: the whole dataset its rows were taken from; recorded, not compared.
    """

    strategy: str = ""
    label: str = ""
    family: str = ""
    dataset_fingerprint: str = ""

    @property
    def label_kind(self) -> str:
        """The label without its horizon."""
        return self.label.partition(":")[0]


@dataclass(frozen=True)
class StudyResult:
    """A finished study.

    Attributes
    ----------
    best_parameters: the searched parameters of the winning trial; empty without trials.
    best_value: its first objective, mean over the folds; NaN without trials.
    best_number: its number; None without trials.
    objectives: their names, the first one leads.
    trials: every finished trial, in order; those that were pruned are marked.
    front: numbers of the trials on the Pareto front; with one objective, the best ones.
    reasons: why each trial won or did not, by its number.
    space: what was searched, after narrowing.
    narrowed_from: names of the earlier studies whose trials narrowed the space.
    n_interrupted: trials that were started and never finished; not compared.
    """

    best_parameters: dict[str, Any]
    best_value: float
    best_number: int | None
    objectives: tuple[str, ...]
    trials: tuple[TrialRecord, ...]
    front: tuple[int, ...]
    reasons: dict[int, str]
    space: SearchSpace
    narrowed_from: tuple[str, ...] = ()
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
    storage: Database,
    study_name: str,
    about: About | None = None,
    pruning: bool = False,
    narrowing: bool = False,
    n_workers: int = 1,
    kept_in: Path | None = None,
    on_trial: OnTrial | None = None,
) -> StudyResult:
    """Run the trials a study still lacks and say which one wins (see `choose_trial`).

    A trial trains `make(parameters)` on the training rows of every fold and takes the mean of the
    scores on the test rows. There is no early stopping in it: the number of trees is searched as well.

    Parameters
    ----------
    space: what is varied; with an empty one a single trial tells what the fixed parameters give.
    n_trials: finished trials to reach, pruned ones included; a study that has them returns at once, 0 makes none.
    context: seed and threads of every fit, the same for all trials, so that they differ by parameters only.
    storage: the registry database.
    about: what the study is about; recorded with it.
    pruning: stop a trial once the mean of its first folds is worse than the median (see `pruning`).
    narrowing: search only where earlier studies about the same, on data that ends no later, had their best trials.
    n_workers: processes that run trials at once; with more than one `make` must be a `ConfiguredMake`.
    kept_in: folder in which the out-of-fold forecasts of every trial are kept (see `trial_forecasts`); None keeps none.
    on_trial: called after each new trial with its record and the number of trials aimed at.

    Raises `ConfigurationError` for a sampler or objective that cannot be used, pruning with a single fold,
    workers on a database they cannot share or a name that belongs to another study, `LockedError` and
    `StorageError` for the database.
    """
    about = about or About()
    chosen = find_objectives(objectives, dataset.task, about.label_kind)
    check_sampler(sampler)
    _check_folds(folds, pruning)
    if n_workers > 1:
        check_can_share(storage, make)
    search = Search(dataset, folds, make, space, sampler, n_trials, seed, chosen, context, pruning, n_workers, kept_in)
    if n_trials == 0:
        return _result(search, (), (), 0)
    with clear_errors(storage.url), quiet_optuna():
        opened = connect(storage)
        described = _describe(search, about)
        search, sources = _narrowed(opened, study_name, search, described) if narrowing else (search, ())
        n_wanted = _n_wanted(search.space, sampler, n_trials)
        searched = {**described, "searched": search.space.to_json(), "narrowed_from": list(sources)}
        study = open_study(opened, study_name, chosen, _setup(search), searched)
        known = {trial.number for trial in finished_trials(study)}
        missing = [number for number in range(n_wanted) if number not in known]
        _run_missing(study, search, missing, storage, lambda record: on_trial and on_trial(record, n_wanted))
        records = tuple(trial for trial in finished_trials(study) if trial.number < n_wanted)
        n_interrupted = len(study.get_trials(deepcopy=False, states=(TrialState.FAIL,)))
    return _result(search, records, sources, n_interrupted)


def _run_missing(
    study: optuna.Study,
    search: Search,
    missing: Sequence[int],
    storage: Database,
    tell: Callable[[TrialRecord], object],
) -> None:
    def done(number: int) -> None:
        tell(next(trial for trial in finished_trials(study) if trial.number == number))

    if search.n_workers > 1:
        run_in_workers(study, search, missing, storage, done)
        return
    for number in missing:
        run_trial(study, search, number)
        done(number)


def _check_folds(folds: Sequence[TrainTest], pruning: bool) -> None:
    if not folds:
        raise ConfigurationError("a study needs at least one fold; give more samples or fewer folds")
    if pruning and len(folds) == 1:
        raise ConfigurationError(
            "pruning stops a trial between its folds and this study has a single fold; "
            "set tuning.pruning to false, or validation.window to another than hold_out"
        )


def _narrowed(
    storage: optuna.storages.RDBStorage, name: str, search: Search, described: dict[str, Any]
) -> tuple[Search, tuple[str, ...]]:
    """The search in the narrowed space. A study that was begun keeps its own, whatever was studied meanwhile."""
    everything = stored_about(storage)
    begun = everything.get(name, {})
    if begun.get("space") == described["space"]:
        return replace(search, space=SearchSpace.from_json(begun["searched"])), tuple(begun["narrowed_from"])
    same = ("strategy", "label", "family", "space", "objectives")
    earlier = [
        EarlierStudy(other, its["rows_end"], _points(storage, other, search))
        for other, its in everything.items()
        # What was found on later rows knows of the future of these.
        if other != name
        and all(its[key] == described[key] for key in same)
        and its["rows_end"] <= described["rows_end"]
    ]
    space, sources = narrow(search.space, earlier)
    return replace(search, space=space), sources


def _points(storage: optuna.storages.RDBStorage, name: str, search: Search) -> tuple[tuple[dict[str, Any], float], ...]:
    study = optuna.load_study(storage=storage, study_name=name)
    sign = -1.0 if search.objectives[0].maximise else 1.0
    completed = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return tuple((dict(t.params), sign * float(np.mean(t.user_attrs[FOLD_VALUES][0]))) for t in completed)


def _describe(search: Search, about: About) -> dict[str, Any]:
    """What is stored beside a study, for the list of studies and for narrowing later ones."""
    return asdict(about) | {
        "objectives": [objective.name for objective in search.objectives],
        "sampler": search.sampler,
        "n_trials": search.n_trials,
        "n_folds": len(search.folds),
        "pruning": search.pruning,
        "space": search.space.to_json(),
        "rows_end": str(search.dataset.label_end.max()),
        "n_samples": len(search.dataset),
    }


def _result(
    search: Search, trials: tuple[TrialRecord, ...], sources: tuple[str, ...], n_interrupted: int
) -> StudyResult:
    choice = choose(trials, search.objectives)
    best = next((trial for trial in trials if trial.number == choice.chosen), None)
    return StudyResult(
        best_parameters=dict(best.parameters) if best else {},
        best_value=best.values[0] if best else math.nan,
        best_number=choice.chosen,
        objectives=tuple(objective.name for objective in search.objectives),
        trials=trials,
        front=choice.front,
        reasons=choice.reasons,
        space=search.space,
        narrowed_from=sources,
        n_interrupted=n_interrupted,
    )


def _n_wanted(space: SearchSpace, sampler: str, n_trials: int) -> int:
    if not space.dimensions:
        return min(n_trials, 1)
    return len(grid(space, n_trials)) if sampler == "grid" and n_trials else n_trials


def _setup(search: Search) -> str:
    """Fingerprint of everything the trials depend on; the number of them, of threads and of workers is not."""
    space, fixed = search.space, search.make({d.name: d.start for d in search.space.dimensions})
    # A grid of more points is another grid.
    how = [search.sampler, search.n_trials] if search.sampler == "grid" else [search.sampler]
    return fingerprint_json(
        {
            "rows": _rows_fingerprint(search.dataset, search.folds),
            "search": [fixed.family, dict(fixed.parameters), space.to_json(), how, search.pruning],
            "objectives": [objective.name for objective in search.objectives],
            "seeds": [search.seed, search.context.seed],
        }
    )


def _rows_fingerprint(dataset: Dataset, folds: Sequence[TrainTest]) -> str:
    content = dict(dataset.arrays())
    if dataset.superseded_at is not None:
        content["superseded_weight"] = np.array([dataset.superseded_weight])
    if dataset.history is not None:
        content |= {"history": dataset.history.features, "first": dataset.history.first}
    rows = {f"{part}_{i}": getattr(fold, part) for i, fold in enumerate(folds) for part in ("train", "test")}
    return fingerprint_arrays({**content, **rows})

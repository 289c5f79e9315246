"""The studies in the database, read back: what was searched, what was tried, what won."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import optuna
from optuna.trial import TrialState
from sqlalchemy import inspect

from trimtab.errors import NotFoundError
from trimtab.storage.database import Database
from trimtab.tuning.choice import Choice, TrialRecord, choose
from trimtab.tuning.objectives import OBJECTIVES
from trimtab.tuning.storage import clear_errors, connect, quiet_optuna, stored_about
from trimtab.tuning.trials import finished_trials


@dataclass(frozen=True)
class StoredStudy:
    """One study as it stands in the database; it may still run.

    Attributes
    ----------
    name: of the study; the part before the colon is the strategy.
    about: what `run_study` recorded: strategy, label, family, dataset_fingerprint, objectives, sampler, n_trials
        aimed at, n_folds, n_samples, pruning, rows_end (end of the last label it learnt from), space, searched
        (the space after narrowing) and narrowed_from (names of the studies it was narrowed by).
    trials: every finished trial, by number.
    n_failed: trials that were started and never finished.
    choice: the trial that wins so far, the front and the reasons.
    """

    name: str
    about: dict[str, Any]
    trials: tuple[TrialRecord, ...]
    n_failed: int
    choice: Choice

    @property
    def n_pruned(self) -> int:
        """How many trials were stopped before their last fold."""
        return sum(trial.pruned for trial in self.trials)

    @property
    def best(self) -> TrialRecord | None:
        """The winning trial; None without trials."""
        return next((trial for trial in self.trials if trial.number == self.choice.chosen), None)


def stored_studies(database: Database, strategy: str | None = None) -> list[StoredStudy]:
    """Every study, or those of one strategy, by name."""
    if not _has_studies(database):
        return []
    with clear_errors(database.url), quiet_optuna():
        storage = connect(database)
        found = stored_about(storage)
        wanted = [name for name in sorted(found) if strategy in (None, found[name]["strategy"])]
        return [_load(storage, name, found[name]) for name in wanted]


def find_study(database: Database, start: str) -> StoredStudy:
    """The one study whose name begins with `start`, or `NotFoundError`."""
    names: dict[str, dict[str, Any]] = {}
    if _has_studies(database):
        with clear_errors(database.url), quiet_optuna():
            storage = connect(database)
            names = stored_about(storage)
            found = [name for name in names if name == start] or [name for name in names if name.startswith(start)]
            if start and len(found) == 1:
                return _load(storage, found[0], names[found[0]])
    known = ", ".join(sorted(name for name in names if name.startswith(start)) or sorted(names)) or "none yet"
    problem = "several studies begin" if any(name.startswith(start) for name in names) else "no study begins"
    raise NotFoundError(f"{problem} with '{start}'; there are: {known}")


def _load(storage: optuna.storages.RDBStorage, name: str, about: dict[str, Any]) -> StoredStudy:
    study = optuna.load_study(storage=storage, study_name=name)
    trials = finished_trials(study)
    n_failed = len(study.get_trials(deepcopy=False, states=(TrialState.FAIL,)))
    return StoredStudy(
        name, about, trials, n_failed, choose(trials, [OBJECTIVES[objective] for objective in about["objectives"]])
    )


def _has_studies(database: Database) -> bool:
    """Whether Optuna has ever been here; asking it would make its tables."""
    with database.read() as connection:
        return inspect(connection).has_table("studies")

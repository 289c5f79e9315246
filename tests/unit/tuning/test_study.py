from __future__ import annotations

import logging
import sqlite3
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from fakes.datasets import make_dataset
from fakes.registries import fresh_postgres_database
from fakes.studies import DATASET, FOLDS
from sqlalchemy import create_engine, inspect

from trimtab.errors import ConfigurationError, NotEnoughDataError, StorageError, UnknownNameError
from trimtab.models.families import make_forecaster, search_space
from trimtab.models.protocol import FitContext
from trimtab.models.space import SearchSpace
from trimtab.storage.database import Database


def test_the_best_trial_is_the_one_with_the_best_mean_over_the_folds(study) -> None:
    result = study()
    values = [trial.values[0] for trial in result.trials]
    assert len(values) == 10 and result.best_value == min(values)
    best = result.trials[result.best_number]
    assert result.best_parameters == best.parameters
    assert best.values[0] == pytest.approx(np.mean(best.fold_values[0]))
    assert all(len(trial.fold_values[0]) == 3 for trial in result.trials)


def test_a_trial_can_be_recomputed_by_hand(study) -> None:
    from sklearn.metrics import log_loss

    trial = study().trials[7]
    for fold, value in zip(FOLDS, trial.fold_values[0], strict=True):
        fitted = make_forecaster("linear", trial.parameters).fit(DATASET.take(fold.train), None, FitContext(2, 1))
        test = DATASET.take(fold.test)
        assert log_loss(test.target, fitted.predict(test.features).value) == pytest.approx(value)


def test_the_search_finds_the_better_end_of_the_space(study) -> None:
    result = study(n_trials=15)
    assert result.best_parameters["l2"] < 300.0  # the range goes to 100,000, where nothing is learnt
    assert result.best_value < result.trials[0].values[0]  # better than the defaults, which go first


@pytest.mark.parametrize("sampler", ["tpe", "random", "grid", "gp"])
def test_the_same_seed_gives_the_same_trials_in_another_database(study, tmp_path: Path, sampler: str) -> None:
    other = Database(f"sqlite:///{tmp_path / 'other.db'}")
    assert study(sampler=sampler) == study(sampler=sampler, storage=other)


def test_another_seed_gives_other_trials(study) -> None:
    assert study(study_name="a", seed=1).trials[3].parameters != study(study_name="b", seed=2).trials[3].parameters


def test_a_study_that_is_done_returns_at_once_and_a_longer_one_goes_on(study) -> None:
    told: list[int] = []
    first = study(n_trials=9, on_trial=lambda record, wanted: told.append(record.number))
    again = study(n_trials=9, on_trial=lambda record, wanted: told.append(record.number))
    assert again == first and told == list(range(9))
    longer = study(n_trials=12, on_trial=lambda record, wanted: told.append(record.number))
    assert longer.trials[:9] == first.trials and told == list(range(12))
    assert longer == study(n_trials=12, study_name="uninterrupted")
    assert study(n_trials=4).trials == first.trials[:4]


def test_a_study_that_failed_half_way_ends_as_if_it_had_not(study) -> None:
    calls = 0

    def fails_in_the_fourth_trial(tuned: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 5:  # one call is for the fingerprint
            raise NotEnoughDataError("the disk is on fire")
        return make_forecaster("linear", tuned)

    with pytest.raises(NotEnoughDataError, match="on fire"):
        study(make=fails_in_the_fourth_trial)
    resumed = study()
    assert resumed == study(study_name="uninterrupted")
    assert resumed.n_interrupted == 1


def test_trials_that_a_killed_process_left_running_are_closed_and_not_counted(study, tmp_path: Path) -> None:
    study(n_trials=3)
    storage = f"sqlite:///{tmp_path / 'new' / 'trimtab.db'}"
    abandoned = optuna.load_study(study_name="study", storage=storage).ask()
    abandoned.suggest_float("l2", 1.0, 1e5, log=True)
    resumed = study()
    assert resumed == study(study_name="uninterrupted")
    assert resumed.n_interrupted == 1


def test_several_objectives_give_a_front_and_the_simplest_trial_that_is_as_good(study) -> None:
    result = study(
        make=lambda tuned: make_forecaster("lightgbm", tuned),
        space=search_space("lightgbm").first(3),
        objectives=["information_coefficient", "complexity"],
    )
    assert result.objectives == ("information_coefficient", "complexity")
    assert result.best_number in result.front
    skills, sizes = zip(*(trial.values for trial in result.trials), strict=True)
    best = result.trials[int(np.argmax(skills))]
    error = np.std(best.fold_values[0], ddof=1) / np.sqrt(3)
    as_good = [size for skill, size in zip(skills, sizes, strict=True) if skill >= max(skills) - error]
    assert result.trials[result.best_number].values[1] == min(as_good)


def test_without_trials_there_is_no_winner_and_no_database(study, tmp_path: Path) -> None:
    result = study(n_trials=0)
    assert (result.best_parameters, result.best_number, result.trials) == ({}, None, ())
    assert not (tmp_path / "new").exists()


def test_an_empty_space_takes_one_trial_of_the_fixed_parameters(study) -> None:
    result = study(space=SearchSpace(), make=lambda tuned: make_forecaster("naive", tuned))
    assert (len(result.trials), result.best_parameters) == (1, {})


@pytest.mark.parametrize(
    "change",
    [
        {"dataset": make_dataset(300, seed=5)},
        {"folds": FOLDS[:2]},
        {"seed": 9},
        {"context": FitContext(3, 1)},
        {"space": search_space("linear").first(0)},
        {"make": lambda tuned: make_forecaster("preprocessed", tuned)},
        {"pruning": True},
    ],
)
def test_a_name_that_belongs_to_another_study_is_refused(study, change: dict[str, Any]) -> None:
    study(n_trials=1)
    with pytest.raises(ConfigurationError, match="another study name"):
        study(n_trials=1, **change)


def test_another_number_of_threads_is_the_same_study(study) -> None:
    study(n_trials=2)
    assert len(study(n_trials=2, context=FitContext(seed=2, n_threads=2)).trials) == 2


def test_a_study_without_folds_or_with_an_unknown_sampler_is_refused(study) -> None:
    with pytest.raises(ConfigurationError, match="at least one fold"):
        study(folds=[])
    with pytest.raises(UnknownNameError, match="did you mean 'grid'"):
        study(sampler="gird")


def test_it_says_nothing_on_its_own_and_leaves_optunas_logging_as_it_was(study, capfd) -> None:
    before = optuna.logging.get_verbosity()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        study(n_trials=10)
    assert capfd.readouterr() == ("", "")
    assert optuna.logging.get_verbosity() == before == logging.INFO


def test_optunas_tables_leave_room_for_a_version_table_of_ours(study, tmp_path: Path) -> None:
    study(n_trials=1)
    tables = set(inspect(create_engine(f"sqlite:///{tmp_path / 'new' / 'trimtab.db'}")).get_table_names())
    assert {"alembic_version", "version_info", "studies", "trials"} <= tables
    assert "trimtab_schema_version" not in tables


def test_a_file_that_is_no_database_is_one_sentence(study, tmp_path: Path) -> None:
    path = tmp_path / "broken.db"
    path.write_bytes(b"this is not a database, it only has the name of one" * 50)
    with pytest.raises(StorageError, match=r"broken\.db"):
        study(storage=Database(f"sqlite:///{path}"))


@pytest.mark.postgres
def test_a_study_on_postgresql_equals_one_on_sqlite(study, postgres_url: str) -> None:
    assert study(storage=Database(fresh_postgres_database(postgres_url))) == study()


def test_a_locked_database_is_one_sentence_after_the_time_the_database_is_given(study, tmp_path: Path) -> None:
    from trimtab.errors import LockedError

    study(n_trials=1)
    path = tmp_path / "new" / "trimtab.db"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(LockedError, match="locked by another process"):
            study(n_trials=2, storage=Database(f"sqlite:///{path}", busy_timeout_seconds=0.1))
    finally:
        holder.close()

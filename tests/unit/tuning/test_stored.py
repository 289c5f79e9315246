from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.datasets import make_dataset
from fakes.folds import thirds

from trimtab.errors import ConfigurationError, NotFoundError
from trimtab.models.families import search_space
from trimtab.storage.database import Database
from trimtab.tuning.stored import find_study, stored_studies
from trimtab.tuning.study import About

ABOUT = About("mine", "direction:1", "linear", "d" * 64)
LATER = make_dataset(400)
EARLIER = LATER.take(np.arange(300))


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path / 'new' / 'trimtab.db'}")


def on(dataset: Any, name: str) -> dict[str, Any]:
    return {"dataset": dataset, "folds": thirds(len(dataset)), "study_name": name, "about": ABOUT}


def test_a_study_is_read_back_as_it_was_run(study, database: Database) -> None:
    result = study(about=ABOUT, pruning=True, sampler="random", n_trials=12)
    (stored,) = stored_studies(database)
    assert stored.trials == result.trials
    assert (stored.choice.chosen, stored.choice.front, stored.choice.reasons) == (
        result.best_number, result.front, result.reasons,
    )  # fmt: skip
    assert stored.best == result.trials[result.best_number]
    assert stored.n_pruned == sum(trial.pruned for trial in result.trials) > 0
    assert stored.about["label"] == "direction:1"
    assert stored.about["rows_end"] == str(make_dataset(300).label_end.max())


def test_studies_are_found_by_strategy_and_by_how_their_name_begins(study, database: Database) -> None:
    study(study_name="mine:1", n_trials=1, about=ABOUT)
    study(study_name="yours:1", n_trials=1, about=About("yours"))
    assert [each.name for each in stored_studies(database)] == ["mine:1", "yours:1"]
    assert [each.name for each in stored_studies(database, "mine")] == ["mine:1"]
    assert find_study(database, "you").name == "yours:1"
    with pytest.raises(NotFoundError, match="no study begins with 'theirs'; there are: mine:1, yours:1"):
        find_study(database, "theirs")


def test_a_database_without_studies_has_none_and_is_given_no_tables(tmp_path: Path) -> None:
    from sqlalchemy import inspect

    database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    assert stored_studies(database) == []
    with pytest.raises(NotFoundError, match="none yet"):
        find_study(database, "mine")
    with database.read() as connection:
        assert inspect(connection).get_table_names() == []


def test_a_study_searches_where_the_best_trials_on_earlier_data_were(study, database: Database) -> None:
    first = study(**on(EARLIER, "first"))
    second = study(**on(LATER, "second"), narrowing=True)
    (whole,), (searched,) = search_space("linear").dimensions, second.space.dimensions
    assert second.narrowed_from == ("first",)
    assert np.log(searched.high / searched.low) < 0.6 * np.log(whole.high / whole.low)
    assert all(searched.low <= trial.parameters["l2"] <= searched.high for trial in second.trials)
    assert second.trials[0].parameters == first.best_parameters
    about = find_study(database, "second").about
    assert about["narrowed_from"] == ["first"]
    assert about["searched"] == second.space.to_json() != about["space"]


@pytest.mark.parametrize(
    "other",
    [
        on(LATER, "other"),  # it knows what came after
        on(EARLIER, "other") | {"about": About("mine", "direction:5", "linear")},
        on(EARLIER, "other") | {"n_trials": 7},
    ],
    ids=["later data", "another label", "too few trials"],
)
def test_a_study_about_something_else_narrows_nothing(study, other: dict[str, Any]) -> None:
    study(**{"n_trials": 8, "sampler": "random", **other})
    rows = EARLIER.take(np.arange(298)) if other["dataset"] is LATER else LATER
    result = study(**on(rows, "mine"), n_trials=1, narrowing=True)
    assert result.narrowed_from == ()
    assert result.space == search_space("linear")


def test_a_study_that_was_begun_keeps_its_space_whatever_was_studied_meanwhile(study) -> None:
    study(**on(EARLIER, "first"), n_trials=8)
    begun = study(**on(LATER, "mine"), narrowing=True, n_trials=3)
    study(**on(EARLIER, "second"), n_trials=8, seed=9)
    resumed = study(**on(LATER, "mine"), narrowing=True, n_trials=5)
    assert (resumed.space, resumed.narrowed_from) == (begun.space, ("first",))
    assert resumed.trials[:3] == begun.trials
    with pytest.raises(ConfigurationError, match="another study name"):
        study(**on(LATER, "mine"), n_trials=5)  # without narrowing it is another search

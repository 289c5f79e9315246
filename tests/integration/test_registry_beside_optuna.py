"""The registry and Optuna's studies live in one database without touching each other."""

from __future__ import annotations

import optuna
from fakes.registries import database, empty_database, make_candidate
from sqlalchemy import inspect

from trimtab.clock import SimulatedClock
from trimtab.registry.migrate import VERSION_TABLE, upgrade
from trimtab.registry.repository import Registry
from trimtab.registry.schema import metadata
from trimtab.storage.database import Database

__all__ = ["database", "empty_database"]


def test_no_table_name_is_shared(empty_database: Database) -> None:
    optuna.storages.RDBStorage(empty_database.sqlalchemy_url)
    with empty_database.read() as connection:
        theirs = set(inspect(connection).get_table_names())
    assert {"studies", "trials", "alembic_version"} <= theirs
    assert not theirs & {*metadata.tables, VERSION_TABLE, "model_summary"}


def test_a_study_and_the_registry_work_side_by_side(empty_database: Database, clock: SimulatedClock) -> None:
    storage = optuna.storages.RDBStorage(empty_database.sqlalchemy_url)
    assert upgrade(empty_database) is True
    study = optuna.create_study(storage=storage, study_name="s")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    registry = Registry(empty_database, clock)
    assert registry.register_model(make_candidate(), "t").version == "1.0.0"
    assert len(optuna.load_study(storage=storage, study_name="s").trials) == 2
    assert upgrade(empty_database) is False

"""Migrations lead to exactly the schema the code uses, once, on both engines."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

import trimtab.registry.migrate as migrate_module
from trimtab.errors import RegistryError
from trimtab.registry.migrate import HEAD, VERSION_TABLE, current_revision, upgrade
from trimtab.registry.schema import SUMMARY_COLUMNS, metadata
from trimtab.registry.trials import Trial, tried
from trimtab.storage.database import Database

OLD_STRATEGY = """
INSERT INTO strategies (name, version, created, updated)
VALUES ('demo', 1, '2024-01-02 00:00:00+00:00', '2024-01-02 00:00:00+00:00')
"""
OLD_TRIAL = """
INSERT INTO trial_ledger
    (study, number, strategy, dataset_fingerprint, label, family, parameters, value, kind, recorded)
VALUES
    ('s', 3, 'demo', :dataset, 'direction:1', 'lightgbm', :parameters, 0.625, 'manual', '2024-01-02 00:00:00+00:00')
"""


def test_the_migrated_schema_is_the_schema_of_the_code(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, metadata) == []


def test_the_partial_indexes_exist_with_their_conditions(database: Database) -> None:
    with database.read() as connection:
        for table, index, condition in (
            ("aliases", "uq_aliases_one_holder", "until"),
            ("retraining_jobs", "uq_retraining_jobs_one_in_flight", "status"),
        ):
            found = next(i for i in inspect(connection).get_indexes(table) if i["name"] == index)
            assert found["unique"]
            assert condition in " ".join(map(str, found["dialect_options"].values()))


def test_the_summary_view_has_the_columns_it_documents(database: Database) -> None:
    with database.read() as connection:
        assert tuple(connection.execute(text("SELECT * FROM model_summary")).keys()) == SUMMARY_COLUMNS


def test_upgrading_again_does_nothing(empty_database: Database) -> None:
    assert upgrade(empty_database) is True
    assert upgrade(empty_database) is False


def test_a_failed_migration_leaves_no_table(empty_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    run = migrate_module._run_alembic

    def fail_after(connection: object) -> None:
        run(connection)  # type: ignore[arg-type]  # handed through as it came
        raise ZeroDivisionError

    monkeypatch.setattr(migrate_module, "_run_alembic", fail_after)
    with pytest.raises(ZeroDivisionError):
        upgrade(empty_database)
    with empty_database.read() as connection:
        assert inspect(connection).get_table_names() == []


def test_a_database_of_a_newer_version_is_refused(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(RegistryError, match="at schema 9999, this trimtab knows schemas up to"):
        upgrade(database)


def test_head_is_the_last_migration_there_is() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrate_module.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_trials_of_the_first_schema_are_kept_and_their_objectives_are_unknown(empty_database: Database) -> None:
    with empty_database.write() as connection:
        command.upgrade(_script(connection), "0001")
        connection.execute(text(OLD_STRATEGY))
        connection.execute(text(OLD_TRIAL), {"dataset": "d" * 64, "parameters": '{"num_leaves": 7}'})
        assert "pruned" not in _columns(connection)
    assert upgrade(empty_database) is True
    with empty_database.read() as connection:
        assert {"objectives", "pruned"} <= _columns(connection)
        assert current_revision(connection) == HEAD
        assert tried(connection, "demo") == [
            Trial("s", 3, "demo", "d" * 64, "direction:1", "lightgbm", {"num_leaves": 7}, 0.625, "manual")
        ]
        assert connection.execute(text("SELECT count(*) FROM trial_ledger WHERE objectives IS NULL")).scalar_one() == 1


def _script(connection: Connection) -> Config:
    """What Alembic works by, on a connection whose transaction is open."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrate_module.__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def _columns(connection: Connection) -> set[str]:
    return {column["name"] for column in inspect(connection).get_columns("trial_ledger")}


def test_an_empty_database_has_no_revision(empty_database: Database) -> None:
    with empty_database.read() as connection:
        assert current_revision(connection) is None

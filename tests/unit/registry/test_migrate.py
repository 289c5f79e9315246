"""Migrations lead to exactly the schema the code uses, once, on both engines."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

import trimtab.registry.migrate as migrate_module
from trimtab.errors import RegistryError
from trimtab.registry.migrate import HEAD, VERSION_TABLE, current_revision, upgrade
from trimtab.registry.schema import SUMMARY_COLUMNS, metadata
from trimtab.storage.database import Database


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


def test_an_empty_database_has_no_revision(empty_database: Database) -> None:
    with empty_database.read() as connection:
        assert current_revision(connection) is None

"""The database opens, locks, rolls back and explains itself the same way on both engines."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from fakes.registries import empty_database
from sqlalchemy import text

from trimtab.errors import ConfigurationError, LockedError, StorageError
from trimtab.storage.database import WRITE_LOCK, Database

__all__ = ["empty_database"]


def test_a_failed_write_transaction_leaves_nothing(empty_database: Database) -> None:
    with empty_database.write() as connection:
        connection.execute(text("CREATE TABLE t (x INTEGER)"))
    with pytest.raises(ZeroDivisionError), empty_database.write() as connection:
        connection.execute(text("INSERT INTO t VALUES (1)"))
        raise ZeroDivisionError
    with empty_database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM t")).scalar_one() == 0


def test_sqlite_runs_with_the_pragmas_that_keep_acknowledged_decisions(tmp_path: Path) -> None:
    with Database(f"sqlite:///{tmp_path / 'new' / 'folder' / 'x.db'}").read() as connection:
        found = {name: connection.execute(text(f"PRAGMA {name}")).scalar_one() for name in
                 ("journal_mode", "synchronous", "foreign_keys")}  # fmt: skip
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_a_database_held_by_another_process_is_reported_as_locked(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    database = Database(f"sqlite:///{path}", busy_timeout_seconds=0.1)
    with database.read():
        pass
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(LockedError, match="locked by another process; wait for it"), database.write():
        pytest.fail("the write transaction must not begin")
    with database.read() as connection:  # readers never wait for a writer
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    holder.rollback()
    with database.write() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    holder.close()


@pytest.mark.postgres
def test_a_postgresql_writer_gives_up_when_another_holds_the_lock(postgres_url: str) -> None:
    holder, waiting = Database(postgres_url), Database(postgres_url, busy_timeout_seconds=0.1)
    with holder.write(), pytest.raises(LockedError, match="locked by another process"), waiting.write():
        pytest.fail("the write transaction must not begin")
    with waiting.write() as connection:
        query = f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = {WRITE_LOCK & 0xFFFFFFFF}"
        assert connection.execute(text(query)).scalar_one() == 1
    holder.dispose()
    waiting.dispose()


def test_a_file_that_is_no_database_is_reported_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"this is not a database " * 100)
    with pytest.raises(StorageError, match="not a usable database"), Database(f"sqlite:///{path}").read():
        pass


def test_a_full_disk_is_reported_and_nothing_is_stored(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    with database.write() as connection:
        connection.execute(text("CREATE TABLE t (x BLOB)"))
    with pytest.raises(StorageError, match="disk is full: nothing was written"), database.write() as connection:
        connection.execute(text("PRAGMA max_page_count = 4"))  # SQLite's own way to simulate it
        connection.execute(text("INSERT INTO t VALUES (zeroblob(1000000))"))
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM t")).scalar_one() == 0


def test_a_url_nobody_understands_is_a_configuration_error() -> None:
    with (
        pytest.raises(ConfigurationError, match=r"begins with 'nonsense', is not understood; write sqlite:///"),
        Database("nonsense").read(),
    ):
        pass


def test_an_unreachable_server_is_reported_without_the_password() -> None:
    database = Database("postgresql://user:secret@127.0.0.1:1/trimtab")
    with pytest.raises(StorageError, match="cannot be reached") as caught, database.read():
        pass
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("bare", ["postgresql://h/d", "postgres://h/d"])
def test_a_bare_postgresql_url_names_the_driver(bare: str) -> None:
    assert Database(bare).sqlalchemy_url == "postgresql+psycopg2://h/d"

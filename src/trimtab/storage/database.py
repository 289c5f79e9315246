"""The registry database: one engine, SQLite by default, PostgreSQL in production.

Only what both engines need lives here: opening, pragmas, write transactions, clear errors.
The tables belong to `trimtab.registry`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trimtab.errors import ConfigurationError, LockedError, StorageError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

BUSY_TIMEOUT_SECONDS = 30.0
WRITE_LOCK = 0x7452_694D_7442  # "tRiMtB": the advisory lock that PostgreSQL writers take


@dataclass(frozen=True)
class Database:
    """A database URL with the settings trimtab relies on.

    One write transaction runs at a time, so check-then-insert cannot race and a waiting writer
    sees what the one before it stored. SQLite begins them `IMMEDIATE`, in WAL mode with
    `synchronous=FULL` (an acknowledged decision survives a power cut); PostgreSQL takes an
    advisory lock first. Both give up after `busy_timeout_seconds` with a `LockedError`.

    >>> import tempfile
    >>> from sqlalchemy import text
    >>> database = Database(f"sqlite:///{tempfile.mkdtemp()}/trimtab.db")
    >>> with database.read() as connection:
    ...     connection.execute(text("select 1 + 1")).scalar_one()
    2
    """

    url: str
    busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite")

    @property
    def sqlalchemy_url(self) -> str:
        """The URL with the driver said: SQLAlchemy 2.1 reads a bare postgresql:// as psycopg 3."""
        for bare in ("postgresql://", "postgres://"):
            if self.url.startswith(bare):
                return "postgresql+psycopg2://" + self.url.removeprefix(bare)
        return self.url

    @cached_property
    def engine(self) -> Engine:
        """The SQLAlchemy engine, made on first use."""
        from sqlalchemy import create_engine, event
        from sqlalchemy.exc import ArgumentError

        try:
            if not self.is_sqlite:
                return create_engine(self.sqlalchemy_url, pool_pre_ping=True)
            _make_parent(self.url)
            engine = create_engine(self.url, connect_args={"timeout": self.busy_timeout_seconds})
        except ArgumentError as error:
            raise ConfigurationError(
                f"the database url, which begins with '{self.url[:9]}', is not understood; write sqlite:///path/to/file.db or "
                "postgresql://user:password@host:port/name"
            ) from error
        event.listen(engine, "connect", self._prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading."""
        with _clear_errors(self.url), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One write transaction: all of it is stored, or nothing."""
        with _clear_errors(self.url), self.engine.connect() as connection:
            connection.execution_options(trimtab_write=True)  # read by _begin_sqlite
            with connection.begin():
                if not self.is_sqlite:
                    _lock_postgresql(connection, self.busy_timeout_seconds)
                yield connection

    def dispose(self) -> None:
        """Close pooled connections."""
        self.engine.dispose()

    def _prepare_sqlite(self, connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions on its own
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={int(self.busy_timeout_seconds * 1000)}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("trimtab_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _lock_postgresql(connection: Connection, timeout_seconds: float) -> None:
    # Read committed plus one lock, not SERIALIZABLE: the audit chain makes writers wait for each
    # other anyway, and a transaction that waits never has to be run again.
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{int(timeout_seconds * 1000)}ms'")
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")


def _make_parent(url: str) -> None:
    from sqlalchemy import make_url

    database = make_url(url).database
    if database and database != ":memory:":
        Path(database).parent.mkdir(parents=True, exist_ok=True)


@contextmanager
def _clear_errors(url: str) -> Iterator[None]:
    from sqlalchemy import make_url
    from sqlalchemy.exc import DatabaseError

    try:
        yield
    except DatabaseError as error:
        shown = make_url(url).render_as_string(hide_password=True)
        text = str(error.orig)
        if any(sign in text for sign in ("database is locked", "table is locked", "lock timeout")):
            raise LockedError(
                f"the database {shown} is locked by another process; wait for it to finish or stop it, then run again"
            ) from error
        if "disk is full" in text:
            raise StorageError(
                f"the disk is full: nothing was written to {shown}; free some space and run again"
            ) from error
        if "disk I/O error" in text:  # SQLite's word for a full disk too, where it cannot map its index
            raise StorageError(
                f"the disk did not let {shown} be read or written (it may be full); free some space and run again"
            ) from error
        if "not a database" in text or "malformed" in text:
            raise StorageError(f"{shown} is not a usable database ({text}); restore it from a backup") from error
        if (
            error.connection_invalidated
            or "could not connect" in text
            or "unable to open" in text
            or "Connection refused" in text
        ):
            raise StorageError(f"the database {shown} cannot be reached ({text.strip().splitlines()[0]})") from error
        raise

"""Bringing the registry schema up to date, from any process and at any time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from trimtab.errors import RegistryError
from trimtab.storage.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection

# Optuna keeps its tables in the same database and owns the name `alembic_version`.
VERSION_TABLE = "trimtab_schema_version"
HEAD = "0002"


def upgrade(database: Database) -> bool:
    """Bring the schema to `HEAD`; return whether anything had to be done.

    At head it costs one query and imports no Alembic. Processes that start at once wait for each
    other: the first migrates in one transaction, the others find it done.

    >>> import tempfile
    >>> database = Database(f"sqlite:///{tempfile.mkdtemp()}/trimtab.db")
    >>> upgrade(database), upgrade(database)
    (True, False)
    """
    with database.read() as connection:
        if _is_current(connection):
            return False
    with database.write() as connection:
        if _is_current(connection):
            return False
        _run_alembic(connection)
    return True


def current_revision(connection: Connection) -> str | None:
    """The revision the database is at; None before the first migration."""
    from sqlalchemy import inspect, text

    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one_or_none()


def _is_current(connection: Connection) -> bool:
    revision = current_revision(connection)
    if revision is not None and revision > HEAD:
        raise RegistryError(
            f"the database is at schema {revision}, this trimtab knows schemas up to {HEAD}; "
            "install the newer trimtab that wrote it"
        )
    return revision == HEAD


def _run_alembic(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")

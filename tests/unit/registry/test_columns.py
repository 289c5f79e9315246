"""Times go in aware and come out aware, on both engines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import StatementError

from trimtab.registry.schema import strategies
from trimtab.storage.database import Database


def test_a_moment_survives_the_database_to_the_microsecond_in_utc(database: Database) -> None:
    told = datetime(2024, 3, 31, 1, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    with database.write() as connection:
        connection.execute(insert(strategies).values(name="demo", version=1, created=told, updated=told))
    with database.read() as connection:
        found = connection.execute(select(strategies.c.created)).scalar_one()
    assert found == told
    assert found.tzinfo is UTC or found.utcoffset() == timedelta(0)


def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    naive = datetime(2024, 1, 1)
    with pytest.raises(StatementError, match="has no time zone"), database.write() as connection:
        connection.execute(insert(strategies).values(name="demo", version=1, created=naive, updated=naive))

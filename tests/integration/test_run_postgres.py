"""The production profile: registry, studies and Dagster's records in PostgreSQL, the same result."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy
from fakes.strategies import open_world, outcome_of, run_environment, write_world
from fakes.trimtab_runs import FinishedRun, finish_run

from trimtab.storage.database import Database

pytestmark = [pytest.mark.slow, pytest.mark.postgres]


@pytest.fixture
def databases(postgres_url: str) -> Iterator[dict[str, str]]:
    """One database for the registry with Optuna's studies, one for Dagster; both own an `alembic_version`."""
    server = sqlalchemy.create_engine(Database(postgres_url).sqlalchemy_url, isolation_level="AUTOCOMMIT")
    names = {which: f"{which}_{uuid4().hex[:8]}" for which in ("registry", "dagster")}
    with server.connect() as connection:
        for name in names.values():
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
    url = sqlalchemy.make_url(postgres_url)
    yield {which: url.set(database=name).render_as_string(hide_password=False) for which, name in names.items()}
    with server.connect() as connection:
        for name in names.values():
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    server.dispose()


def n_runs(url: str) -> int:
    database = Database(url)
    with database.read() as connection:
        found: int = connection.exec_driver_sql("SELECT count(*) FROM runs WHERE status = 'SUCCESS'").scalar_one()
    database.dispose()
    return found


def test_a_run_on_postgresql_ends_as_one_on_sqlite(
    whole_run: FinishedRun, databases: dict[str, str], tmp_path: Path
) -> None:
    lake, strategies = tmp_path / "lake", write_world(tmp_path)
    urls = {"TRIMTAB_DATABASE_URL": databases["registry"], "TRIMTAB_DAGSTER_POSTGRES_URL": databases["dagster"]}
    finish_run(run_environment(lake, strategies, **urls))

    workspace = open_world(lake, strategies, database_url=databases["registry"])
    try:
        assert outcome_of(workspace) == outcome_of(open_world(whole_run.lake, whole_run.strategies))
        assert workspace.registry.verify_audit() is None
    finally:
        workspace.lake.database.dispose()
    assert n_runs(databases["dagster"]) == 2  # bars and features, then the strategy
    assert not list(lake.rglob("*.db"))

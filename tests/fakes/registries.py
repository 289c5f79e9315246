"""Registries to test against: an empty one on each engine, small candidates, rival processes."""

from __future__ import annotations

import hashlib
import multiprocessing
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text

from trimtab.clock import SimulatedClock
from trimtab.errors import TrimtabError
from trimtab.registry.migrate import upgrade
from trimtab.registry.models import ArtifactFile, Candidate, ModelVersion
from trimtab.registry.repository import Registry
from trimtab.storage.database import Database

ENGINES = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))


def fresh_postgres_database(server_url: str) -> str:
    """Make an empty database on a server and return its URL."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    engine = create_engine(Database(server_url).sqlalchemy_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        # A test's data need not survive a power cut, and syncing is most of its time.
        connection.execute(text("ALTER SYSTEM SET fsync = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


def _drop_postgres_database(server_url: str, url: str) -> None:
    engine = create_engine(Database(server_url).sqlalchemy_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {make_url(url).database} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture(params=ENGINES)
def empty_database(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Database]:
    """A database without tables, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield Database(f"sqlite:///{tmp_path / 'trimtab.db'}")
        return
    server_url = request.getfixturevalue("postgres_url")
    database = Database(fresh_postgres_database(server_url))
    yield database
    database.dispose()
    _drop_postgres_database(server_url, database.url)


@pytest.fixture
def database(empty_database: Database) -> Database:
    """A database with the registry schema."""
    upgrade(empty_database)
    return empty_database


@pytest.fixture
def registry(database: Database, clock: SimulatedClock) -> Registry:
    """An empty registry."""
    return Registry(database, clock)


def digest(text_: str) -> str:
    """A SHA-256 that differs with the text."""
    return hashlib.sha256(text_.encode()).hexdigest()


CONFIGURATION = {
    "universe": {"instruments": ["AAPL", "IBM"]},
    "features": {"sets": ["technical"]},
    "label": {"kind": "direction", "horizons": [1]},
    "model": {"algorithm": "lightgbm"},
    "gates": {"min_accuracy": 0.65},
}


def make_candidate(name: str = "first", strategy: str = "demo", **overrides: Any) -> Candidate:
    """A candidate whose artifact and data are named after `name`."""
    values: dict[str, Any] = {
        "strategy": strategy,
        "algorithm": "lightgbm",
        "configuration": CONFIGURATION,
        "hyper_parameters": {"num_leaves": 15},
        "metrics": {"accuracy": 0.7},
        "dataset_fingerprint": digest(f"data {name}"),
        "manifest_digest": digest(f"manifest {name}"),
        "size_bytes": 12,
        "code_version": "0.1.0",
        "artifacts": (ArtifactFile("model.txt", digest(name), 12),),
        "features": {"rsi_14": 0.25, "atr_14": 0.75, "obv": None},
    }
    return Candidate(**{**values, **overrides})


def register(registry: Registry, *names: str, strategy: str = "demo") -> list[ModelVersion]:
    """Register candidates of these names, in order."""
    return [registry.register_model(make_candidate(name, strategy), "tester") for name in names]


# Rival processes: module-level functions, because another process finds what it runs by name.


def race(rival: Callable[..., str], url: str, n: int, *arguments: Any) -> list[str]:
    """Start n processes that run `rival(url, number, *arguments)` at the same moment; their answers."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])  # import SQLAlchemy once, not once per rival
    barrier, answers = context.Barrier(n), context.Queue()
    processes = [
        context.Process(target=_run_rival, args=(rival, barrier, answers, url, number, *arguments))
        for number in range(n)
    ]
    for process in processes:
        process.start()
    found = [answers.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(timeout=60)
    return found


def claim_champion(url: str, number: int, model_ids: list[int]) -> str:
    """Try to make one of the models champion of an empty place."""
    registry = _registry(url)
    registry.set_alias("demo", "champion", model_ids[number], expected=None, actor=f"rival {number}", reason="race")
    return "won"


def insert_champion(url: str, number: int, model_ids: list[int]) -> str:
    """Try the same behind the registry's back, with plain SQL."""
    when = datetime(2024, 1, 1, tzinfo=UTC)
    from sqlalchemy import insert
    from sqlalchemy.exc import IntegrityError

    from trimtab.registry.schema import aliases

    row = {"strategy": "demo", "alias": "champion", "model_id": model_ids[number], "since": when}
    try:
        with Database(url).engine.begin() as connection:
            connection.execute(insert(aliases).values(**row, actor="rival", reason="race"))
    except IntegrityError:
        return "refused by the index"
    return "won"


def register_same(url: str, number: int) -> str:
    """Register the same candidate as everybody else."""
    return _registry(url).register_model(make_candidate("same"), f"rival {number}").version


def migrate(url: str, number: int) -> str:
    """Bring the schema up to date."""
    return "migrated" if upgrade(Database(url)) else "nothing to do"


def _registry(url: str) -> Registry:
    return Registry(Database(url), SimulatedClock(datetime(2024, 1, 2, tzinfo=UTC)))


def _run_rival(rival: Callable[..., str], barrier: Any, answers: Any, url: str, number: int, *arguments: Any) -> None:
    try:
        barrier.wait(timeout=60)
        answers.put(rival(url, number, *arguments))
    except TrimtabError as error:
        answers.put(type(error).__name__)
    except BaseException as error:
        answers.put(f"unexpected {error!r}")
        raise

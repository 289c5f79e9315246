"""Optuna's tables in the registry database, opened quietly and with clear errors.

Optuna keeps its own `alembic_version` and `version_info` tables there, so the migrations of
trimtab must use another version table.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import optuna
import sqlalchemy.event
import sqlalchemy.exc

from trimtab.errors import ConfigurationError, LockedError, StorageError
from trimtab.storage.database import Database
from trimtab.tuning.objectives import Objective
from trimtab.tuning.trials import fail_running

ABOUT = "trimtab_about"  # what a study is about, as JSON: see `study.About`
_SETUP = "trimtab_setup"
_ATTEMPTS = 5


def open_study(
    storage: optuna.storages.RDBStorage,
    name: str,
    objectives: Sequence[Objective],
    setup: str,
    about: Mapping[str, Any],
) -> optuna.Study:
    """The study of a name, created when absent; trials that a killed process left are closed.

    `setup` is the fingerprint of everything the study depends on. `ConfigurationError` when the
    stored study was started with another one: its trials would not be comparable.
    """
    study = optuna.create_study(
        storage=storage,
        study_name=name,
        directions=["maximize" if objective.maximise else "minimize" for objective in objectives],
        load_if_exists=True,
    )
    _check_setup(study, setup)
    if study.user_attrs.get(ABOUT) != about:
        study.set_user_attr(ABOUT, dict(about))
    fail_running(study)
    return study


def join_study(database: Database, name: str) -> optuna.Study:
    """A study that another process has opened."""
    return optuna.load_study(storage=connect(database), study_name=name)


def connect(database: Database) -> optuna.storages.RDBStorage:
    """Optuna's storage in a database; a writer waits as long for another one as the database says."""
    storage = _connect(database)
    if database.is_sqlite:
        # Optuna commits a dozen times per trial. A trial lost in a power cut is simply run again,
        # so its commits need not wait for the disk; WAL keeps them whole after a kill.
        sqlalchemy.event.listen(storage.engine, "connect", _without_waiting)
        storage.engine.dispose()
    return storage


def stored_about(storage: optuna.storages.RDBStorage) -> dict[str, dict[str, Any]]:
    """What every stored study is about, by its name; studies of others that share the database are left out."""
    summaries = optuna.get_all_study_summaries(storage, include_best_trial=False)
    return {s.study_name: s.user_attrs[ABOUT] for s in summaries if ABOUT in s.user_attrs}


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Without Optuna's log lines and its notices about experimental classes."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)


@contextmanager
def clear_errors(url: str) -> Iterator[None]:
    """Database errors as one sentence: `LockedError` or `StorageError`."""
    try:
        yield
    except (sqlalchemy.exc.SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        shown = sqlalchemy.make_url(url).render_as_string(hide_password=True)
        reason = str(error.__cause__ or error).strip().splitlines()[0]
        if "locked" in reason or "lock timeout" in reason:
            raise LockedError(
                f"the database {shown} is locked by another process; wait for it to finish, then run again"
            ) from error
        raise StorageError(f"the study could not be read from or written to {shown}: {reason}") from error


def _without_waiting(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=NORMAL").close()


def _connect(database: Database) -> optuna.storages.RDBStorage:
    options: dict[str, Any] = {"pool_pre_ping": True}
    if database.is_sqlite:
        database.engine.connect().close()  # makes the folder, and sets WAL in the file once for all
        database.dispose()
        options = {"connect_args": {"timeout": database.busy_timeout_seconds}}
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return optuna.storages.RDBStorage(database.sqlalchemy_url, engine_kwargs=options)
        except sqlalchemy.exc.DatabaseError:
            # Two processes that start at once both try to make the tables: the loser looks again.
            if attempt == _ATTEMPTS:
                raise
            time.sleep(0.2 * attempt)
    raise AssertionError("unreachable")


def _check_setup(study: optuna.Study, setup: str) -> None:
    stored = study.user_attrs.get(_SETUP)
    if stored is None:
        study.set_user_attr(_SETUP, setup)
    elif stored != setup:
        raise ConfigurationError(
            f"study '{study.study_name}' was started with other data, folds, parameters or seed, so its trials cannot be continued; "
            "use another study name, such as one with the dataset's fingerprint in it"
        )

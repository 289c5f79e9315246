"""Optuna's tables in the registry database, opened quietly and with clear errors.

Optuna keeps its own `alembic_version` and `version_info` tables there, so the migrations of
trimtab must use another version table.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import optuna
import sqlalchemy.event
import sqlalchemy.exc
from optuna.trial import TrialState

from trimtab.errors import ConfigurationError, LockedError, StorageError
from trimtab.storage.database import BUSY_TIMEOUT_SECONDS, Database
from trimtab.tuning.objectives import Objective

_SETUP = "trimtab_setup"
_ATTEMPTS = 5


def open_study(url: str, name: str, objectives: Sequence[Objective], setup: str) -> optuna.Study:
    """The study of a name, created when absent; trials that a killed process left are closed.

    `setup` is the fingerprint of everything the study depends on. `ConfigurationError` when the
    stored study was started with another one: its trials would not be comparable.
    """
    study = optuna.create_study(
        storage=_open_storage(url),
        study_name=name,
        directions=["maximize" if objective.maximise else "minimize" for objective in objectives],
        load_if_exists=True,
    )
    _check_setup(study, setup)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING, TrialState.WAITING)):
        study.tell(trial.number, state=TrialState.FAIL)
    return study


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
        if "locked" in reason:
            raise LockedError(
                f"the database {shown} is locked by another process; wait for it to finish, then run again"
            ) from error
        raise StorageError(f"the study could not be read from or written to {shown}: {reason}") from error


def _open_storage(url: str) -> optuna.storages.RDBStorage:
    storage = _connect(url)
    if Database(url).is_sqlite:
        # Optuna commits a dozen times per trial. A trial lost in a power cut is simply run again,
        # so its commits need not wait for the disk; WAL keeps them whole after a kill.
        sqlalchemy.event.listen(storage.engine, "connect", _without_waiting)
        storage.engine.dispose()
    return storage


def _without_waiting(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=NORMAL").close()


def _connect(url: str) -> optuna.storages.RDBStorage:
    database = Database(url)
    options: dict[str, Any] = {"pool_pre_ping": True}
    if database.is_sqlite:
        database.engine.connect().close()  # makes the folder, and sets WAL in the file once for all
        database.dispose()
        options = {"connect_args": {"timeout": BUSY_TIMEOUT_SECONDS}}
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

"""The lake: everything a stage may read or write, opened once and passed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from trimtab.clock import Clock, SimulatedClock, SystemClock
from trimtab.config.settings import Settings
from trimtab.storage.artifacts import ArtifactStore
from trimtab.storage.database import Database
from trimtab.storage.tables import TableStore


@dataclass(frozen=True)
class Lake:
    """The stores of one installation and the clock that rules them.

    `root` is the data folder: `bars/`, `actions/`, `facts/`, `quarantine/`, `quarantine_decisions/`, `inbox_ledger/`, `features/`, `datasets/`, `artifacts/`,
    `reports/`, `runs/`, `trial_forecasts/`, `manifests/`, `locks/`, while a stage trains `checkpoints/`, where MLflow is installed `mlflow.db` and `mlartifacts/`, and, when no other database is configured, `trimtab.db`.
    """

    root: Path
    tables: TableStore
    artifacts: ArtifactStore
    database: Database
    clock: Clock

    def lock_path(self, name: str) -> Path:
        """The lock file that guards a name, for `trimtab.storage.locks.exclusive`."""
        return self.root / "locks" / f"{name.replace('/', '__')}.lock"


def open_lake(settings: Settings, clock: Clock | None = None) -> Lake:
    """Open the lake that the settings describe; nothing is created before it is written to."""
    root = settings.data_dir.resolve()  # the process may change its folder later
    if clock is None:
        clock = SimulatedClock(settings.now.astimezone(UTC)) if settings.now else SystemClock()
    return Lake(
        root=root,
        tables=TableStore(root),
        artifacts=ArtifactStore(root / "artifacts"),
        database=Database(settings.database_url_or_default, settings.database_timeout_seconds),
        clock=clock,
    )

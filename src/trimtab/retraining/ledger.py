"""The ledger of retraining jobs: what was requested, why, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from trimtab.clock import Clock
from trimtab.errors import ConflictError, NotFoundError
from trimtab.registry import strategies
from trimtab.registry.ledger import Change, changing
from trimtab.registry.plain import plain
from trimtab.registry.schema import retraining_jobs as table
from trimtab.retraining.jobs import FINISHED, IN_FLIGHT, RetrainingJob, Status
from trimtab.retraining.planner import RetrainRequest
from trimtab.storage.database import Database


@dataclass(frozen=True)
class RetrainingLedger:
    """Jobs in a registry database whose schema is up to date.

    Every notice may be delivered twice: the same one again changes nothing. Two jobs of one
    strategy in flight are refused by the database itself, so racing sensors cannot make them.
    """

    database: Database
    clock: Clock
    actor: str = "retraining"

    def record_requested(self, request: RetrainRequest) -> RetrainingJob:
        """Store a request before it is handed to the orchestrator.

        The same run key again returns the job as it is. A job the request `replaces` is closed
        as failed first. `ConflictError` when another retrain of the strategy is in flight.
        """
        with self._change() as change:
            known = _find(change.connection, request.run_key)
            if known:
                return known
            self._close_replaced(change, request)
            self._check_none_in_flight(change, request)
            strategies.touch(change, request.strategy)
            values = {
                "run_key": request.run_key, "strategy": request.strategy, "trigger": request.trigger,
                "cause": request.cause, "attempt": request.attempt, "snapshot_id": request.snapshot_id,
                "status": "requested", "reason": request.reason, "metrics": {},
            }  # fmt: skip
            change.connection.execute(insert(table).values(**values, requested=change.time))
            change.record("retrain_requested", **values)
            return _get(change.connection, request.run_key)

    def mark_started(self, run_key: str, run_id: str) -> RetrainingJob:
        """The orchestrator runs it; a notice that arrives after the end is ignored."""
        with self._change() as change:
            job = _get(change.connection, run_key)
            if job.status in FINISHED or job.run_id == run_id:
                return job
            started = job.started or change.time
            return _update(change, job, status="started", run_id=run_id, started=started)

    def mark_succeeded(
        self, run_key: str, metrics: Mapping[str, Any] | None = None, outcome: str | None = None
    ) -> RetrainingJob:
        """It ended well; `outcome` says in one sentence what came of it."""
        return self._finish(run_key, "succeeded", {"metrics": plain(metrics or {}), "outcome": outcome})

    def mark_failed(self, run_key: str, reason: str) -> RetrainingJob:
        """It failed; the planner tries again after a back-off."""
        return self._finish(run_key, "failed", {"reason": reason})

    def mark_skipped(self, run_key: str, reason: str) -> RetrainingJob:
        """There was nothing to do after all; the cause counts as served."""
        return self._finish(run_key, "skipped", {"reason": reason})

    def job(self, run_key: str) -> RetrainingJob:
        """One job, or `NotFoundError`."""
        with self.database.read() as connection:
            return _get(connection, run_key)

    def jobs(self, strategy: str | None = None) -> list[RetrainingJob]:
        """All jobs, oldest request first."""
        query = select(table).order_by(table.c.requested, table.c.run_key)
        return self._fetch(query if strategy is None else query.where(table.c.strategy == strategy))

    def pending(self) -> list[RetrainingJob]:
        """The jobs in flight, oldest request first."""
        return self._fetch(select(table).where(table.c.status.in_(IN_FLIGHT)).order_by(table.c.requested))

    def _finish(self, run_key: str, status: Status, values: dict[str, Any]) -> RetrainingJob:
        with self._change() as change:
            job = _get(change.connection, run_key)
            if job.status == status:
                return job
            if job.status in FINISHED:
                raise ConflictError(f"retraining job {run_key} has {job.status} already and cannot become {status}")
            return _update(change, job, status=status, finished=change.time, **values)

    def _close_replaced(self, change: Change, request: RetrainRequest) -> None:
        job = _find(change.connection, request.replaces) if request.replaces else None
        if job and job.is_in_flight:
            _update(change, job, status="failed", finished=change.time, reason="given up: it gave no sign of life")

    def _check_none_in_flight(self, change: Change, request: RetrainRequest) -> None:
        query = select(table.c.run_key).where(table.c.strategy == request.strategy, table.c.status.in_(IN_FLIGHT))
        other = change.connection.execute(query).scalar_one_or_none()
        if other:
            raise ConflictError(f"{request.run_key} cannot be requested: {other} is still in flight; plan again later")

    def _fetch(self, query: Select[Any]) -> list[RetrainingJob]:
        with self.database.read() as connection:
            return [_job(row) for row in connection.execute(query)]

    def _change(self) -> Any:
        return changing(self.database, self.clock, self.actor)


def _find(connection: Connection, run_key: str) -> RetrainingJob | None:
    row = connection.execute(select(table).where(table.c.run_key == run_key)).first()
    return _job(row) if row else None


def _get(connection: Connection, run_key: str) -> RetrainingJob:
    job = _find(connection, run_key)
    if job is None:
        raise NotFoundError(f"there is no retraining job '{run_key}'; it must be requested first")
    return job


def _update(change: Change, job: RetrainingJob, **values: Any) -> RetrainingJob:
    change.connection.execute(update(table).where(table.c.run_key == job.run_key).values(**values))
    noted = {key: value for key, value in values.items() if not isinstance(value, datetime)}
    change.record(f"retrain_{values['status']}", run_key=job.run_key, strategy=job.strategy, **noted)
    return _get(change.connection, job.run_key)


def _job(row: Row[Any]) -> RetrainingJob:
    return RetrainingJob(**row._mapping)

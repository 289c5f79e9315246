"""Retraining jobs are recorded once, end once, and never run twice at a time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from trimtab.clock import SimulatedClock
from trimtab.errors import ConflictError, NotFoundError
from trimtab.registry.repository import Registry
from trimtab.retraining.ledger import RetrainingLedger
from trimtab.retraining.planner import RetrainRequest


@pytest.fixture
def jobs(registry: Registry) -> RetrainingLedger:
    return RetrainingLedger(registry.database, registry.clock)


def _request(
    snapshot: str = "s1", attempt: int = 1, strategy: str = "demo", replaces: str | None = None
) -> RetrainRequest:
    return RetrainRequest(strategy, "drift", f"drift:{snapshot}", attempt, snapshot, "half drifted", replaces)


def test_a_job_goes_from_request_to_outcome(jobs: RetrainingLedger, clock: SimulatedClock) -> None:
    requested = jobs.record_requested(_request())
    assert (requested.run_key, requested.status, requested.requested) == ("demo:drift:s1:1", "requested", clock.now())
    start = clock.advance(timedelta(minutes=1))
    assert jobs.mark_started(requested.run_key, "run-1").started == start
    end = clock.advance(timedelta(minutes=5))
    done = jobs.mark_succeeded(requested.run_key, {"accuracy": 0.7}, "challenger 1.0.1 waits for approval")
    assert (done.status, done.run_id, done.finished) == ("succeeded", "run-1", end)
    assert (done.metrics, done.outcome) == ({"accuracy": 0.7}, "challenger 1.0.1 waits for approval")
    assert jobs.pending() == []
    assert jobs.jobs("demo") == [done]
    assert jobs.jobs("other") == []


def test_notices_that_come_twice_or_late_change_nothing(jobs: RetrainingLedger, registry: Registry) -> None:
    request = _request()
    job = jobs.record_requested(request)
    assert jobs.record_requested(request) == job
    started = jobs.mark_started(job.run_key, "run-1")
    assert jobs.mark_started(job.run_key, "run-1") == started
    failed = jobs.mark_failed(job.run_key, "out of memory")
    before = registry.audit_head()
    assert jobs.mark_failed(job.run_key, "told again") == failed
    assert jobs.mark_started(job.run_key, "run-1") == failed
    assert jobs.record_requested(request) == failed
    assert registry.audit_head() == before
    with pytest.raises(ConflictError, match="has failed already and cannot become succeeded"):
        jobs.mark_succeeded(job.run_key)


def test_a_second_job_in_flight_is_refused(jobs: RetrainingLedger) -> None:
    jobs.record_requested(_request("s1"))
    jobs.record_requested(_request("s1", strategy="other"))
    with pytest.raises(ConflictError, match="demo:drift:s1:1 is still in flight"):
        jobs.record_requested(_request("s2"))
    jobs.mark_skipped("demo:drift:s1:1", "no new bars")
    assert jobs.record_requested(_request("s2")).status == "requested"


def test_a_dead_job_is_closed_by_the_request_that_replaces_it(jobs: RetrainingLedger) -> None:
    dead = jobs.record_requested(_request("s1"))
    jobs.mark_started(dead.run_key, "run-1")
    jobs.record_requested(_request("s1", attempt=2, replaces=dead.run_key))
    assert jobs.job(dead.run_key).status == "failed"
    assert "no sign of life" in jobs.job(dead.run_key).reason
    assert [job.run_key for job in jobs.pending()] == ["demo:drift:s1:2"]


def test_a_job_nobody_requested_is_not_found(jobs: RetrainingLedger) -> None:
    with pytest.raises(NotFoundError, match="no retraining job 'x'"):
        jobs.mark_started("x", "run-1")


def test_jobs_are_in_the_audit_ledger(jobs: RetrainingLedger, registry: Registry) -> None:
    jobs.record_requested(_request())
    jobs.mark_started("demo:drift:s1:1", "run-1")
    jobs.mark_succeeded("demo:drift:s1:1")
    events = [entry.event for entry in registry.audit_entries()]
    assert events == ["retrain_requested", "retrain_started", "retrain_succeeded"]
    assert registry.verify_audit() is None

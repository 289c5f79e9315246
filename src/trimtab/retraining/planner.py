"""What to retrain now: a pure function of what was observed and done so far.

Nothing is queued: whatever is put off is found again at the next tick from the latest snapshot,
so no reason is lost and none grows stale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from trimtab.config.strategy import Strategy
from trimtab.registry.drift import DriftRecord
from trimtab.registry.performance import Performance
from trimtab.retraining.jobs import RetrainingJob
from trimtab.retraining.learnt_data import LearntData
from trimtab.retraining.triggers import Cause, Observed, RetrainTrigger, triggers_of

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class RetrainPolicy:
    """When a strategy's model is renewed.

    Attributes
    ----------
    triggers: the reasons that count, most important first.
    cooldown: quiet time after a retrain that succeeded or was skipped.
    backoff: quiet time after a failure; doubles with every further failure in a row.
    max_attempts: failures after which a cause is given up (another cause starts anew).
    reissue_after: a request that has not started by then is issued again under the same run key,
        in case the orchestrator never heard of it; one that did hear ignores it.
    abandon_after: a job without an end by then is taken for dead: it counts as failed, and the next
        request of the strategy closes it.
    """

    triggers: tuple[RetrainTrigger, ...]
    cooldown: timedelta = timedelta(days=3)
    backoff: timedelta = timedelta(minutes=15)
    max_attempts: int = 3
    reissue_after: timedelta = timedelta(minutes=10)
    abandon_after: timedelta = timedelta(hours=24)


@dataclass(frozen=True)
class RetrainRequest:
    """One retrain to start now.

    Attributes
    ----------
    strategy, trigger, cause, attempt, snapshot_id, reason: as in `RetrainingJob`.
    run_key: `strategy:cause:attempt`.
    replaces: run key of a job that is taken for dead and to be closed as failed, or None.
    """

    strategy: str
    trigger: str
    cause: str
    attempt: int
    snapshot_id: str | None
    reason: str
    replaces: str | None = None

    @property
    def run_key(self) -> str:
        """What a scheduler recognises this attempt by."""
        return f"{self.strategy}:{self.cause}:{self.attempt}"


@dataclass(frozen=True)
class Skipped:
    """A strategy that is not retrained now although there is a reason, and why not."""

    strategy: str
    cause: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """What to start now, and what to leave and why."""

    requests: tuple[RetrainRequest, ...]
    skipped: tuple[Skipped, ...]


def policy_of(strategy: Strategy, *, with_schedule: bool = False) -> RetrainPolicy:
    """The policy a strategy file describes."""
    return RetrainPolicy(triggers_of(strategy, with_schedule=with_schedule), cooldown=strategy.retraining.cooldown)


def plan_retrains(
    snapshots: Sequence[DriftRecord],
    jobs: Sequence[RetrainingJob],
    policies: Mapping[str, RetrainPolicy],
    now: datetime,
    max_per_tick: int,
    *,
    performance: Mapping[str, Sequence[Performance]] | None = None,
    data: Mapping[str, LearntData] | None = None,
) -> Plan:
    """What to retrain at `now`; at most one request per strategy and `max_per_tick` in all.

    Parameters
    ----------
    snapshots, jobs: of any strategies, in any order; only those with a policy count.
    performance: realised windows by strategy, oldest first.
    data: what has become of the data the latest version of a strategy learnt from.

    When there are more reasons than `max_per_tick`, requests by a person come first, then the
    strategies that have waited longest since their last retrain.
    """
    requests: list[tuple[tuple[bool, datetime, str], RetrainRequest]] = []
    skipped: list[Skipped] = []
    for name in sorted(policies):
        observed = _observed(name, snapshots, jobs, (performance or {}).get(name, ()), now)
        observed = replace(observed, data=(data or {}).get(name))
        answer, is_urgent = _plan_one(name, policies[name], observed)
        if isinstance(answer, Skipped):
            skipped.append(answer)
        elif answer is not None:
            requests.append(((not is_urgent, _last_end(observed.jobs), name), answer))
    ordered = [request for _, request in sorted(requests, key=lambda item: item[0])]
    late = f"put off to the next tick: at most {max_per_tick} retrains start at once"
    skipped += [Skipped(request.strategy, request.cause, late) for request in ordered[max_per_tick:]]
    return Plan(tuple(ordered[:max_per_tick]), tuple(skipped))


def _observed(
    name: str, snapshots: Sequence[DriftRecord], jobs: Sequence[RetrainingJob], windows: Sequence[Performance],
    now: datetime,
) -> Observed:  # fmt: skip
    own = [snapshot for snapshot in snapshots if snapshot.strategy == name]
    return Observed(
        now=now,
        snapshots=sorted(own, key=lambda snapshot: snapshot.as_of, reverse=True),
        performance=windows,
        jobs=sorted((job for job in jobs if job.strategy == name), key=lambda job: (job.requested, job.attempt)),
    )


def _plan_one(name: str, policy: RetrainPolicy, observed: Observed) -> tuple[RetrainRequest | Skipped | None, bool]:
    """The answer for one strategy, and whether a person asked for it."""
    running = next((job for job in observed.jobs if job.is_in_flight), None)
    replaces = None
    if running is not None:
        end = (running.started or running.requested) + policy.abandon_after
        if observed.now < end:
            return _answer_running(running, policy, observed.now), False
        replaces = running.run_key
        dead = replace(running, status="failed", finished=end)
        observed = replace(observed, jobs=[dead if job is running else job for job in observed.jobs])
    first_skipped: Skipped | None = None
    for trigger in policy.triggers:
        cause = trigger.cause(observed)
        if cause is None:
            continue
        obstacle = _obstacle(cause, policy, observed)
        if obstacle is None:
            return _request(name, cause, observed.jobs, replaces), cause.is_urgent
        first_skipped = first_skipped or Skipped(name, cause.key, obstacle)
    return first_skipped, False


def _answer_running(job: RetrainingJob, policy: RetrainPolicy, now: datetime) -> RetrainRequest | Skipped:
    if job.status == "requested" and now - job.requested >= policy.reissue_after:
        return RetrainRequest(job.strategy, job.trigger, job.cause, job.attempt, job.snapshot_id, job.reason)
    return Skipped(job.strategy, job.cause, f"{job.run_key} is still in flight ({job.status})")


def _obstacle(cause: Cause, policy: RetrainPolicy, observed: Observed) -> str | None:
    """Why a cause is not served now, or None."""
    served = [job for job in observed.jobs if job.cause == cause.key]
    if any(job.status in ("succeeded", "skipped") for job in served):
        return "this cause was served already"
    if len(served) >= policy.max_attempts:
        return f"given up after {len(served)} failed attempts; retrain by hand once the reason is gone"
    if cause.waits_for is not None:
        return cause.waits_for
    if cause.is_urgent:
        return None
    return _cooling(policy, observed) or _backing_off(policy, observed)


def _cooling(policy: RetrainPolicy, observed: Observed) -> str | None:
    ends = [job.finished or job.requested for job in observed.jobs if job.status in ("succeeded", "skipped")]
    until = max(ends) + policy.cooldown if ends else None
    return f"cooling down until {until.isoformat()}" if until and observed.now < until else None


def _backing_off(policy: RetrainPolicy, observed: Observed) -> str | None:
    failures: list[RetrainingJob] = []
    for job in reversed(observed.jobs):  # failures in a row, whatever their cause: a new snapshot is no way round
        if job.status != "failed":
            break
        failures.append(job)
    if not failures:
        return None
    wait = policy.backoff * 2 ** min(len(failures) - 1, 10)
    until = max(job.finished or job.requested for job in failures) + wait
    if observed.now >= until:
        return None
    return f"backing off until {until.isoformat()} after {len(failures)} failures in a row"


def _request(name: str, cause: Cause, jobs: Sequence[RetrainingJob], replaces: str | None) -> RetrainRequest:
    attempt = 1 + max((job.attempt for job in jobs if job.cause == cause.key), default=0)
    snapshot_id = cause.subject if cause.trigger == "drift" else None
    return RetrainRequest(name, cause.trigger, cause.key, attempt, snapshot_id, cause.reason, replaces)


def _last_end(jobs: Sequence[RetrainingJob]) -> datetime:
    return max((job.finished or job.requested for job in jobs), default=_LONG_AGO)

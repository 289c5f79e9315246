"""Whatever happens, in whatever order: the planner's promises hold over whole histories."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.registry.drift import DriftRecord
from trimtab.retraining.jobs import RetrainingJob, Status
from trimtab.retraining.planner import RetrainPolicy, plan_retrains
from trimtab.retraining.triggers import OnDrift

START = datetime(2024, 1, 1, tzinfo=UTC)
NAMES = ("a", "b", "c")
COOLDOWN = timedelta(days=3)
POLICY = RetrainPolicy((OnDrift(rearm_after=timedelta(days=5)),), cooldown=COOLDOWN)

# One tick: hours that pass, the share each strategy shows (None: no new snapshot), how running jobs end.
ticks = st.lists(
    st.tuples(
        st.integers(0, 60),
        st.tuples(*(st.one_of(st.none(), st.sampled_from([0.0, 0.1, 0.4, 0.9])) for _ in NAMES)),
        st.lists(st.sampled_from(["started", "succeeded", "failed", "skipped", "silence"]), min_size=3, max_size=3),
        st.integers(1, 3),
    ),
    min_size=1,
    max_size=25,
)


class World:
    """A market of three strategies, an orchestrator, and everything that ever ran."""

    def __init__(self) -> None:
        self.now = START
        self.snapshots: list[DriftRecord] = []
        self.jobs: dict[str, RetrainingJob] = {}

    def observe(self, shares: tuple[float | None, ...]) -> None:
        for name, share in zip(NAMES, shares, strict=True):
            if share is not None:
                status = "drifted" if share >= 0.3 else "stable"
                key = f"{name}{len(self.snapshots)}"
                self.snapshots.append(DriftRecord(key, name, 1, status, share, share, 1.0, self.now))

    def progress(self, ends: list[str]) -> None:
        for name, end in zip(NAMES, ends, strict=True):
            for key, job in self.jobs.items():
                if job.strategy == name and job.is_in_flight and end != "silence":
                    self.jobs[key] = self._ended(job, end)  # type: ignore[arg-type]  # one of the statuses

    def tick(self, at_most: int) -> None:
        plan = plan_retrains(self.snapshots, list(self.jobs.values()), dict.fromkeys(NAMES, POLICY), self.now, at_most)
        assert len(plan.requests) <= at_most
        assert len({request.strategy for request in plan.requests}) == len(plan.requests)
        for request in plan.requests:
            if request.run_key in self.jobs:  # issued again, which an orchestrator that heard it ignores
                assert self.jobs[request.run_key].status == "requested"
                continue
            if request.replaces:
                self.jobs[request.replaces] = self._ended(self.jobs[request.replaces], "failed")
            fields = (request.run_key, request.strategy, request.trigger, request.cause, request.attempt)
            self._start(RetrainingJob(*fields, "requested", "", self.now, request.snapshot_id))

    def _start(self, job: RetrainingJob) -> None:
        own = [other for other in self.jobs.values() if other.strategy == job.strategy]
        assert not any(other.is_in_flight for other in own), "two in flight"
        served = [other for other in own if other.status in ("succeeded", "skipped")]
        assert all(other.cause != job.cause for other in served), "two for one cause"
        assert all(self.now - (other.finished or self.now) >= COOLDOWN for other in served), "cool-down"
        attempts = [other.attempt for other in own if other.cause == job.cause]
        assert job.attempt == len(attempts) + 1 <= POLICY.max_attempts
        self.jobs[job.run_key] = job

    def _ended(self, job: RetrainingJob, status: Status) -> RetrainingJob:
        if status == "started":
            return replace(job, status=status, started=job.started or self.now)
        return replace(job, status=status, finished=self.now)


@settings(max_examples=200, deadline=None)
@given(ticks)
def test_never_two_in_flight_never_two_for_one_cause_and_the_cool_down_is_kept(
    story: list[tuple[int, tuple[float | None, ...], list[str], int]],
) -> None:
    world = World()
    for hours, shares, ends, at_most in story:
        world.now += timedelta(hours=hours)
        world.observe(shares)
        world.progress(ends)
        world.tick(at_most)


@settings(max_examples=50, deadline=None)
@given(ticks)
def test_planning_is_a_pure_function_of_its_inputs_in_any_order(
    story: list[tuple[int, tuple[float | None, ...], list[str], int]],
) -> None:
    world = World()
    for hours, shares, ends, at_most in story:
        world.now += timedelta(hours=hours or 1)
        world.observe(shares)
        world.progress(ends)
        world.tick(at_most)
    jobs, policies = list(world.jobs.values()), dict.fromkeys(NAMES, POLICY)
    forwards = plan_retrains(world.snapshots, jobs, policies, world.now, 2)
    backwards = plan_retrains(world.snapshots[::-1], jobs[::-1], policies, world.now, 2)
    assert forwards == backwards


@given(ticks)
@settings(max_examples=100, deadline=None)
def test_a_drift_that_stays_is_served_in_the_end(
    story: list[tuple[int, tuple[float | None, ...], list[str], int]],
) -> None:
    """Whatever happened before: with a working orchestrator, every strategy is renewed again."""
    world = World()
    for hours, shares, ends, at_most in story:
        world.now += timedelta(hours=hours)
        world.observe(shares)
        world.progress(ends)
        world.tick(at_most)
    before = {key for key, job in world.jobs.items() if job.status == "succeeded"}
    for _ in range(40):
        world.now += timedelta(days=1)
        world.observe((0.9, 0.9, 0.9))
        world.tick(1)
        world.progress(["succeeded"] * 3)
    renewed = {job.strategy for key, job in world.jobs.items() if job.status == "succeeded" and key not in before}
    assert renewed == set(NAMES)

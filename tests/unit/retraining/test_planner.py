"""The planner answers every situation of one strategy, and shares the ticks among many."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from trimtab.config.strategy import Strategy
from trimtab.registry.drift import DriftRecord
from trimtab.registry.performance import Performance
from trimtab.retraining.jobs import RetrainingJob
from trimtab.retraining.learnt_data import LearntData
from trimtab.retraining.planner import Plan, RetrainPolicy, plan_retrains, policy_of
from trimtab.retraining.triggers import Manual, OnDegradation, OnDrift, OnRestatedData

NOW = datetime(2024, 3, 4, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# Hysteresis has its own tests; here every drifted snapshot is a fresh reason.
POLICY = RetrainPolicy((OnDrift(rearm_after=timedelta(0)),), cooldown=3 * DAY, backoff=15 * MINUTE)


def _snapshot(name: str = "s1", strategy: str = "demo", **overrides: Any) -> DriftRecord:
    return replace(DriftRecord(name, strategy, 1, "drifted", 0.5, 0.5, 0.9, NOW), **overrides)


def _job(
    status: str, ago: timedelta, *, snapshot: str = "s1", attempt: int = 1, strategy: str = "demo"
) -> RetrainingJob:
    when = NOW - ago
    return RetrainingJob(
        f"{strategy}:drift:{snapshot}:{attempt}", strategy, "drift", f"drift:{snapshot}", attempt,
        status, "", when, snapshot_id=snapshot,  # type: ignore[arg-type]  # one of the statuses
        started=when if status != "requested" else None,
        finished=when if status in ("succeeded", "failed", "skipped") else None,
    )  # fmt: skip


def _plan(*jobs: RetrainingJob, policy: RetrainPolicy = POLICY, snapshot: DriftRecord | None = None) -> Plan:
    return plan_retrains([snapshot or _snapshot()], jobs, {"demo": policy}, NOW, 5)


def _keys(plan: Plan) -> list[str]:
    return [request.run_key for request in plan.requests]


def test_a_drifted_snapshot_is_one_request() -> None:
    plan = _plan()
    (request,) = plan.requests
    assert request.run_key == "demo:drift:s1:1"
    assert (request.snapshot_id, request.trigger, request.attempt, request.replaces) == ("s1", "drift", 1, None)
    assert "50% of the features drifted" in request.reason
    assert plan.skipped == ()


@pytest.mark.parametrize("status", ["requested", "started"])
def test_a_job_in_flight_is_never_doubled_even_for_another_cause(status: str) -> None:
    plan = _plan(_job(status, MINUTE, snapshot="s0"))
    assert plan.requests == ()
    assert "still in flight" in plan.skipped[0].reason


@pytest.mark.parametrize("status", ["succeeded", "skipped"])
def test_a_cause_is_served_once(status: str) -> None:
    plan = _plan(_job(status, 90 * DAY))
    assert plan.requests == ()
    assert plan.skipped[0].reason == "this cause was served already"


def test_the_cool_down_ends_exactly_on_time() -> None:
    early = _plan(_job("succeeded", 3 * DAY - MINUTE, snapshot="s0"))
    assert early.requests == ()
    assert early.skipped[0].reason == "cooling down until 2024-03-04T12:01:00+00:00"
    assert _keys(_plan(_job("succeeded", 3 * DAY, snapshot="s0"))) == ["demo:drift:s1:1"]


def test_a_failure_is_tried_again_after_a_back_off_that_doubles() -> None:
    assert _plan(_job("failed", 14 * MINUTE)).skipped[0].reason.startswith("backing off until 2024-03-04T12:01")
    assert _keys(_plan(_job("failed", 15 * MINUTE))) == ["demo:drift:s1:2"]
    two = (_job("failed", 60 * MINUTE), _job("failed", 29 * MINUTE, attempt=2))
    assert "after 2 failures in a row" in _plan(*two).skipped[0].reason
    two = (_job("failed", 60 * MINUTE), _job("failed", 30 * MINUTE, attempt=2))
    assert _keys(_plan(*two)) == ["demo:drift:s1:3"]


def test_a_new_snapshot_is_no_way_round_the_back_off() -> None:
    assert _plan(_job("failed", 5 * MINUTE, snapshot="s0")).requests == ()


def test_a_cause_is_given_up_after_the_last_attempt_and_another_starts_anew() -> None:
    failures = [_job("failed", (9 - attempt) * HOUR, attempt=attempt) for attempt in (1, 2, 3)]
    assert "given up after 3 failed attempts" in _plan(*failures).skipped[0].reason
    assert _keys(_plan(*failures, snapshot=_snapshot("s2"))) == ["demo:drift:s2:1"]


def test_a_request_nobody_started_is_issued_again_under_the_same_key() -> None:
    assert _plan(_job("requested", 9 * MINUTE)).requests == ()
    assert _keys(_plan(_job("requested", 10 * MINUTE))) == ["demo:drift:s1:1"]


@pytest.mark.parametrize("status", ["requested", "started"])
def test_a_job_without_a_sign_of_life_is_replaced(status: str) -> None:
    (request,) = _plan(_job(status, 25 * HOUR)).requests
    assert (request.run_key, request.replaces) == ("demo:drift:s1:2", "demo:drift:s1:1")


def test_a_dead_last_attempt_does_not_block_the_next_cause() -> None:
    dead = _job("started", 25 * HOUR, attempt=3)
    assert (
        "given up"
        in _plan(*(_job("failed", 90 * HOUR, attempt=1),), dead, policy=replace(POLICY, max_attempts=2))
        .skipped[0]
        .reason
    )
    (request,) = _plan(dead, snapshot=_snapshot("s2")).requests
    assert (request.run_key, request.replaces) == ("demo:drift:s2:1", dead.run_key)


def test_a_person_waits_for_nothing_but_a_job_in_flight() -> None:
    asked = replace(POLICY, triggers=(*POLICY.triggers, Manual("r-1", "ada", "restated data")))
    assert _keys(_plan(_job("succeeded", HOUR, snapshot="s0"), policy=asked)) == ["demo:manual:r-1:1"]
    assert _plan(_job("started", HOUR, snapshot="s0"), policy=asked).requests == ()


def test_degradation_is_planned_from_realised_windows() -> None:
    window = Performance(1, "accuracy", 0.5, 0.7, 200, NOW - 7 * DAY, NOW)
    policy = RetrainPolicy((OnDegradation(),))
    plan = plan_retrains([], [], {"demo": policy}, NOW, 5, performance={"demo": [window]})
    assert _keys(plan) == ["demo:degradation:accuracy-1-20240304T120000:1"]
    assert plan.requests[0].snapshot_id is None


def test_a_restatement_is_planned_once_and_the_next_one_waits_for_the_cool_down() -> None:
    data = LearntData(1, "1.0.0", 900, restated_share=0.2, restated=NOW - HOUR)
    policy = replace(POLICY, triggers=(OnRestatedData(), OnDrift()))

    def plan(learnt: LearntData, *jobs: RetrainingJob) -> Plan:
        policies = {"demo": policy, "quiet": policy}
        return plan_retrains([], jobs, policies, NOW, 5, data={"demo": learnt, "unheard": learnt})

    (request,) = plan(data).requests
    assert (request.run_key, request.snapshot_id) == ("demo:restated:1-20240304T110000.000000Z:1", None)
    served = replace(_job("succeeded", MINUTE), trigger="restated", cause=request.cause)
    assert plan(data, served).skipped[0].reason == "this cause was served already"
    further = replace(data, restated=NOW)
    assert plan(further, served).skipped[0].reason.startswith("cooling down")
    (later,) = plan(further, replace(served, finished=NOW - 3 * DAY)).requests
    assert later.cause != request.cause


def test_what_must_be_done_first_puts_a_retrain_off_without_using_up_an_attempt() -> None:
    data = LearntData(1, "1.0.0", 900, restated_share=0.2, restated=NOW, waits_for="features are older than bars")
    policy = replace(POLICY, triggers=(OnRestatedData(),))
    plan = plan_retrains([], [], {"demo": policy}, NOW, 5, data={"demo": data})
    assert (plan.requests, plan.skipped[0].reason) == ((), "features are older than bars")


def test_at_most_so_many_start_at_once_and_the_rest_come_next() -> None:
    names = ["a", "b", "c"]
    snapshots = [_snapshot(f"s-{name}", name) for name in names]
    jobs = [
        _job("succeeded", 9 * DAY, snapshot="old", strategy="a"),
        _job("succeeded", 5 * DAY, snapshot="old", strategy="b"),
    ]
    policies = dict.fromkeys(names, POLICY)
    plan = plan_retrains(snapshots, jobs, policies, NOW, 2)
    assert [request.strategy for request in plan.requests] == ["c", "a"]  # who waited longest comes first
    assert [(s.strategy, s.reason) for s in plan.skipped] == [
        ("b", "put off to the next tick: at most 2 retrains start at once")
    ]
    done = [*jobs, *(_job("started", MINUTE, snapshot=f"s-{name}", strategy=name) for name in ("a", "c"))]
    assert [r.strategy for r in plan_retrains(snapshots, done, policies, NOW, 2).requests] == ["b"]


def test_a_strategy_without_a_policy_is_left_alone() -> None:
    assert plan_retrains([_snapshot()], [], {}, NOW, 5) == Plan((), ())


def test_the_policy_of_a_strategy_file_takes_its_cool_down() -> None:
    strategy = Strategy(
        name="demo",
        universe={"instruments": ("A",)},
        label={"kind": "direction"},
        retraining={"cooldown": "12h"},  # type: ignore[arg-type]  # as TOML gives it
    )
    assert policy_of(strategy).cooldown == 12 * HOUR

"""Each reason to retrain speaks up exactly when it should."""

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
from trimtab.retraining.triggers import (
    Cause,
    Manual,
    NeverRetrain,
    Observed,
    OnDegradation,
    OnDrift,
    OnNewData,
    OnRestatedData,
    Scheduled,
    triggers_of,
)

NOW = datetime(2024, 3, 4, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def _snapshot(name: str = "s1", share: float = 0.4, age: int = 0, **overrides: Any) -> DriftRecord:
    record = DriftRecord(name, "demo", 1, "drifted", share, share, 0.8, NOW - age * DAY)
    return replace(record, **overrides)


def _served(snapshot_id: str, age: int) -> RetrainingJob:
    when = NOW - age * DAY
    return RetrainingJob(
        f"demo:drift:{snapshot_id}:1", "demo", "drift", f"drift:{snapshot_id}", 1, "succeeded", "", when,
        snapshot_id=snapshot_id, finished=when,
    )  # fmt: skip


def _observed(*snapshots: DriftRecord, jobs: tuple[RetrainingJob, ...] = ()) -> Observed:
    return Observed(NOW, snapshots=snapshots, jobs=jobs)


@pytest.mark.parametrize(
    ("snapshot", "fires"),
    [
        (_snapshot(share=0.30), True),
        (_snapshot(share=0.29), False),
        (_snapshot(status="insufficient_evidence"), False),
        (_snapshot(status="stable"), False),
        (_snapshot(unseen_share=0.50), True),
        (_snapshot(unseen_share=0.49), False),
        (_snapshot(unseen_share=None), True),
        (_snapshot(drifted_share=None), False),
    ],
)
def test_drift_asks_only_when_enough_features_drifted_on_enough_new_rows(snapshot: DriftRecord, fires: bool) -> None:
    cause = OnDrift(0.30, 0.50).cause(_observed(snapshot))
    assert (cause is not None) == fires
    if cause:
        assert (cause.key, cause.is_urgent) == ("drift:s1", False)


def test_only_the_latest_snapshot_counts() -> None:
    assert OnDrift().cause(_observed(_snapshot("new", 0.1), _snapshot("old", 0.9, age=1))) is None
    assert OnDrift().cause(_observed()) is None


def test_a_drift_that_was_answered_does_not_ask_again_until_it_has_cleared() -> None:
    answered, still, clear, back = (
        _snapshot("s1", 0.5, age=5), _snapshot("s2", 0.45, age=3), _snapshot("s3", 0.15, age=2), _snapshot("s4", 0.4),
    )  # fmt: skip
    jobs = (_served("s1", age=4),)
    trigger = OnDrift(clear_share=0.15)
    assert trigger.cause(_observed(still, answered, jobs=jobs)) is None
    again = trigger.cause(_observed(back, clear, still, answered, jobs=jobs))
    assert again is not None
    assert again.subject == "s4"
    half_clear = replace(clear, drifted_share=0.16)
    assert trigger.cause(_observed(back, half_clear, still, answered, jobs=jobs)) is None


def test_a_new_reference_version_or_a_long_time_rearm_drift() -> None:
    answered, still = _snapshot("s1", 0.5, age=40), _snapshot("s2", 0.5)
    recent, old = (_served("s1", age=29),), (_served("s1", age=30),)
    assert OnDrift().cause(_observed(still, answered, jobs=recent)) is None
    assert OnDrift().cause(_observed(replace(still, model_id=2), answered, jobs=recent)) is not None
    assert OnDrift().cause(_observed(still, answered, jobs=old)) is not None


@pytest.mark.parametrize(
    ("every", "subject"), [("daily", "daily-2024-03-04"), ("weekly", "weekly-2024-W10"), ("monthly", "monthly-2024-03")]
)
def test_a_schedule_names_its_period(every: Any, subject: str) -> None:
    cause = Scheduled(every).cause(Observed(NOW))
    assert cause is not None
    assert cause.subject == subject


def test_a_week_belongs_to_its_iso_year() -> None:
    cause = Scheduled("weekly").cause(Observed(datetime(2024, 12, 30, tzinfo=UTC)))
    assert cause is not None
    assert cause.subject == "weekly-2025-W01"


@pytest.mark.parametrize(
    ("value", "n", "fires"), [(0.649, 100, True), (0.65, 100, False), (0.5, 99, False), (None, 500, False)]
)
def test_degradation_asks_when_a_full_window_fell_too_far(value: float | None, n: int, fires: bool) -> None:
    window = Performance(1, "accuracy", value, 0.70, n, NOW - 7 * DAY, NOW)
    cause = OnDegradation("accuracy", 0.05, 100).cause(Observed(NOW, performance=[window]))
    assert (cause is not None) == fires


def test_a_person_is_urgent_and_never_is_never() -> None:
    cause = Manual("r-1", "ada", "restated data").cause(Observed(NOW))
    assert cause is not None
    assert (cause.key, cause.is_urgent, cause.reason) == ("manual:r-1", True, "ada asked: restated data")
    assert NeverRetrain().cause(_observed(_snapshot(share=1.0))) is None


def test_a_strategy_file_says_which_triggers_count() -> None:
    def strategy(**retraining: Any) -> Strategy:
        return Strategy(
            name="demo", universe={"instruments": ("A",)}, label={"kind": "direction"}, retraining=retraining
        )  # type: ignore[arg-type]  # as TOML gives it

    usual = (OnDegradation(), OnRestatedData(0.01), OnDrift(0.30, 0.50, clear_share=0.15))
    assert triggers_of(strategy()) == usual
    assert triggers_of(strategy(), with_schedule=True)[0] == Scheduled("weekly")
    data = strategy(on_new_bars=20, min_restated_share=0.2, on_drift=False, on_degradation=False)
    assert triggers_of(data) == (OnRestatedData(0.2), OnNewData(20))
    quiet = strategy(on_drift=False, on_degradation=False, on_restated_data=False, schedule="none")
    assert triggers_of(quiet, with_schedule=True) == (NeverRetrain(),)


LEARNT = LearntData(7, "1.2.0", 2000, restated_share=0.0105, restated=NOW, n_new_bars=9)


def _learnt(**overrides: Any) -> Observed:
    return Observed(NOW, data=replace(LEARNT, **overrides))


@pytest.mark.parametrize(
    ("learnt", "fires"),
    [
        ({}, True),
        ({"restated_share": 0.0099}, False),
        ({"restated_share": 0.01}, True),
        ({"restated": None}, False),
    ],
)
def test_restated_bars_ask_when_enough_samples_read_them(learnt: dict[str, Any], fires: bool) -> None:
    assert (OnRestatedData(0.01).cause(_learnt(**learnt)) is not None) == fires
    assert OnRestatedData(0.01).cause(Observed(NOW)) is None


def test_a_restatement_is_one_cause_and_a_further_one_or_another_version_is_another() -> None:
    def cause(**learnt: Any) -> Cause:
        found = OnRestatedData().cause(_learnt(**learnt))
        assert found is not None
        return found

    first = cause()
    assert first.key == "restated:7-20240304T120000.000000Z"
    assert first.reason == (
        "1.1% of the 2000 samples of version 1.2.0 read bars that were restated since, last on 2024-03-04 12:00:00 UTC"
    )
    assert cause(restated_share=0.5).key == first.key
    assert cause(restated=NOW + timedelta(microseconds=1)).key != first.key
    assert cause(model_id=8).key != first.key
    assert cause(waits_for="features").waits_for == "features"


@pytest.mark.parametrize(("n_new", "subject"), [(9, None), (10, "7-1"), (19, "7-1"), (20, "7-2")])
def test_new_bars_ask_by_the_multiple_of_what_is_wanted(n_new: int, subject: str | None) -> None:
    cause = OnNewData(10).cause(_learnt(n_new_bars=n_new))
    assert (cause.subject if cause else None) == subject
    assert OnNewData(10).cause(Observed(NOW)) is None

"""Who requests which run, and what the ledger of retraining jobs then says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from fakes.stages import FakeStages

from dagster_project.definitions import Overrides, build_definitions
from dagster_project.schedules import schedule_name
from dagster_project.stage_asset import Running
from trimtab.clock import SimulatedClock
from trimtab.config import Settings
from trimtab.errors import ConfigurationError
from trimtab.pipeline.workspace import Workspace
from trimtab.registry.drift import DriftRecord
from trimtab.registry.models import Candidate

STRATEGY = "equity-volatility-regime"
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@pytest.fixture
def workspace(settings: Settings, clock: SimulatedClock) -> Workspace:
    return Workspace.open(settings, clock)


def sensing(settings: Settings, clock: SimulatedClock, fake: FakeStages | None = None) -> dg.RepositoryDefinition:
    running = Running((fake or FakeStages()).stages())
    return build_definitions(
        Overrides(settings, clock, sensor_interval_seconds=1, running=running)
    ).get_repository_def()


def drifted(snapshot_id: str, clock: SimulatedClock, share: float = 0.6) -> DriftRecord:
    status = "drifted" if share > 0.3 else "stable"
    return DriftRecord(snapshot_id, STRATEGY, None, status, 0.5, share, 1.0, clock.now())


def tick(
    settings: Settings, clock: SimulatedClock, instance: dg.DagsterInstance, cursor: str | None = None
) -> dg.SensorResult:
    with dg.build_sensor_context(instance=instance, cursor=cursor) as context:
        return sensing(settings, clock).get_sensor_def("drift_retrain")(context)


def finish(
    sensor: str, instance: dg.DagsterInstance, repository: dg.RepositoryDefinition, run_key: str | None
) -> dg.SkipReason | None:
    """Run `retrain_job` under a run key, then the ledger's sensor over it."""
    tags = {"dagster/run_key": run_key} if run_key else {}
    job = repository.get_job("retrain_job")
    result = job.execute_in_process(QUIET, instance, partition_key=STRATEGY, tags=tags, raise_on_error=False)
    return repository.get_sensor_def(sensor)(status_context(sensor, result, instance))


def status_context(
    sensor: str, result: dg.ExecuteInProcessResult, instance: dg.DagsterInstance
) -> dg.RunStatusSensorContext:
    return dg.build_run_status_sensor_context(sensor, result.all_events[-1], instance, result.dagster_run)


def test_a_drifted_snapshot_leads_to_exactly_one_retrain(
    settings: Settings, clock: SimulatedClock, workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    snapshot = drifted("a" * 64, clock)
    workspace.registry.record_drift_snapshot(snapshot, "test")
    instance.report_runless_asset_event(dg.AssetMaterialization("drift_snapshot", partition=STRATEGY))
    first = tick(settings, clock, instance)
    (request,) = first.run_requests
    assert request.partition_key == STRATEGY
    assert request.run_key == f"{STRATEGY}:drift:{snapshot.snapshot_id}:1"
    assert request.tags["retrain/snapshot"] == snapshot.snapshot_id
    assert int(first.cursor) > 0
    again = tick(settings, clock, instance, first.cursor)
    assert again.run_requests == []
    assert "still in flight" in again.skip_reason.skip_message
    (job,) = workspace.retraining.jobs()
    assert (job.status, job.run_key) == ("requested", request.run_key)


def test_a_stable_snapshot_moves_the_cursor_and_requests_nothing(
    settings: Settings, clock: SimulatedClock, workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    workspace.registry.record_drift_snapshot(drifted("b" * 64, clock, share=0.01), "test")
    for _ in range(3):
        instance.report_runless_asset_event(dg.AssetMaterialization("drift_snapshot", partition=STRATEGY))
    result = tick(settings, clock, instance)
    assert result.run_requests == []
    assert result.skip_reason.skip_message == "3 new drift snapshots, no retrain is due"
    later = tick(settings, clock, instance, result.cursor)
    assert later.skip_reason.skip_message == "0 new drift snapshots, no retrain is due"


def test_a_retrain_that_waited_for_its_cool_down_is_requested_without_a_new_event(
    settings: Settings, clock: SimulatedClock, workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    workspace.registry.record_drift_snapshot(drifted("a" * 64, clock), "test")
    (request,) = tick(settings, clock, instance).run_requests
    workspace.retraining.mark_succeeded(request.run_key)
    clock.advance(timedelta(hours=1))
    workspace.registry.record_drift_snapshot(drifted("c" * 64, clock, share=0.01), "test")
    clock.advance(timedelta(hours=1))
    workspace.registry.record_drift_snapshot(drifted("d" * 64, clock), "test")
    waiting = tick(settings, clock, instance)
    assert waiting.run_requests == []
    assert "cooling down" in waiting.skip_reason.skip_message
    clock.advance(timedelta(days=3))
    (later,) = tick(settings, clock, instance).run_requests
    assert later.run_key.endswith("d:1")


def test_the_ledger_follows_a_retrain_to_its_end(
    settings: Settings, clock: SimulatedClock, workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    workspace.registry.record_drift_snapshot(drifted("a" * 64, clock), "test")
    (request,) = tick(settings, clock, instance).run_requests
    finish("retrain_started", instance, sensing(settings, clock), request.run_key)
    assert workspace.retraining.job(request.run_key).status == "started"
    finish("retrain_succeeded", instance, sensing(settings, clock), request.run_key)
    assert workspace.retraining.job(request.run_key).status == "succeeded"


def test_a_failed_retrain_is_recorded_with_its_reason_and_asked_for_again_under_another_key(
    settings: Settings, clock: SimulatedClock, workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    workspace.registry.record_drift_snapshot(drifted("a" * 64, clock), "test")
    (request,) = tick(settings, clock, instance).run_requests
    failing = FakeStages(raising={("training_dataset", STRATEGY)})
    finish("retrain_failed", instance, sensing(settings, clock, failing), request.run_key)
    job = workspace.retraining.job(request.run_key)
    assert job.status == "failed"
    assert job.reason == f"training_dataset: the source has no bars for {STRATEGY}"
    clock.advance(timedelta(days=1))
    (second,) = tick(settings, clock, instance).run_requests
    assert second.run_key == f"{STRATEGY}:drift:{'a' * 64}:2"


def test_a_run_a_person_started_is_no_business_of_the_ledger(
    settings: Settings, clock: SimulatedClock, instance: dg.DagsterInstance
) -> None:
    skipped = finish("retrain_succeeded", instance, sensing(settings, clock), None)
    assert "a person started this run" in skipped.skip_message


def test_a_notice_about_an_unknown_retrain_is_skipped_with_the_reason(
    settings: Settings, clock: SimulatedClock, instance: dg.DagsterInstance
) -> None:
    skipped = finish("retrain_succeeded", instance, sensing(settings, clock), "nobody:asked:1")
    assert "there is no retraining job 'nobody:asked:1'" in skipped.skip_message


def test_after_a_refresh_only_strategies_with_a_model_are_watched(
    settings: Settings, clock: SimulatedClock, workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    repository = sensing(settings, clock)
    sensor = repository.get_sensor_def("drift_after_refresh")
    result = repository.get_job("refresh_job").execute_in_process(QUIET, instance, partition_key="AAPL__1d")
    context = status_context("drift_after_refresh", result, instance)
    assert "no strategy has a model yet" in sensor(context).skip_message
    workspace.registry.register_model(Candidate(STRATEGY, "linear", {}, {}, "f" * 64, "e" * 64, 10, "1"), "test")
    (request,) = sensor(context)
    assert request.tags["dagster/asset_partition_range_start"] == STRATEGY
    assert request.tags["dagster/asset_partition_range_end"] == STRATEGY


def test_the_schedule_of_a_strategy_file_requests_one_retrain_per_period(
    settings: Settings, clock: SimulatedClock, workspace: Workspace
) -> None:
    repository = sensing(settings, clock)
    schedule = repository.get_schedule_def(schedule_name(STRATEGY))
    at = datetime(2024, 1, 2, 7, tzinfo=UTC)
    context = dg.build_schedule_context(scheduled_execution_time=at, repository_def=repository)
    (request,) = schedule.evaluate_tick(context).run_requests
    assert request.run_key == f"{STRATEGY}:scheduled:weekly-2024-W01:1"
    (again,) = schedule.evaluate_tick(context).run_requests
    assert again.run_key == request.run_key  # which Dagster knows already
    assert [job.run_key for job in workspace.retraining.jobs()] == [request.run_key]


def test_a_schedule_waits_while_another_retrain_is_in_flight(
    settings: Settings, clock: SimulatedClock, workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    workspace.registry.record_drift_snapshot(drifted("a" * 64, clock), "test")
    tick(settings, clock, instance)
    schedule = sensing(settings, clock).get_schedule_def(schedule_name(STRATEGY))
    evaluated = schedule.evaluate_tick(dg.build_schedule_context(scheduled_execution_time=clock.now()))
    assert evaluated.run_requests == []
    assert "still in flight" in (evaluated.skip_message or "")


def test_the_daily_refresh_takes_every_series_in_one_run(settings: Settings, clock: SimulatedClock) -> None:
    repository = sensing(settings, clock)
    schedule = repository.get_schedule_def("daily_refresh")
    context = dg.build_schedule_context(scheduled_execution_time=clock.now(), repository_def=repository)
    (request,) = schedule.evaluate_tick(context).run_requests
    assert request.tags["dagster/asset_partition_range_start"] == "AAPL__1d"
    assert request.tags["dagster/asset_partition_range_end"] == "SPX__1d"


def test_a_wrong_sensor_interval_is_refused_by_name(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_SENSOR_INTERVAL_SECONDS", "often")
    with pytest.raises(ConfigurationError, match="TRIMTAB_SENSOR_INTERVAL_SECONDS is 'often'"):
        build_definitions(Overrides(settings=settings))

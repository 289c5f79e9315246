"""Sensors: what follows from what, without anybody asking.

| sensor | looks at | does |
|---|---|---|
| `drift_after_refresh` | finished runs of `refresh_job` | one run of drift snapshots for all strategies |
| `drift_retrain` | new drift snapshots and the retraining plan | one `retrain_job` per cause |
| `retrain_started`, `_succeeded`, `_failed`, `_canceled` | runs of `retrain_job` | the ledger of retraining jobs |

Those of the inbox are in `dagster_project.inbox`.

Why a plain sensor with its own cursor: `@asset_sensor` fetches the newest event only, so it drops the
others between two ticks. Whether a retrain is due is the library's to say (cool-down, back-off, in
flight, at most so many); nothing is computed in a tick, which has 60 seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg

from dagster_project.failures import sentences_of
from dagster_project.jobs import DRIFT, REFRESH, RETRAIN
from dagster_project.partitions import Partitions, keys_of, range_tags, ranges_of
from dagster_project.resources import WorkspaceResource
from trimtab.errors import ConflictError, RegistryError

if TYPE_CHECKING:
    from trimtab.pipeline.workspace import Workspace
    from trimtab.retraining.planner import RetrainRequest

    Close = Callable[[Workspace, str, dg.RunStatusSensorContext], None]

DRIFT_SNAPSHOT = dg.AssetKey("drift_snapshot")
RUN_KEY_TAG = "dagster/run_key"
SNAPSHOTS_PER_TICK = 500
RUNNING = dg.DefaultSensorStatus.RUNNING  # deliberately: trimtab renews itself unless it is told not to


@dataclass(frozen=True)
class SensorSettings:
    """What all sensors share.

    Attributes
    ----------
    workspace: opens the library.
    interval_seconds: the least time between two ticks of a sensor.
    """

    workspace: WorkspaceResource
    interval_seconds: int = 30


def build_sensors(
    jobs: Mapping[str, Any], partitions: Partitions, settings: SensorSettings
) -> list[dg.SensorDefinition]:
    """Every sensor."""
    return [
        _drift_after_refresh(jobs, partitions, settings),
        _drift_retrain(jobs, settings),
        _ledger_sensor("retrain_started", dg.DagsterRunStatus.STARTED, jobs, settings, _started),
        _ledger_sensor("retrain_succeeded", dg.DagsterRunStatus.SUCCESS, jobs, settings, _succeeded),
        _ledger_sensor("retrain_failed", dg.DagsterRunStatus.FAILURE, jobs, settings, _failed),
        _ledger_sensor("retrain_canceled", dg.DagsterRunStatus.CANCELED, jobs, settings, _canceled),
    ]


def _drift_after_refresh(
    jobs: Mapping[str, Any], partitions: Partitions, settings: SensorSettings
) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        name="drift_after_refresh",
        run_status=dg.DagsterRunStatus.SUCCESS,
        monitored_jobs=[jobs[REFRESH]],
        request_job=jobs[DRIFT],
        minimum_interval_seconds=settings.interval_seconds,
        default_status=RUNNING,
        description="After a refresh, every strategy's newest rows are compared with those its model was trained on.",
    )
    def sensor(context: dg.RunStatusSensorContext) -> list[dg.RunRequest] | dg.SkipReason:
        registry, names = settings.workspace.open().registry, keys_of(partitions.strategies)
        watched = {name for name in names if registry.latest_model(name) is not None}
        if not watched:
            return dg.SkipReason("no strategy has a model yet, so nothing can drift from it")
        refresh = context.dagster_run.run_id
        return [
            dg.RunRequest(run_key=f"{refresh}:{first}", tags=range_tags(first, last))
            for first, last in ranges_of(names, watched)
        ]

    return sensor


def _drift_retrain(jobs: Mapping[str, Any], settings: SensorSettings) -> dg.SensorDefinition:
    @dg.sensor(
        name="drift_retrain",
        job=jobs[RETRAIN],
        minimum_interval_seconds=settings.interval_seconds,
        default_status=RUNNING,
        description="Requests one retrain per cause, when the retraining plan says that one is due.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        from trimtab.pipeline import renewal

        wanted = dg.AssetRecordsFilter(DRIFT_SNAPSHOT, after_storage_id=int(context.cursor) if context.cursor else None)
        new = context.instance.fetch_materializations(wanted, limit=SNAPSHOTS_PER_TICK, ascending=True).records
        measured_by = {record.partition_key: record.run_id for record in new}
        workspace = settings.workspace.open()
        # The plan is asked for at every tick, not only after a new snapshot: a retrain that waited for
        # its cool-down is due later, without any event to say so.
        plan = renewal.plan(workspace)
        requested = [request for request in plan.requests if record(workspace, request) is None]
        put_off = "".join(f"; {skipped.strategy}: {skipped.reason}" for skipped in plan.skipped)
        return dg.SensorResult(
            run_requests=[run_request(request, measured_by.get(request.strategy)) for request in requested],
            skip_reason=None if requested else f"{len(new)} new drift snapshots, no retrain is due{put_off}",
            cursor=str(new[-1].storage_id) if new else context.cursor,
        )

    return sensor


def record(workspace: Workspace, request: RetrainRequest) -> str | None:
    """Write a request to the ledger before its run is asked for; why not, when the ledger refuses it."""
    from trimtab.pipeline import renewal

    try:
        renewal.record_requested(workspace, request)
    except ConflictError as error:  # another retrain of the strategy came first
        return str(error)
    return None


def run_request(request: RetrainRequest, measured_by: str | None = None) -> dg.RunRequest:
    """The run of a retrain.

    Its key carries cause and attempt, because Dagster never runs a key twice, even after a failure.
    """
    tags = {
        "retrain/trigger": request.trigger,
        "retrain/reason": request.reason,
        "retrain/attempt": str(request.attempt),
    }
    if request.snapshot_id:
        tags["retrain/snapshot"] = request.snapshot_id
    if measured_by:
        tags["retrain/drift_run"] = measured_by
    return dg.RunRequest(run_key=request.run_key, partition_key=request.strategy, tags=tags)


def _ledger_sensor(
    name: str, status: dg.DagsterRunStatus, jobs: Mapping[str, Any], settings: SensorSettings, close: Close
) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        name=name,
        run_status=status,
        monitored_jobs=[jobs[RETRAIN]],
        minimum_interval_seconds=settings.interval_seconds,
        default_status=RUNNING,
        description=f"Writes to the retraining ledger that a requested retrain is {status.value.lower()}.",
    )
    def sensor(context: dg.RunStatusSensorContext) -> dg.SkipReason | None:
        run_key = context.dagster_run.tags.get(RUN_KEY_TAG)
        if run_key is None:
            return dg.SkipReason("a person started this run; the ledger holds what was requested")
        try:
            close(settings.workspace.open(), run_key, context)
        except RegistryError as error:  # such as a job that was given up before it ended
            return dg.SkipReason(str(error))
        return None

    return sensor


def _started(workspace: Workspace, run_key: str, context: dg.RunStatusSensorContext) -> None:
    from trimtab.pipeline import renewal

    renewal.mark_started(workspace, run_key, context.dagster_run.run_id)


def _succeeded(workspace: Workspace, run_key: str, context: dg.RunStatusSensorContext) -> None:
    from trimtab.pipeline import renewal

    renewal.mark_succeeded(workspace, run_key)


def _failed(workspace: Workspace, run_key: str, context: dg.RunStatusSensorContext) -> None:
    from trimtab.pipeline import renewal

    renewal.mark_failed(workspace, run_key, failure_reason(context))


def _canceled(workspace: Workspace, run_key: str, context: dg.RunStatusSensorContext) -> None:
    from trimtab.pipeline import renewal

    renewal.mark_failed(workspace, run_key, "the run was cancelled")


def failure_reason(context: dg.RunStatusSensorContext) -> str:
    """Why a run failed: the sentences of its stages and checks, or Dagster's own when there are none."""
    entries = context.instance.all_logs(context.dagster_run.run_id)
    said = sentences_of(entry.dagster_event for entry in entries if entry.dagster_event)
    return "; ".join(said) or context.dagster_event.message or "the run failed without a reason"

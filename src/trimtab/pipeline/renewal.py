"""Stage nine: which models to renew now, and the record of every renewal.

Planning reads a few registry rows, and bars only when some have come, and writes nothing: a sensor
may ask every few seconds.
"""

from __future__ import annotations

from trimtab.config.strategy import Retraining
from trimtab.pipeline.governance import STAGE as DECISION
from trimtab.pipeline.learnt_data import learnt_data
from trimtab.pipeline.running import stage_values
from trimtab.pipeline.workspace import Workspace
from trimtab.registry.drift import DriftRecord
from trimtab.retraining.jobs import RetrainingJob
from trimtab.retraining.learnt_data import LearntData
from trimtab.retraining.planner import Plan, RetrainRequest, plan_retrains, policy_of
from trimtab.retraining.triggers import Observed, Scheduled

MAX_PER_TICK = 4
SNAPSHOTS_PER_STRATEGY = 50  # enough to see whether a drift that was answered has cleared since


def plan(workspace: Workspace, max_per_tick: int = MAX_PER_TICK) -> Plan:
    """What drift, degradation, restated and new bars ask for now, and what is put off and why."""
    registry = workspace.registry
    snapshots: list[DriftRecord] = []
    performance = {}
    for name in workspace.strategies:
        snapshots += registry.drift_snapshots(name, SNAPSHOTS_PER_STRATEGY)
        performance[name] = registry.performance(strategy=name)
    policies = {name: policy_of(strategy) for name, strategy in workspace.strategies.items()}
    return plan_retrains(
        snapshots,
        workspace.retraining.jobs(),
        policies,
        workspace.lake.clock.now(),
        max_per_tick,
        performance=performance,
        data=_data(workspace),
    )


def _data(workspace: Workspace) -> dict[str, LearntData]:
    """What has become of the data of every strategy whose file asks for it."""
    wanted = [name for name, strategy in workspace.strategies.items() if _watches_data(strategy.retraining)]
    found = {name: learnt_data(workspace, name) for name in wanted}
    return {name: data for name, data in found.items() if data is not None}


def _watches_data(wanted: Retraining) -> bool:
    return wanted.on_restated_data or wanted.on_new_bars > 0


def scheduled_request(workspace: Workspace, strategy_name: str) -> RetrainRequest | None:
    """The request the strategy's own schedule makes now; None when its file asks for no schedule."""
    every = workspace.strategy(strategy_name).retraining.schedule
    if every == "none":
        return None
    cause = Scheduled(every).cause(Observed(workspace.lake.clock.now()))
    return (
        RetrainRequest(
            strategy=strategy_name,
            trigger=cause.trigger,
            cause=cause.key,
            attempt=1,
            snapshot_id=None,
            reason=cause.reason,
        )
        if cause
        else None
    )


def record_requested(workspace: Workspace, request: RetrainRequest) -> RetrainingJob:
    """Store a request before it is handed to the orchestrator; the same request again changes nothing."""
    return workspace.retraining.record_requested(request)


def mark_started(workspace: Workspace, run_key: str, run_id: str) -> RetrainingJob:
    """The orchestrator runs the job."""
    return workspace.retraining.mark_started(run_key, run_id)


def mark_succeeded(workspace: Workspace, run_key: str) -> RetrainingJob:
    """The job came to its end; what it led to is read from the strategy's latest decision."""
    job = workspace.retraining.job(run_key)
    model = workspace.registry.latest_model(job.strategy)
    decided = stage_values(workspace, DECISION, job.strategy) or {}
    outcome = (
        f"version {model.version}: {decided.get('outcome', 'not decided')}" if model else "no version was registered"
    )
    metrics = {"version": model.version, "accuracy": model.metrics.get("accuracy")} if model else {}
    return workspace.retraining.mark_succeeded(run_key, metrics, outcome)


def mark_failed(workspace: Workspace, run_key: str, reason: str) -> RetrainingJob:
    """The job failed; the planner asks again after a back-off."""
    return workspace.retraining.mark_failed(run_key, reason)

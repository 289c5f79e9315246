"""Schedules, all in UTC and all running unless they are switched off in the UI.

| schedule | when | does |
|---|---|---|
| `daily_refresh` | every day 06:00 (`TRIMTAB_REFRESH_CRON`) | bars and features of every series; drift snapshots follow by a sensor |
| `retrain_<strategy>` | daily 07:00, weekly on Monday 07:00, monthly on the 1st 07:00 | what the strategy file says |
| `weekly_prune` | Sunday 03:00 | old runs are deleted |

The times are after the daily bar of every market that closes by midnight UTC is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from dagster_project.jobs import REFRESH, RETRAIN
from dagster_project.partitions import Partitions, keys_of, range_tags
from dagster_project.sensors import SensorSettings, record, run_request
from trimtab.config import Strategy

PRUNE_CRON = "0 3 * * 0"
RETRAIN_CRON = {"daily": "0 7 * * *", "weekly": "0 7 * * 1", "monthly": "0 7 1 * *"}
UTC = "UTC"
RUNNING = dg.DefaultScheduleStatus.RUNNING


def build_schedules(
    jobs: Mapping[str, Any],
    prune_job: dg.JobDefinition,
    strategies: Mapping[str, Strategy],
    partitions: Partitions,
    settings: SensorSettings,
) -> list[dg.ScheduleDefinition]:
    """The refresh, one retraining schedule per strategy that asks for one, and the pruning."""
    retraining = [
        _retrain(jobs, name, RETRAIN_CRON[strategy.retraining.schedule], settings)
        for name, strategy in sorted(strategies.items())
        if strategy.retraining.schedule != "none"
    ]
    prune = dg.ScheduleDefinition(
        name="weekly_prune",
        job=prune_job,
        cron_schedule=PRUNE_CRON,
        execution_timezone=UTC,
        default_status=RUNNING,
        description="Deletes old runs; the newest of every partition and every decision stay.",
    )
    return [_refresh(jobs, partitions, settings.workspace.settings.refresh_cron), *retraining, prune]


def schedule_name(strategy: str) -> str:
    """The name of a strategy's retraining schedule: Dagster takes letters, digits and underscores.

    >>> schedule_name("us-equity-direction")
    'retrain_us_equity_direction'
    """
    return f"retrain_{strategy.replace('-', '_')}"


def _refresh(jobs: Mapping[str, Any], partitions: Partitions, cron: str) -> dg.ScheduleDefinition:
    @dg.schedule(
        name="daily_refresh",
        job=jobs[REFRESH],
        cron_schedule=cron,
        execution_timezone=UTC,
        default_status=RUNNING,
        description="Every day: new bars and features of every series, in one run; drift snapshots follow.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        series = keys_of(partitions.series)
        if not series:
            return dg.SkipReason("no strategy names an instrument")
        run_key = f"refresh:{context.scheduled_execution_time:%Y-%m-%dT%H:%M}"
        return dg.RunRequest(run_key=run_key, tags=range_tags(series[0], series[-1]))

    return schedule


def _retrain(jobs: Mapping[str, Any], strategy: str, cron: str, settings: SensorSettings) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=schedule_name(strategy),
        job=jobs[RETRAIN],
        cron_schedule=cron,
        execution_timezone=UTC,
        default_status=RUNNING,
        description=f"Retrains {strategy} as its strategy file says; unchanged data is recognised and costs nothing.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        from trimtab.pipeline import renewal

        workspace = settings.workspace.open()
        request = renewal.scheduled_request(workspace, strategy)
        if request is None:
            return dg.SkipReason(f"the file of {strategy} no longer asks for a schedule")
        refused = record(workspace, request)
        return dg.SkipReason(refused) if refused else run_request(request)

    return schedule

"""Old runs are deleted, so that Dagster's event log does not grow for ever.

Kept whatever their age: the newest materialisation of every partition of every asset (it is what the
UI shows and what staleness is judged by) and every run that decided about a deployment. The audit
trail itself is in the registry and loses nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import dagster as dg
from pydantic import Field

from trimtab.clock import Clock, SystemClock

DECISION = dg.AssetKey("deployment_decision")
FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
PAGE = 500


@dataclass(frozen=True)
class Pruned:
    """What was done.

    Attributes
    ----------
    deleted: runs deleted.
    kept: runs as old, kept for what they hold.
    """

    deleted: int
    kept: int


class PruneConfig(dg.Config):
    """How old a finished run must be to go."""

    older_than_days: int = Field(default=30, ge=1)


def prune_runs(instance: dg.DagsterInstance, before: datetime) -> Pruned:
    """Delete the finished runs created before a time, except those still needed."""
    needed = _needed_runs(instance)
    filters = dg.RunsFilter(statuses=FINISHED, created_before=before)
    old = {record.dagster_run.run_id for record in instance.get_run_records(filters)}
    for run_id in sorted(old - needed):
        instance.delete_run(run_id)
    return Pruned(deleted=len(old - needed), kept=len(old & needed))


def build_prune_job(clock: Clock | None) -> dg.JobDefinition:
    """The job around `prune_runs`."""

    @dg.op(description="Deletes finished runs that are old and hold nothing that is still shown.")
    def prune(context: dg.OpExecutionContext, config: PruneConfig) -> None:
        done = prune_runs(context.instance, (clock or SystemClock()).now() - timedelta(days=config.older_than_days))
        context.add_output_metadata({"deleted": done.deleted, "kept": done.kept})

    @dg.job(name="prune_job", description="Old runs are deleted; the newest per partition and all decisions stay.")
    def prune_job() -> None:
        prune()

    return prune_job


def _needed_runs(instance: dg.DagsterInstance) -> set[str]:
    needed = set(_runs_of(instance, DECISION))
    for key in instance.all_asset_keys():
        partitions: list[str | None] = [*sorted(instance.get_materialized_partitions(key))] or [None]
        for partition in partitions:
            wanted = dg.AssetRecordsFilter(key, asset_partitions=[partition] if partition else None)
            needed |= {record.run_id for record in instance.fetch_materializations(wanted, limit=1).records}
    return needed


def _runs_of(instance: dg.DagsterInstance, key: dg.AssetKey) -> Iterator[str]:
    cursor = None
    while True:
        page = instance.fetch_materializations(key, limit=PAGE, cursor=cursor)
        yield from (record.run_id for record in page.records)
        if not page.has_more:
            return
        cursor = page.cursor

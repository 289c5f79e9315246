from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dagster as dg

from dagster_project.prune import Pruned, prune_runs

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
LATER = datetime.now(UTC) + timedelta(days=1)


def run(definitions: dg.Definitions, instance: dg.DagsterInstance, job: str, key: str) -> str:
    return definitions.resolve_job_def(job).execute_in_process(QUIET, instance, partition_key=key).run_id


def ids(instance: dg.DagsterInstance) -> set[str]:
    return {run.run_id for run in instance.get_runs()}


def test_only_runs_that_something_newer_replaced_are_deleted(
    definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    replaced = run(definitions, instance, "market_data_job", "AAPL__1d")
    newest = run(definitions, instance, "market_data_job", "AAPL__1d")
    other = run(definitions, instance, "market_data_job", "IBM__1d")
    assert prune_runs(instance, LATER) == Pruned(deleted=1, kept=2)
    assert ids(instance) == {newest, other}
    assert replaced not in ids(instance)
    assert instance.get_materialized_partitions(dg.AssetKey("bars")) == {"AAPL__1d", "IBM__1d"}


def test_a_run_that_decided_about_a_deployment_is_never_deleted(
    definitions: dg.Definitions, instance: dg.DagsterInstance
) -> None:
    decided = {run(definitions, instance, "strategy_job", "us-equity-direction") for _ in range(2)}
    assert prune_runs(instance, LATER).deleted == 0
    assert ids(instance) == decided


def test_young_runs_stay_whatever_they_hold(definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
    for _ in range(2):
        run(definitions, instance, "market_data_job", "AAPL__1d")
    assert prune_runs(instance, datetime.now(UTC) - timedelta(days=30)) == Pruned(deleted=0, kept=0)

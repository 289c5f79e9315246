"""The production profile: Dagster's own storage on PostgreSQL, by one environment variable."""

from __future__ import annotations

import dagster as dg
import pytest
from fakes.registries import fresh_postgres_database
from fakes.stages import FakeStages

from dagster_project.home import POSTGRES_VARIABLE, dagster_environment, write_home
from trimtab.config import Settings

pytest.importorskip("dagster_postgres", reason="needs Dagster's PostgreSQL storage: pip install 'trimtab[postgres]'")
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@pytest.mark.postgres
def test_a_run_is_recorded_in_postgres_and_not_in_the_home_folder(
    settings: Settings,
    definitions: dg.Definitions,
    fake: FakeStages,
    postgres_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = fresh_postgres_database(postgres_url)
    for name, value in dagster_environment(settings, {POSTGRES_VARIABLE: url}).items():
        monkeypatch.setenv(name, value)
    home = write_home(settings, {POSTGRES_VARIABLE: url})
    with dg.DagsterInstance.get() as instance:
        job = definitions.resolve_job_def("strategy_job")
        assert job.execute_in_process(QUIET, instance, partition_key="us-equity-direction").success
        assert "Postgres" in type(instance.event_log_storage).__name__
        assert instance.get_materialized_partitions(dg.AssetKey("candidate_model")) == {"us-equity-direction"}
    with dg.DagsterInstance.get() as opened_again:
        assert len(opened_again.get_runs()) == 1
    assert not list(home.rglob("*.db"))

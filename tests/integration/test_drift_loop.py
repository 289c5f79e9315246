"""The loop with the real daemon: a market changes, a refresh sees it, one retrain follows, once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakes.daemons import running_daemon

from trimtab.config import Settings
from trimtab.pipeline.workspace import Workspace

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

STRATEGY = """
name = "simulated-drift"
description = "A simulated market that changes on 2019-07-01."
[universe]
source = "simulated"
instruments = ["SIMDRIFT", "SIMDRIFT2"]
[features]
sets = ["technical"]
[label]
kind = "direction"
[tuning]
n_trials = 1
[retraining]
schedule = "none"
"""
TRAINED = datetime(2019, 6, 28, tzinfo=UTC)
WATCHED = datetime(2020, 8, 31, tzinfo=UTC)  # 14 months after the drift: the window of 250 bars is all new


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    folder = tmp_path / "strategies"
    folder.mkdir()
    (folder / "simulated-drift.toml").write_text(STRATEGY)
    return Settings(data_dir=tmp_path / "data", strategies_dir=folder)


def environment(settings: Settings, now: datetime) -> dict[str, str]:
    return os.environ | {
        "TRIMTAB_DATA_DIR": str(settings.data_dir),
        "TRIMTAB_STRATEGIES_DIR": str(settings.strategies_dir),
        "TRIMTAB_NOW": now.isoformat(),
        "TRIMTAB_N_THREADS": "1",
        "TRIMTAB_SENSOR_INTERVAL_SECONDS": "1",
        "TRIMTAB_REFRESH_CRON": "* * * * *",
        "DAGSTER_HOME": str(settings.dagster_home_or_default),
    }


def wait_for(condition: Callable[[], bool], what: str, log: Path, seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:g} s for {what}:\n{log.read_text()[-3000:]}"
        time.sleep(1)


def test_a_drifted_market_leads_to_one_snapshot_one_retrain_and_one_new_version(
    settings: Settings, tmp_path: Path
) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "dagster_project.launch", "run"],
        env=environment(settings, TRAINED), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    workspace = Workspace.open(settings)
    registry, ledger = workspace.registry, workspace.retraining
    (first,) = registry.list_models("simulated-drift")
    before = len(registry.drift_snapshots("simulated-drift"))

    log = tmp_path / "daemon.log"
    with running_daemon(environment(settings, WATCHED), log):
        wait_for(lambda: any(job.status == "succeeded" for job in ledger.jobs()), "the retrain to succeed", log)
        jobs = ledger.jobs()
        # Another scheduled refresh and many more sensor ticks on the same bars ask for nothing new.
        refreshes = len(finished_refreshes(settings))
        wait_for(lambda: len(finished_refreshes(settings)) > refreshes, "one more refresh", log)
        time.sleep(10)

    asked = [s for s in registry.drift_snapshots("simulated-drift") if s.model_id == first.id][: -before or None]
    assert [(s.status, s.unseen_share) for s in asked] == [("drifted", 1.0)]
    assert [(job.trigger, job.snapshot_id, job.attempt) for job in jobs] == [("drift", asked[0].snapshot_id, 1)]
    assert ledger.jobs() == jobs
    challenger, parent = registry.list_models("simulated-drift")
    assert (parent.id, challenger.parent_id) == (first.id, first.id)
    assert challenger.dataset_fingerprint != first.dataset_fingerprint
    assert registry.latest_decision(model_id=challenger.id) is not None
    assert challenger.version in (jobs[0].outcome or "")
    assert registry.verify_audit() is None


def finished_refreshes(settings: Settings) -> list[str]:
    """Run ids of the refreshes that succeeded, from Dagster's own storage."""
    import dagster as dg

    with dg.DagsterInstance.from_config(str(settings.dagster_home_or_default)) as instance:
        wanted = dg.RunsFilter(job_name="refresh_job", statuses=[dg.DagsterRunStatus.SUCCESS])
        return [run.run_id for run in instance.get_runs(wanted)]

"""`python -m dagster_project.launch`: progress, unchanged work, failures in one sentence."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from dagster_project.launch import REPOSITORY_TAGS, print_progress
from trimtab.pipeline.stage import CheckOutcome, StageResult

ROOT = Path(__file__).resolve().parents[2]
SMALL = """
name = "{name}"
[universe]
instruments = {instruments}
[features]
sets = ["candlesticks"]
[label]
kind = "direction"
[model]
algorithm = "linear"
[tuning]
n_trials = 0
"""
STAGES = 15


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "strategies").mkdir()
    write_strategy(tmp_path, "small", '["AAPL"]')
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TRIMTAB_", "DAGSTER_"))}
    return kept | {
        "TRIMTAB_DATA_DIR": str(tmp_path / "data"),
        "TRIMTAB_STRATEGIES_DIR": str(tmp_path / "strategies"),
        "TRIMTAB_N_THREADS": "1",
    }


def write_strategy(folder: Path, name: str, instruments: str) -> None:
    (folder / "strategies" / f"{name}.toml").write_text(SMALL.format(name=name, instruments=instruments))


def launch(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dagster_project.launch", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def home(environment: dict[str, str]) -> str:
    return str(Path(environment["TRIMTAB_DATA_DIR"]) / "dagster")


@pytest.mark.slow
def test_a_run_shows_every_stage_and_a_second_one_repeats_nothing(environment: dict[str, str]) -> None:
    first = launch(environment, "run")
    assert first.returncode == 0, first.stderr
    lines = first.stderr.splitlines()
    assert len(lines) == STAGES
    assert lines[0].split()[:2] == ["bars", "AAPL__1d"]
    assert lines[-1].split()[:2] == ["model_report", "small"]
    second = launch(environment, "run", "--strategy", "small")
    assert [line.endswith("unchanged") for line in second.stderr.splitlines()] == [True] * STAGES

    with dg.DagsterInstance.from_config(home(environment)) as instance:
        runs = instance.get_runs()
        assert {run.job_name for run in runs} == {"market_data_job", "strategy_job"}
        assert all(run.is_success and REPOSITORY_TAGS.items() <= run.tags.items() for run in runs)
        assert instance.get_materialized_partitions(dg.AssetKey("deployment_decision")) == {"small"}


@pytest.mark.slow
def test_a_failing_stage_is_one_sentence_and_the_other_strategies_still_run(
    environment: dict[str, str], tmp_path: Path
) -> None:
    write_strategy(tmp_path, "alpha", '["AAPL"]')
    path = tmp_path / "strategies" / "alpha.toml"
    path.write_text(path.read_text().replace('"linear"', '"linearr"'))
    failed = launch(environment, "run")
    assert failed.returncode == 1
    assert "Traceback" not in failed.stderr
    (said,) = [line for line in failed.stderr.splitlines() if line.startswith("trimtab: ")]
    assert said.startswith("trimtab: alpha: ")
    assert "did you mean 'linear'?" in said
    assert "deployment_decision    small" in failed.stderr
    shown = launch(environment, "run", "--strategy", "alpha", "--debug")
    assert "Traceback" in shown.stderr or "Stack Trace" in shown.stderr


def test_a_check_that_warns_is_said_under_its_stage_and_one_that_blocks_is_left_to_the_failure(
    capsys: pytest.CaptureFixture[str],
) -> None:
    checks = (
        CheckOutcome("files_read", False, False, "nothing about AAA is in news.csv"),
        CheckOutcome("within_bounds", False, True, "a value left its bounds"),
        CheckOutcome("fresh", True, False, "all is well"),
    )
    print_progress("facts", StageResult("facts", "AAA__1d", "0" * 64, checks=checks), 0.1)
    said = capsys.readouterr().err.splitlines()
    assert [line.split() for line in said] == [
        ["facts", "AAA__1d", "0.1", "s"],
        ["files_read:", "nothing", "about", "AAA", "is", "in", "news.csv"],
    ]


def test_an_unknown_strategy_is_refused_with_the_names_there_are(environment: dict[str, str]) -> None:
    refused = launch(environment, "run", "--strategy", "smal")
    assert refused.returncode == 1
    assert refused.stderr.endswith("unknown strategy 'smal'; did you mean 'small'? allowed: small\n")


def test_schedules_and_sensors_are_printed_as_one_json_document(environment: dict[str, str]) -> None:
    printed = launch(environment, "automation")
    document = json.loads(printed.stdout)
    assert {schedule["name"]: schedule["state"] for schedule in document["schedules"]} == {
        "daily_refresh": "running",
        "retrain_small": "running",
        "weekly_prune": "running",
    }
    assert {sensor["state"] for sensor in document["sensors"]} == {"running"}
    assert not Path(home(environment)).exists()  # asking writes nothing


@pytest.mark.slow
def test_a_killed_run_is_marked_as_failed_by_the_next_one_which_finishes(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "dagster_project.launch", "run"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline().split()[0] == "bars"  # the run is in the middle
        process.send_signal(signal.SIGKILL)
    with dg.DagsterInstance.from_config(home(environment)) as instance:
        (run,) = instance.get_runs()
        assert run.status is dg.DagsterRunStatus.STARTED
    again = launch(environment, "run")
    assert again.returncode == 0, again.stderr
    assert f"marked run {run.run_id[:8]} as failed: its process is gone" in again.stderr
    with dg.DagsterInstance.from_config(home(environment)) as instance:
        assert instance.get_run_by_id(run.run_id).status is dg.DagsterRunStatus.FAILURE

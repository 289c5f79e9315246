"""Killed anywhere, a rerun ends in the same state, and nothing half-written is ever read."""

from __future__ import annotations

import json
import os
import random
import sqlite3
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pyarrow.parquet as pq
import pytest
from fakes.dying import Died, DyingWorkspace
from fakes.strategies import (
    open_world,
    outcome_of,
    run_environment,
    run_market_data,
    run_strategy,
    write_world,
)
from fakes.trimtab_runs import FinishedRun, finish_run, kill_run

from dagster_project.first_storage import make_storage
from dagster_project.reaper import PROCESS_TAG, reap

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

N_KILLS = 10


def kill_moments(whole: FinishedRun, seed: int) -> list[tuple[int, float]]:
    """Stages finished and seconds after: spread over the run from its start to its last stage."""
    chance = random.Random(seed)
    last = len(whole.progress) - 1
    stages = sorted([0, last, *chance.sample(range(1, last), N_KILLS - 2)])
    return [(stage, whole.seconds[stage] * chance.uniform(0.05, 0.9)) for stage in stages]


def leftovers(lake: Path) -> list[Path]:
    return list(lake.rglob(".*.tmp"))


def test_a_run_killed_ten_times_ends_as_an_uninterrupted_one(whole_run: FinishedRun, tmp_path: Path) -> None:
    strategies, lake = write_world(tmp_path), tmp_path / "lake"
    environment = run_environment(lake, strategies)
    n_killed = sum(kill_run(environment, *moment) for moment in kill_moments(whole_run, seed=20261121))
    assert n_killed >= N_KILLS - 2  # one may have been a blink faster than before
    abandoned = [*leftovers(lake), plant_leftover(lake)]
    for path in abandoned:
        os.utime(path, (0, 0))

    finished = finish_run(environment)

    assert len(finished.progress) == len(whole_run.progress)
    assert not leftovers(lake)
    expected = outcome_of(open_world(whole_run.lake, whole_run.strategies))
    workspace = open_world(lake, strategies)
    assert outcome_of(workspace) == expected
    assert workspace.registry.verify_audit() is None
    assert no_bar_is_stored_twice(lake)
    assert unreadable_files(lake) == []
    assert unfinished_runs(lake) == []


def test_stages_that_die_between_storing_and_recording_store_nothing_twice(
    whole_run: FinishedRun, tmp_path: Path
) -> None:
    lake, strategies = tmp_path / "lake", write_world(tmp_path)
    deaths: list[str] = []
    while True:
        opened = open_world(lake, strategies)
        dying = DyingWorkspace(opened.settings, opened.lake, opened.strategies, deaths)
        try:
            run_market_data(dying)
            run_strategy(dying)
            break
        except Died:
            continue
    assert len(deaths) == len(whole_run.progress)
    workspace = open_world(lake, strategies)
    assert outcome_of(workspace) == outcome_of(open_world(whole_run.lake, whole_run.strategies))
    assert workspace.registry.verify_audit() is None


def test_a_run_whose_process_died_before_it_began_is_marked_as_failed() -> None:
    died = subprocess.Popen([sys.executable, "-c", ""])
    died.wait()
    with dg.instance_for_test(overrides={"telemetry": {"enabled": False}}) as instance:
        runs = {
            whose: instance.add_run(dg.DagsterRun("job", run_id=str(uuid4()), tags=tags))
            for whose, tags in {
                "dead": {PROCESS_TAG: str(died.pid)},
                "alive": {PROCESS_TAG: str(os.getpid())},
                "somebody else's": {},
            }.items()
        }
        assert reap(instance) == [runs["dead"].run_id]
        stored = {run.run_id: run.status.value for run in instance.get_runs()}
    status = {whose: stored[run.run_id] for whose, run in runs.items()}
    assert status == {"dead": "FAILURE", "alive": "NOT_STARTED", "somebody else's": "NOT_STARTED"}


def test_files_of_dagster_that_a_killed_process_left_half_made_are_made_anew(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    make_storage(whole)
    (killed / ".new" / "history").mkdir(parents=True)
    with sqlite3.connect(killed / ".new" / "history" / "runs.db") as half:
        half.execute("CREATE TABLE runs (id INTEGER)")
    half.close()
    make_storage(killed)
    assert not (killed / ".new").exists()
    assert schema_of(killed) == schema_of(whole)
    assert len(schema_of(whole)) == 3
    before = {path: path.stat().st_mtime_ns for path in killed.rglob("*.db")}
    make_storage(killed)
    assert {path: path.stat().st_mtime_ns for path in killed.rglob("*.db")} == before


def schema_of(home: Path) -> dict[str, list[tuple[str, str]]]:
    """Names and kinds of everything in Dagster's databases."""
    found = {}
    for path in home.rglob("*.db"):
        with sqlite3.connect(path) as connection:
            rows = connection.execute("SELECT type, name FROM sqlite_master ORDER BY type, name").fetchall()
        connection.close()
        found[str(path.relative_to(home))] = rows
    return found


def plant_leftover(lake: Path) -> Path:
    path = lake / "datasets" / ".samples.parquet.4711.0badf00d.tmp"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"PAR1 half a ta")
    return path


def no_bar_is_stored_twice(lake: Path) -> bool:
    for series in (lake / "bars").iterdir():
        times = [t for part in series.glob("*.parquet") for t in pq.read_table(part)["event_time"].to_pylist()]
        if len(times) != len(set(times)):
            return False
    return True


def unreadable_files(lake: Path) -> list[str]:
    """Every table, document and database that cannot be read to its end."""
    readers = {".parquet": pq.read_table, ".json": lambda path: json.loads(path.read_text()), ".db": check_database}
    found = []
    for path in sorted(lake.rglob("*")):
        if path.suffix in readers and path.is_file():
            try:
                readers[path.suffix](path)
            except Exception as error:  # whatever it is, the file is named
                found.append(f"{path}: {error}")
    return found


def check_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        said = connection.execute("PRAGMA integrity_check").fetchall()
    connection.close()
    assert said == [("ok",)]


def unfinished_runs(lake: Path) -> list[str]:
    """Runs that Dagster still believes in."""
    over = {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE}
    with dg.DagsterInstance.from_config(str(lake / "dagster")) as instance:
        return [f"{run.run_id} {run.status.value}" for run in instance.get_runs() if run.status not in over]

from __future__ import annotations

import os
import subprocess
import sys
import time

import dagster as dg
import pytest

from dagster_project.reaper import _lives, reap


@dg.op
def step() -> None:
    """Nothing."""


@dg.job
def work() -> None:
    step()


def started_run(instance: dg.DagsterInstance, pid: int) -> str:
    """A run that says it is started, by a process of that number."""
    from dagster._core.events import (
        DagsterEvent,
        DagsterEventType,
    )  # the public API starts runs only in its own process

    run = instance.create_run_for_job(work, status=dg.DagsterRunStatus.STARTING)
    event = DagsterEvent(DagsterEventType.RUN_START.value, job_name="work", message="started", pid=pid)
    instance.report_dagster_event(event, run.run_id)
    assert instance.get_run_by_id(run.run_id).status is dg.DagsterRunStatus.STARTED
    return run.run_id


def test_a_run_whose_process_is_gone_is_marked_as_failed(instance: dg.DagsterInstance) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    run_id = started_run(instance, ended.pid)
    assert reap(instance) == [run_id]
    assert instance.get_run_by_id(run_id).status is dg.DagsterRunStatus.FAILURE
    assert reap(instance) == []


def test_a_run_whose_process_lives_is_left_alone(instance: dg.DagsterInstance) -> None:
    run_id = started_run(instance, os.getpid())
    assert reap(instance) == []
    assert instance.get_run_by_id(run_id).status is dg.DagsterRunStatus.STARTED


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc to know when a process began")
def test_a_process_that_took_over_the_number_later_is_not_the_run() -> None:
    assert _lives(os.getpid(), since=time.time())
    assert not _lives(os.getpid(), since=time.time() - 10 * 86_400)

"""Runs whose process is gone are marked as failed when trimtab starts.

A run that is killed together with everything around it stays "started" in Dagster for ever: nothing is
left to say otherwise, and it keeps its place in the queue. Only runs of this computer can be judged,
so a reaper looks at runs of the embedded profile, whose storage is on this computer.
"""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg

REASON = "Its process is gone; the run was marked as failed when trimtab started again. Run it again: finished stages are not repeated."
# Events written by the process of the run itself; others (queueing, launching) are the daemon's.
_OWN_EVENTS = {dg.DagsterEventType.RUN_START, dg.DagsterEventType.STEP_START, dg.DagsterEventType.STEP_SUCCESS}
# Killed between its creation and its first event, a run has only this to say whose it was.
PROCESS_TAG = ".trimtab/process"
_CLOCK_SLACK_SECONDS = 5.0


def reap(instance: dg.DagsterInstance) -> list[str]:
    """Mark every run as failed whose process no longer lives; return the run ids."""
    status = dg.DagsterRunStatus
    unfinished = dg.RunsFilter(statuses=[status.NOT_STARTED, status.STARTED, status.CANCELING])
    gone = [record.dagster_run for record in instance.get_run_records(unfinished) if _process_is_gone(instance, record)]
    for run in gone:
        instance.report_run_failed(run, REASON)
    return [run.run_id for run in gone]


def _process_is_gone(instance: dg.DagsterInstance, record: dg.RunRecord) -> bool:
    """Whether it is known which process a run belongs to, and that one no longer lives."""
    run = record.dagster_run
    known = [
        (entry.dagster_event.pid, entry.timestamp)
        for entry in instance.all_logs(run.run_id, of_type=_OWN_EVENTS)
        if entry.dagster_event and entry.dagster_event.pid
    ]
    if not known and PROCESS_TAG in run.tags:
        known = [(int(run.tags[PROCESS_TAG]), record.create_timestamp.timestamp())]
    if not known:
        return False
    pid, time = known[-1]
    return not _lives(pid, since=time)


def _lives(pid: int, since: float) -> bool:
    """Whether the process that had this number at a time (seconds since 1970) still lives."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it lives and is somebody else's
    started = _start_time(pid)
    # A number is used again after a while: a process that began later is another one.
    return started is None or started <= since + _CLOCK_SLACK_SECONDS


def _start_time(pid: int) -> float | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        booted = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime"))
    except (OSError, StopIteration):
        return None  # not Linux, or just gone
    if fields[0] == "Z":  # dead, its parent has not looked yet
        return float("inf")
    return int(booted.split()[1]) + int(fields[19]) / os.sysconf("SC_CLK_TCK")

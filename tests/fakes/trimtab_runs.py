"""`trimtab run` as a process of its own, with the lines it says, to be watched or killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

COMMAND = (sys.executable, "-c", "from trimtab.cli import main; main()", "run")
PROGRESS = (" s\n", "unchanged\n")  # how the line of a finished stage ends


def is_progress(line: str) -> bool:
    """Whether a line tells of a finished stage; the last one tells how long all of them took."""
    return line.endswith(PROGRESS) and not line.startswith("done in")


@dataclass(frozen=True)
class FinishedRun:
    """A run that came to its end.

    Attributes
    ----------
    lake, strategies: what it ran on.
    progress: one line per finished stage, in order.
    seconds: from the line before (or the start) to each of these lines.
    """

    lake: Path
    strategies: Path
    progress: tuple[str, ...]
    seconds: tuple[float, ...] = field(compare=False)


def finish_run(environment: Mapping[str, str]) -> FinishedRun:
    """Run to the end; anything but success fails the test with what was said."""
    process = _start(environment)
    said, progress, seconds, before = [], [], [], time.monotonic()
    assert process.stderr is not None
    for line in process.stderr:
        said.append(line)
        if is_progress(line):
            progress.append(line.strip())
            seconds.append(time.monotonic() - before)
            before = time.monotonic()
    assert process.wait() == 0, "".join(said)
    lake, strategies = environment["TRIMTAB_DATA_DIR"], environment["TRIMTAB_STRATEGIES_DIR"]
    return FinishedRun(Path(lake), Path(strategies), tuple(progress), tuple(seconds))


def kill_run(environment: Mapping[str, str], after_stages: int, then_seconds: float) -> bool:
    """Start a run, wait for so many finished stages and then so long, and `kill -9` the whole process group.

    Returns whether it was still running when it was killed.
    """
    process = _start(environment)
    assert process.stderr is not None
    said: list[str] = []
    while sum(map(is_progress, said)) < after_stages:
        line = process.stderr.readline()
        assert line, "the run ended before it was to be killed:\n" + "".join(said)
        said.append(line)
    time.sleep(then_seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.stderr.close()
    return process.wait() == -signal.SIGKILL


def _start(environment: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        COMMAND,
        env={"TRIMTAB_TRACKING": "lake", **environment},  # MLflow's copy has tests of its own, and takes seconds
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a group of its own, so that a kill takes everything it started
    )

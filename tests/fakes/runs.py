"""Recorded runs made for tests, and a process that records one and can be killed."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trimtab.storage.lake import Lake
from trimtab.tracking.lake_tracker import LakeRun, LakeTracker
from trimtab.tracking.protocol import RunStart
from trimtab.tracking.record import RunFile, RunRecord

BEGUN = datetime(2024, 1, 2, tzinfo=UTC)
WRITER = """
import sys
from pathlib import Path
from trimtab.config import Settings
from trimtab.storage.lake import open_lake
from trimtab.tracking.lake_tracker import LakeTracker
from trimtab.tracking.protocol import RunStart

folder, strategy, n_steps = sys.argv[1:]
run = LakeTracker(open_lake(Settings(data_dir=Path(folder)))).start(RunStart("candidate_model", strategy, 7, 1))
run.parameters({"depth": 3})
print(run.id, flush=True)
for step in range(1, int(n_steps) + 1):
    run.metrics({"train_loss": 1 / step, "validation_loss": 2 / step}, step=step, total=int(n_steps))
run.metrics({"accuracy": 0.5})
print("told", flush=True)
sys.stdin.readline()
run.artifact("who", strategy.encode())
run.finish()
"""


def start_run(lake: Lake, kind: str = "candidate_model", strategy: str = "demo", **given: Any) -> LakeRun:
    """A run begun in a lake."""
    return LakeTracker(lake).start(RunStart(kind, strategy, **{"seed": 7, "n_threads": 1} | given))


def record(name: str = "20240102T000000.000-0badcafe", **changes: Any) -> RunRecord:
    """A finished run that is nowhere but in memory; `files` are SHA-256 by name."""
    files = {name: RunFile(digest, 10) for name, digest in changes.pop("files", {}).items()}
    plain = RunRecord(name, "candidate_model", "demo", "finished", BEGUN, seed=7, finished=BEGUN, dataset="d" * 64)
    return replace(plain, artifacts=files, **changes)


def writing_process(folder: Path, strategy: str, n_steps: int) -> subprocess.Popen[str]:
    """A process that records a run; it says its id, then "told", then ends the run when it is given a line."""
    command = [sys.executable, "-c", WRITER, str(folder), strategy, str(n_steps)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

"""`LakeTracker`: runs as plain files in the lake, whole whatever happens to their process.

`runs/<id>/run.json` is written atomically whenever what it says changes; `metrics.jsonl` grows line by
line as steps are told; files go to the artifact store under their SHA-256. While a run is alive its process
holds the lock on `runs/<id>/alive`. The operating system drops it when the process dies, however it dies, so
a record that says "running" and whose lock is free was interrupted.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from trimtab.storage.atomic import write_text
from trimtab.storage.lake import Lake
from trimtab.tracking.environment import environment
from trimtab.tracking.identity import run_id
from trimtab.tracking.protocol import RunStart, Status
from trimtab.tracking.record import RunFile, RunRecord, metric_lines
from trimtab.tracking.resources import Meter

RUNS, RECORD, METRICS, ALIVE = "runs", "run.json", "metrics.jsonl", "alive"
PICTURE = ".png"


class LakeTracker:
    """Records runs under `lake.root / "runs"`."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def start(self, run: RunStart) -> LakeRun:
        """Begin a run; two that begin at the same moment get different ids."""
        time = self._lake.clock.now()
        runs = self._lake.root / RUNS
        runs.mkdir(parents=True, exist_ok=True)
        attempt = 0
        while True:
            folder = runs / run_id(run, time, attempt)
            try:
                folder.mkdir()
            except FileExistsError:
                attempt += 1
                continue
            return LakeRun(self._lake, folder, _begun(folder.name, run, time))


class LakeRun:
    """One run being written; safe to be told by several threads."""

    def __init__(self, lake: Lake, folder: Path, record: RunRecord) -> None:
        self._lake, self._folder, self._record = lake, folder, record
        self._guard = threading.RLock()
        # Held before the record exists: a record that says "running" always has a lock to ask.
        self._alive = os.open(folder / ALIVE, os.O_CREAT | os.O_RDWR, 0o644)
        fcntl.flock(self._alive, fcntl.LOCK_EX)
        self._lines = open(folder / METRICS, "a", encoding="utf-8")  # noqa: SIM115  # closed by finish
        self._meter = Meter(int(record.resources["n_threads"]))
        self._write(record)

    @property
    def id(self) -> str:
        return self._record.id

    @property
    def record(self) -> RunRecord:
        """What has been told so far."""
        return self._record

    def parameters(self, values: Mapping[str, Any]) -> None:
        """Add or replace parameters."""
        with self._guard:
            self._write(replace(self._record, parameters={**self._record.parameters, **values}))

    def tags(self, values: Mapping[str, str]) -> None:
        """Add or replace tags."""
        with self._guard:
            self._write(replace(self._record, tags={**self._record.tags, **values}))

    def metrics(self, values: Mapping[str, float | None], step: int | None = None, total: int | None = None) -> None:
        """Append metrics; what is appended survives the death of the process, so a step costs no fsync."""
        with self._guard:
            if self._record.is_over:
                return
            self._lines.writelines(metric_lines(values, step, total, self._lake.clock.now()))
            self._lines.flush()
            if step is None:
                told = {name: float("nan") if value is None else float(value) for name, value in values.items()}
                self._record = replace(self._record, metrics={**self._record.metrics, **told})

    def artifact(self, name: str, content: bytes) -> None:
        """Store a file of the run."""
        self.stored(name, self._lake.artifacts.put(content), len(content))

    def stored(self, name: str, sha256: str, size_bytes: int) -> None:
        """Name a file that the artifact store holds already."""
        with self._guard:
            self._write(self._record.with_file(name, RunFile(sha256, size_bytes)))

    def figure(self, name: str, png: bytes) -> None:
        """Store a picture as `figures/<name>.png`."""
        self.artifact(f"figures/{name.lower().replace(' ', '_')}{PICTURE}", png)

    def finish(self, status: Status = "finished", error: str | None = None) -> None:
        """End the run: its last record, then its lock."""
        with self._guard:
            if self._record.is_over:
                return
            used, finished = self._meter.stop().to_json(), self._lake.clock.now()
            try:
                self._write(replace(self._record, status=status, error=error, finished=finished, resources=used))
            finally:
                self._lines.close()
                os.close(self._alive)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.finish()
        else:  # an error is a failure; Ctrl-C and its like interrupt
            status: Status = "failed" if isinstance(error, Exception) else "interrupted"
            self.finish(status, f"{type(error).__name__}: {error}")

    def _write(self, record: RunRecord) -> None:
        if self._record.is_over:
            return
        write_text(self._folder / RECORD, record.to_json())
        self._record = record


def _begun(name: str, run: RunStart, time: Any) -> RunRecord:
    return RunRecord(
        id=name,
        kind=run.kind,
        strategy=run.strategy,
        status="running",
        started=time,
        seed=run.seed,
        dataset=run.dataset,
        code=run.code,
        parameters=dict(run.parameters),
        tags=dict(run.tags),
        environment=environment(),
        resources={"n_threads": run.n_threads},
    )

"""`RunStore`: the recorded runs of a lake, read back."""

from __future__ import annotations

import fcntl
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from trimtab.errors import ConfigurationError, NotFoundError
from trimtab.storage.lake import Lake
from trimtab.tracking.identity import HASH_DIGITS
from trimtab.tracking.lake_tracker import ALIVE, METRICS, RECORD, RUNS
from trimtab.tracking.record import MetricPoint, RunRecord, read_points

SHOWN_IDS = 5  # of the runs that fit an ambiguous name
SHORTEST_HASH = 4


@dataclass(frozen=True)
class RunStore:
    """The runs under a folder, one folder each."""

    root: Path

    @classmethod
    def of(cls, lake: Lake) -> RunStore:
        """The runs of a lake."""
        return cls(lake.root / RUNS)

    def ids(self) -> list[str]:
        """Every run, oldest first."""
        return sorted(path.parent.name for path in self.root.glob(f"*/{RECORD}"))

    def list(self, strategy: str | None = None) -> list[RunRecord]:
        """The records, newest first."""
        found = [self.read(name) for name in reversed(self.ids())]
        return [record for record in found if strategy in (None, record.strategy)]

    def read(self, name: str) -> RunRecord:
        """One record by its whole id; a run whose process has gone is "interrupted", with what it had told."""
        path = self.root / name / RECORD
        try:
            record = RunRecord.from_json(path.read_text(), str(path))
            if record.is_over or _is_alive(path.parent):
                return record
            # It may have ended between the two looks.
            record = RunRecord.from_json(path.read_text(), str(path))
        except FileNotFoundError:
            raise NotFoundError(f"there is no run '{name}'; `trimtab experiments list` shows what there is") from None
        return record if record.is_over else self._interrupted(record)

    def find(self, given: str) -> RunRecord:
        """A run by its id, how it begins, the digits after its dash, or "latest"."""
        known = self.ids()
        if given == "latest" and known:
            return self.read(known[-1])
        if given in known:
            return self.read(given)
        fits = [name for name in known if given and (name.startswith(given) or _ends_with(name, given))]
        if len(fits) == 1:
            return self.read(fits[0])
        if not fits:
            raise NotFoundError(
                f"there is no run '{given}' among the {len(known)} recorded; `trimtab experiments list` shows them"
            )
        shown = ", ".join(fits[:SHOWN_IDS]) + (", ..." if len(fits) > SHOWN_IDS else "")
        raise ConfigurationError(f"'{given}' fits {len(fits)} runs ({shown}); give more of the id")

    def points(self, name: str) -> tuple[MetricPoint, ...]:
        """Every metric of a run, in the order told."""
        try:
            with open(self.root / name / METRICS, encoding="utf-8") as lines:
                return tuple(read_points(lines))
        except FileNotFoundError:
            return ()

    def series(self, name: str) -> dict[str, dict[int, float]]:
        """The metrics by step: value by step, by metric name; a step told twice has its last value."""
        found: dict[str, dict[int, float]] = {}
        for point in self.points(name):
            if point.name is not None and point.step is not None:
                found.setdefault(point.name, {})[point.step] = point.value
        return found

    def progress(self, name: str) -> tuple[int, int | None] | None:
        """The last step told and how many there will be; None before the first."""
        steps = [(point.step, point.total) for point in self.points(name) if point.step is not None]
        return steps[-1] if steps else None

    def remove(self, name: str) -> None:
        """Forget a run that is over; its files in the artifact store stay."""
        # The record goes first: a removal that is cut short leaves no half of a run to be read.
        (self.root / name / RECORD).unlink(missing_ok=True)
        shutil.rmtree(self.root / name, ignore_errors=True)

    def _interrupted(self, record: RunRecord) -> RunRecord:
        points = self.points(record.id)
        whole = {point.name: point.value for point in points if point.name is not None and point.step is None}
        last = points[-1].time if points else None
        return replace(record, status="interrupted", metrics=whole, finished=last)


def _ends_with(name: str, given: str) -> bool:
    digits = name[-HASH_DIGITS:]
    return len(given) >= SHORTEST_HASH and digits.startswith(given)


def _is_alive(folder: Path) -> bool:
    """Whether a process holds the lock of a run."""
    try:
        descriptor = os.open(folder / ALIVE, os.O_RDONLY)
    except OSError:  # removed meanwhile
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False

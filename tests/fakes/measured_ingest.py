"""A process that ingests a bar file into an empty lake and prints how much memory that took.

Run as `python measured_ingest.py FILE LAKE`; prints megabytes above what the process held before.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pandas  # noqa: F401 - what the process holds anyway
import pyarrow.parquet  # noqa: F401

from trimtab.bars.ingest import ingest
from trimtab.bars.quarantine import Quarantine
from trimtab.bars.sources.files import BarFiles
from trimtab.bars.store import BarStore
from trimtab.clock import SimulatedClock
from trimtab.config import Settings
from trimtab.storage.lake import open_lake


def peak_megabytes() -> float:
    """The most memory this process has held; unlike `ru_maxrss`, nothing of its parent's."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def main(file: Path, folder: Path) -> None:
    """Ingest every series of the file."""
    before = peak_megabytes()
    lake = open_lake(Settings(data_dir=folder), SimulatedClock(datetime(2100, 1, 1, tzinfo=UTC)))
    source, store, quarantine = BarFiles(file), BarStore(lake), Quarantine(lake)
    for series in source.instruments():
        ingest(source, series, store, quarantine, lake.clock)
    print(peak_megabytes() - before)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

"""Bars per second and peak memory of an ingest, beside pandas copying the same file.

Real bars where `../shared/data` (or `TRIMTAB_TEST_DATA`) has them: hours of 22 crypto pairs and days of
299 equities. Elsewhere simulated walks of the same shape. Every row is measured in a process of
its own, so that the memory of one thing is not the memory of another; `python -m benchmarks.ingest WORK
FILE` is that process.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.measuring import Section, times

ROUNDS = 2
SHAPES = {"crypto_1h": (22, 22_265, "1h"), "equities_daily": (299, 2_787, "1d")}
NOTE = f"""`fetch` reads every series and does nothing with it; `ingest` reads, judges and stores into an empty lake, every
series with two fsyncs; `copy` is `pandas.read_parquet` → `to_parquet` of the same file, the bound for anything that has to
read and write these bars; `whole` reads the file into memory in one piece, as `trimtab bars check` does. Seconds are those of
the clock, the faster of {ROUNDS} rounds, because waiting for the disk is part of the matter; processor seconds stand beside.
Memory is the peak of the process above what it held after its imports."""


@dataclass(frozen=True)
class Cost:
    """What one kind of work took.

    Attributes
    ----------
    bars: how many went through.
    seconds, processor_seconds: of the faster round.
    megabytes: peak of the process above what it held before the first round.
    """

    bars: int
    seconds: float
    processor_seconds: float
    megabytes: float


def measure() -> list[Section]:
    """Both files."""
    with tempfile.TemporaryDirectory() as folder:
        notes = [NOTE, "Columns as above."]
        return [_section(name, Path(folder), note) for name, note in zip(SHAPES, notes, strict=True)]


def _section(name: str, folder: Path, note: str) -> Section:
    path, said = _bars_of(name, folder)
    costs = {work: _in_own_process(work, path) for work in WORK}
    bound = costs["copy"]
    table = [
        (
            work,
            f"{cost.bars:,}",
            f"{cost.seconds:.2f}",
            f"{cost.processor_seconds:.2f}",
            f"{cost.bars / cost.seconds:,.0f}",
            times(cost.seconds, bound.seconds),
            times(cost.processor_seconds, bound.processor_seconds),
            f"{cost.megabytes:.0f}",
        )
        for work, cost in costs.items()
    ]
    header = ("work", "bars", "seconds", "processor s", "bars/s", "× copy", "× copy, processor", "memory, MB")
    return Section(f"Ingest: {said}", header, table, note)


def _bars_of(name: str, folder: Path) -> tuple[Path, str]:
    """The file to measure with, and what it is."""
    n_series, n_bars, timeframe = SHAPES[name]
    root = Path(__file__).parents[1]
    shared = Path(os.environ.get("TRIMTAB_TEST_DATA", root.parent / "shared" / "data")) / f"{name}.parquet"
    if shared.is_file():
        return shared, f"{name}, {n_series} real series of {timeframe} bars"
    path = folder / f"{name}.parquet"
    _simulate(path, n_series, n_bars, timeframe)
    return path, f"{n_series} simulated series of {n_bars:,} bars of {timeframe}, no real ones being at hand"


def _simulate(path: Path, n_series: int, n_bars: int, timeframe: str) -> None:
    """Random walks round the clock, sorted by instrument, in the columns of a common export."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    step = np.timedelta64(1, timeframe[-1].replace("d", "D"))
    opened = np.datetime64("2005-01-01", "us") + np.arange(n_bars) * step
    writer = None
    for seed in range(n_series):
        rng = np.random.default_rng(seed)
        close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, n_bars)))
        open_ = np.concatenate([close[:1], close[:-1]])
        part = pa.table(
            {
                "symbol": [f"S{seed:03d}"] * n_bars,
                "timeframe": [timeframe] * n_bars,
                "ts": pa.array(opened).cast(pa.timestamp("ms", "UTC")),
                "open": open_,
                "high": np.maximum(open_, close) * (1 + np.abs(rng.normal(0, 0.003, n_bars))),
                "low": np.minimum(open_, close) * (1 - np.abs(rng.normal(0, 0.003, n_bars))),
                "close": close,
                "volume": rng.lognormal(10, 1, n_bars).round(),
            }
        )
        writer = writer or pq.ParquetWriter(path, part.schema, compression="zstd")
        writer.write_table(part)
    if writer is not None:
        writer.close()


def _in_own_process(work: str, path: Path) -> Cost:
    command = [sys.executable, "-m", "benchmarks.ingest", work, str(path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    return Cost(**json.loads(answer.stdout))


def _fetch(path: Path, _: Path) -> int:
    from trimtab.bars.sources.files import BarFiles

    source = BarFiles(path)
    return sum(len(source.fetch(series)) for series in source.instruments())


def _fetch_by_duckdb(path: Path, _: Path) -> int:
    from trimtab.bars.sources.duckdb import DuckDBBars

    source = DuckDBBars(path)
    return sum(len(source.fetch(series)) for series in source.instruments())


def _ingest(path: Path, folder: Path) -> int:
    from trimtab.bars.ingest import ingest
    from trimtab.bars.quarantine import Quarantine
    from trimtab.bars.sources.files import BarFiles
    from trimtab.bars.store import BarStore
    from trimtab.clock import SimulatedClock
    from trimtab.config import Settings
    from trimtab.storage.lake import open_lake

    lake = open_lake(Settings(data_dir=folder), SimulatedClock(datetime(2100, 1, 1, tzinfo=UTC)))
    source, store, quarantine = BarFiles(path), BarStore(lake), Quarantine(lake)
    return sum(ingest(source, series, store, quarantine, lake.clock).fetched for series in source.instruments())


def _whole(path: Path, _: Path) -> int:
    from trimtab.bars.files import read_bar_file

    return sum(map(len, read_bar_file(path).bars.values()))


def _copy(path: Path, folder: Path) -> int:
    import pandas as pd

    frame = pd.read_parquet(path)
    frame.to_parquet(folder / "copy.parquet", compression="zstd")
    return len(frame)


WORK: dict[str, Callable[[Path, Path], int]] = {
    "ingest": _ingest,
    "fetch": _fetch,
    "fetch by duckdb": _fetch_by_duckdb,
    "whole": _whole,
    "copy": _copy,
}


def _peak_megabytes() -> float:
    """The most memory this process has held; what its parent held does not count."""
    status = Path("/proc/self/status")
    if status.is_file():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _cost(work: str, path: Path) -> Cost:
    import duckdb
    import pandas
    import pyarrow.parquet

    import trimtab.bars.ingest
    import trimtab.bars.sources.duckdb
    import trimtab.bars.sources.files  # noqa: F401 - what a process holds before it begins

    assert duckdb and pandas and pyarrow
    before, rounds = _peak_megabytes(), []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            began, processor = time.perf_counter(), time.process_time()
            bars = WORK[work](path, Path(folder))
            rounds.append((time.perf_counter() - began, time.process_time() - processor, bars))
    seconds, processor_seconds, bars = min(rounds)
    return Cost(bars, seconds, processor_seconds, _peak_megabytes() - before)


if __name__ == "__main__":
    print(json.dumps(asdict(_cost(sys.argv[1], Path(sys.argv[2])))))

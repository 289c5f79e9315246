"""What restatements cost the readers of a stored series, before and after compaction.

Three years of hours; each batch restates a day of them, as exchanges do. The current bars are read
from the part of the first append alone, and again after 1, 100 and 1,000 batches.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.measuring import Section, best_of
from trimtab.bars.compaction import write_part
from trimtab.bars.schema import Bars
from trimtab.bars.store import MAX_PARTS, BarStore
from trimtab.config import Settings
from trimtab.market import Series, Timeframe
from trimtab.storage.lake import open_lake

HOURS, RESTATED, BATCHES = 26_280, 24, (1, 100, 1_000)
SERIES = Series("BENCH", Timeframe.HOUR)
RECEIVED = datetime(2024, 1, 1, tzinfo=UTC)
NOTE = f"""{HOURS:,} hours of one series; each batch restates {RESTATED} of them. Processor time as a multiple of reading the bars
when they had been appended once, in the same run. An append compacts by itself above {MAX_PARTS} parts, which was
switched off here. After compaction the current bars are one file again; older versions are in a file that is not opened."""


def measure() -> list[Section]:
    """The current bars after more and more restatements."""
    rows = [_row(n_batches) for n_batches in BATCHES]
    header = ("restatement batches", "versions", "parts", "× once, before", "× once, after compaction", "ms after")
    return [Section("Reading the current bars of a restated series", header, rows, NOTE)]


def _row(n_batches: int) -> tuple[str, ...]:
    with tempfile.TemporaryDirectory() as folder:
        store = BarStore(open_lake(Settings(data_dir=Path(folder))), max_parts=10 * max(BATCHES))
        first = _hours()
        store.append(first, RECEIVED)
        _restate(store, first, n_batches)
        scattered = best_of(lambda: store.current(SERIES), 3)
        store.compact(SERIES)
        # Beside a store that holds the same bars once, by turns, so that both see the same machine.
        once = BarStore(open_lake(Settings(data_dir=Path(folder) / "once")))
        once.append(store.stored(SERIES), RECEIVED)
        alone, compacted = np.inf, np.inf
        for _ in range(20):
            alone = min(alone, best_of(lambda: once.current(SERIES), 5))
            compacted = min(compacted, best_of(lambda: store.current(SERIES), 5))
        return (
            f"{n_batches:,}",
            f"{store.n_versions(SERIES):,}",
            f"{n_batches + 1:,}",
            f"{scattered / alone:.1f}",
            f"{compacted / alone:.2f}",
            f"{1e3 * compacted:.1f}",
        )


def _hours() -> Bars:
    rng = np.random.default_rng(7)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, HOURS)))
    times = np.datetime64("2020-01-01", "us") + np.arange(HOURS) * SERIES.timeframe.duration_us
    return Bars.build(SERIES, times, close, close * 1.001, close * 0.999, close, rng.lognormal(8, 1, HOURS).round())


def _restate(store: BarStore, first: Bars, n_batches: int) -> None:
    """The parts that so many appends leave, written without comparing each with all that went before."""
    rng = np.random.default_rng(8)
    for number in range(n_batches):
        start = int(rng.integers(0, HOURS - RESTATED))
        day = first.take(slice(start, start + RESTATED))
        received = np.full(RESTATED, np.datetime64("2024-01-02", "us") + number * np.timedelta64(3_600_000_000, "us"))
        restated = replace(day, close=day.close * (1 + 1e-4 * number), known_time=received, received_time=received)
        write_part(store.lake.tables, f"bars/{SERIES.key}/{number + 2:06d}", restated)

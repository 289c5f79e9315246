"""What several processes write into one store: run as a process, and as the plain truth beside it.

`python -m fakes.bar_writer LAKE WRITER FIRST_STEP` appends the batches of one writer from a step on and
prints the number of each step once it is stored.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from trimtab.bars.schema import Bars
from trimtab.bars.store import BarStore
from trimtab.config import Settings
from trimtab.market import Series, Timeframe
from trimtab.storage.lake import open_lake

STEPS = 16
DAYS = 6
MAX_PARTS = 2  # so that most appends compact
SHARED = Series("SHARED", Timeframe.DAY)
START = datetime(2024, 1, 1, tzinfo=UTC)


def own_series(writer: str) -> Series:
    """A series that nobody else writes."""
    return Series(f"ONLY-{writer}", Timeframe.DAY)


def batches(writer: str, step: int) -> list[Bars]:
    """Its days of the shared series, restated at every step; a day that all tell alike; and its own series."""
    first = DAYS * "ABC".index(writer)
    restated = _bars(SHARED, np.arange(first, first + DAYS), 100.0 + step)
    agreed = _bars(SHARED, np.array([100 + step]), 50.0)
    own = _bars(own_series(writer), np.arange(step + 1), 10.0 + step // 3)
    return [restated, agreed, own]


def received(step: int) -> datetime:
    """When the batches of a step came."""
    return START + timedelta(hours=step)


def _bars(series: Series, days: np.ndarray, close: float) -> Bars:
    times = np.datetime64("2020-01-01", "us") + days * np.timedelta64(86_400_000_000, "us")
    return Bars.build(series, times, *[np.full(len(days), close)] * 5)


def write(store: BarStore, writer: str, step: int) -> None:
    """Append the batches of one step."""
    for bars in batches(writer, step):
        store.append(bars, received(step))


def main() -> None:
    """Append from a step on, saying each when it is done."""
    root, writer, first = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    store = BarStore(open_lake(Settings(data_dir=root)), max_parts=MAX_PARTS)
    print("ready", flush=True)
    for step in range(first, STEPS):
        write(store, writer, step)
        print(step, flush=True)


if __name__ == "__main__":
    main()

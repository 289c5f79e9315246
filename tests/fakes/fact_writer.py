"""What several processes write into one store of facts: run as a process, and as the plain truth beside it.

`python -m fakes.fact_writer LAKE WRITER FIRST_STEP` appends the batches of one writer from a step on and prints
the number of each step once it is stored.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet  # noqa: F401 - the store imports it with its first write, which is then as quick as the others

from trimtab.config import Settings
from trimtab.facts import Figures, Texts
from trimtab.facts.store import FactStore
from trimtab.storage.lake import open_lake

STEPS = 12
PERIODS = 5
MAX_PARTS = 2  # so that most appends compact
DAY = np.timedelta64(86_400_000_000, "us")
FIRST = np.datetime64("2020-01-01", "us")


def batch(writer: str, step: int) -> tuple[Figures, Texts]:
    """Its own periods of a shared instrument, restated at every step, one all tell alike; and two texts."""
    own = FIRST + (np.arange(PERIODS) + PERIODS * "ABC".index(writer)) * DAY
    end = np.append(own, FIRST + (100 + step) * DAY)
    value, known = np.append(np.full(PERIODS, float(step)), 50.0), np.full(PERIODS + 1, FIRST + (200 + step) * DAY)
    nothing = np.full(PERIODS + 1, np.datetime64("NaT", "us"))
    figures = Figures.build("SHARED", ["assets"] * (PERIODS + 1), nothing, end, value, known)
    time = FIRST + step * DAY
    return figures, Texts.build("SHARED", [time, time], ["news"] * 2, [f"{writer} said {step}", f"all say {step}"])


def write(store: FactStore, writer: str, step: int) -> None:
    """Append the batches of one step."""
    received = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=step)
    figures, texts = batch(writer, step)
    store.append_figures(figures, received)
    store.append_texts(texts, received)


def main() -> None:
    """Append from a step on, saying each when it is done."""
    root, writer, first = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    store = FactStore(open_lake(Settings(data_dir=root)), max_parts=MAX_PARTS)
    print("ready", flush=True)
    for step in range(first, STEPS):
        write(store, writer, step)
        print(step, flush=True)


if __name__ == "__main__":
    main()

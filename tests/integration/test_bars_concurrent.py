"""Two real processes append to one series at the same time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from fakes.bars import random_walk

from trimtab.bars.store import BarStore
from trimtab.storage.lake import Lake

FAKES = Path(__file__).resolve().parents[1]
WRITER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from fakes.bars import random_walk
from trimtab.bars.store import BarStore
from trimtab.config import Settings
from trimtab.storage.lake import open_lake

store, bars = BarStore(open_lake(Settings(data_dir=Path(sys.argv[1])))), random_walk(15)
print("ready", flush=True)
sys.stdin.readline()
new = 0
for day in range(15):
    new += store.append(bars.take(slice(day, day + 1)), datetime(2024, 1, 1, tzinfo=UTC)).new
print(new)
"""


def test_every_bar_is_stored_once_whoever_comes_first(lake: Lake) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(FAKES), os.environ.get("PYTHONPATH", "")])}
    # The same bars in the same order, so that both look for a bar before either has stored it.
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(lake.root)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    counts = [int(writer.communicate()[0]) for writer in writers]
    store, bars = BarStore(lake), random_walk(15)
    assert [writer.returncode for writer in writers] == [0, 0]
    assert sum(counts) == 15
    assert store.n_versions(bars.series) == 15
    np.testing.assert_array_equal(store.current(bars.series).close, bars.close)

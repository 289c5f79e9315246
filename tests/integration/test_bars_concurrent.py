"""Real processes append to one store at the same time, and some of them are killed."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from fakes.bar_writer import DAYS, MAX_PARTS, SHARED, STEPS, own_series, received, write
from fakes.bars import random_walk

from trimtab.bars.store import BarStore
from trimtab.config import Settings
from trimtab.market import Series
from trimtab.storage.lake import Lake, open_lake
from trimtab.storage.parts import list_parts

TESTS = Path(__file__).resolve().parents[1]
WRITERS = ("A", "B", "C")
SIMPLE_WRITER = """
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


def python(*arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])}
    return subprocess.Popen(
        [sys.executable, *arguments], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_every_bar_is_stored_once_whoever_comes_first(lake: Lake) -> None:
    # The same bars in the same order, so that both look for a bar before either has stored it.
    writers = [python("-c", SIMPLE_WRITER, str(lake.root)) for _ in range(2)]
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


@contextmanager
def writing(lake: Lake, writer: str, first: int) -> Iterator[subprocess.Popen[str]]:
    process = python("-m", "fakes.bar_writer", str(lake.root), writer, str(first))
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class Relay:
    """One writer after another under one name: when one is killed, the next goes on where it stopped."""

    def __init__(self, lake: Lake, name: str) -> None:
        self.lake, self.name, self.done, self.n_kills = lake, name, 0, 0
        self._start()

    def _start(self) -> None:
        self.process = python("-m", "fakes.bar_writer", str(self.lake.root), self.name, str(self.done))

    @property
    def is_done(self) -> bool:
        return self.done == STEPS

    def kill_at_work(self, seconds: float) -> None:
        """Wait for its next sign of life, kill it so much later, and start the next one where it stopped."""
        assert self.process.stdout is not None
        said = [self.process.stdout.readline()]
        time.sleep(seconds)
        self.process.kill()
        said += self.process.stdout.read().splitlines()  # not communicate(), which forgets what readline() holds
        self.process.wait()
        self.done = max([self.done, *(int(line) + 1 for line in said if line.strip().isdigit())])
        if not self.is_done:
            self.n_kills += 1
            self._start()

    def finish(self) -> None:
        self.process.communicate()
        assert self.is_done or self.process.returncode == 0


def state(store: BarStore, series: Series) -> dict[str, object]:
    """What anybody can read of a series at any of the times something was received."""
    columns = lambda bars: {name: array.tolist() for name, array in bars.arrays()}  # noqa: E731 - used three times below
    return {
        "fingerprint": store.fingerprint(series),
        "current": columns(store.current(series)),
        "known": [columns(store.as_known_at(series, received(step))) for step in range(STEPS)],
        "received": [columns(store.as_received_at(series, received(step))) for step in range(STEPS)],
        "versions": store.n_versions(series),
        "revision_times": store.revision_times(series).tolist(),
    }


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> dict[Series, dict[str, object]]:
    """What one process leaves that does it all in order, without ever compacting."""
    store = BarStore(open_lake(Settings(data_dir=tmp_path_factory.mktemp("truth"))), max_parts=10_000)
    for step in range(STEPS):
        for writer in WRITERS:
            write(store, writer, step)
    return {series: state(store, series) for series in [SHARED, *map(own_series, WRITERS)]}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_writers_killed_at_random_moments_lose_nothing_and_double_nothing(
    lake: Lake, truth: dict[Series, dict[str, object]], seed: int
) -> None:
    """Three writers restate one series and their own ones; they are killed while they append and compact."""
    chance, store = random.Random(seed), BarStore(lake, MAX_PARTS)
    relays = [Relay(lake, name) for name in WRITERS]
    for _ in range(12):
        at_work = [relay for relay in relays if not relay.is_done]
        if not at_work:
            break
        chance.choice(at_work).kill_at_work(chance.uniform(0.0, 0.08))
        read = store.current(SHARED)  # a reader beside them never sees a bar twice, or a hole in a batch
        assert (np.diff(read.event_time) > np.timedelta64(0)).all()
        assert int((read.close != 50.0).sum()) % DAYS == 0
    for relay in relays:
        relay.finish()
    assert sum(relay.n_kills for relay in relays) >= 5
    for series, expected in truth.items():
        assert state(store, series) == expected
        assert list_parts(lake.tables, f"bars/{series.key}").covered == ()


@pytest.mark.slow
def test_a_reader_beside_compacting_writers_always_sees_whole_batches(lake: Lake) -> None:
    store, n_reads, most = BarStore(lake, MAX_PARTS), 0, 0
    with writing(lake, "A", 0) as one, writing(lake, "B", 0) as other:
        while one.poll() is None or other.poll() is None:
            read = store.current(SHARED)
            versions = store.n_versions(SHARED)
            assert int((read.close != 50.0).sum()) % DAYS == 0
            assert (len(read) >= most) and (versions >= len(read) - 1)
            most, n_reads = len(read), n_reads + 1
        assert (one.returncode, other.returncode) == (0, 0)
    assert n_reads > 10
    assert len(store.current(SHARED)) == 2 * DAYS + STEPS

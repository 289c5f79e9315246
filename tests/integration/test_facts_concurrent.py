"""Real processes append facts of one instrument at the same time, and some of them are killed."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fakes.fact_writer import MAX_PARTS, PERIODS, STEPS, write

from trimtab.config import Settings
from trimtab.facts.store import FactStore
from trimtab.storage.lake import Lake, open_lake
from trimtab.storage.parts import list_parts

TESTS = Path(__file__).resolve().parents[1]
WRITERS = ("A", "B")
SECONDS_OF_A_STEP = 0.15


def start(lake: Lake, writer: str, first: int = 0) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])}
    return subprocess.Popen(
        [sys.executable, "-m", "fakes.fact_writer", str(lake.root), writer, str(first)],
        env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def state(store: FactStore) -> tuple[dict[str, str], int, int]:
    return store.fingerprint("SHARED"), len(store.figures("SHARED")), len(store.texts("SHARED"))


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], int, int]:
    """What one process leaves that does it all in order, without ever compacting."""
    store = FactStore(open_lake(Settings(data_dir=tmp_path_factory.mktemp("truth"))), max_parts=10_000)
    for step in range(STEPS):
        for writer in WRITERS:
            write(store, writer, step)
    return state(store)


def test_every_fact_is_stored_once_whoever_comes_first(lake: Lake, truth: tuple[dict[str, str], int, int]) -> None:
    writers = [start(lake, name) for name in WRITERS]
    store, most = FactStore(lake), 0
    while any(writer.poll() is None for writer in writers):
        figures = store.figures("SHARED")  # a reader beside them sees whole batches only, and never fewer than before
        assert int((figures.value != 50.0).sum()) % PERIODS == 0
        assert len(figures) >= most
        most = len(figures)
    for writer in writers:
        writer.communicate()
    assert [writer.returncode for writer in writers] == [0, 0]
    assert state(store) == truth
    assert truth[1:] == (len(WRITERS) * PERIODS * STEPS + STEPS, len(WRITERS) * STEPS + STEPS)


@pytest.mark.slow
def test_writers_killed_at_random_moments_lose_nothing_and_double_nothing(
    lake: Lake, truth: tuple[dict[str, str], int, int]
) -> None:
    """One writer after another is killed in the middle of an append or a compaction, and the next goes on from there."""
    chance, done, n_kills = random.Random(7), dict.fromkeys(WRITERS, 0), 0
    while any(steps < STEPS for steps in done.values()):
        name = chance.choice([name for name, steps in done.items() if steps < STEPS])
        process = start(lake, name, done[name])
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(1 + chance.randrange(2))]  # ready, and perhaps a step
        time.sleep(chance.uniform(0.0, SECONDS_OF_A_STEP))
        process.kill()  # SIGKILL: nothing is tidied up
        said += process.stdout.read().splitlines()
        n_kills += process.wait() < 0
        done[name] = max([done[name], *(int(line) + 1 for line in said if line.strip().isdigit())])
    assert n_kills >= 5
    store = FactStore(lake, MAX_PARTS)
    assert state(store) == truth
    write(store, "A", STEPS - 1)  # the next writer tidies up what a killed one has left
    assert state(store) == truth
    assert list_parts(lake.tables, "facts/figures/SHARED").covered == ()

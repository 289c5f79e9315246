"""Taking a delivery, killed at any moment with real processes: the next one completes it, nothing twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fakes.bars import random_walk
from fakes.deliveries import csv_bytes, deliver
from fakes.strategies import open_world, run_environment, write_strategy

from trimtab.bars.inbox import InboxScan
from trimtab.pipeline.inbox import inbox_of
from trimtab.pipeline.workspace import Workspace

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

INGEST = (sys.executable, "-c", "from trimtab.cli.bars.inbox import app; app(['ingest'])")
N_SERIES, N_BARS = 12, 300


@pytest.fixture(scope="module")
def delivery() -> bytes:
    """Many series in one file, a bad bar in each."""
    lines = []
    for n in range(N_SERIES):
        series = csv_bytes(random_walk(N_BARS, seed=n, instrument=f"S{n:02d}")).decode().splitlines()
        fields = series[100].split(",")
        series[100] = ",".join([*fields[:3], "-1", *fields[4:]])
        lines += series if n == 0 else series[1:]
    return ("\n".join(lines) + "\n").encode()


def world(folder: Path, delivery: bytes) -> tuple[dict[str, str], Workspace]:
    strategies = write_strategy(folder / "strategies", universe={"source": "inbox", "instruments": ["S00"]})
    environment = run_environment(folder / "data", strategies, TRIMTAB_INBOX_SETTLE_SECONDS="0")
    workspace = open_world(folder / "data", strategies)
    deliver(inbox_of(workspace).folder, "many.csv", delivery)
    return environment, workspace


def content(workspace: Workspace) -> dict[str, tuple[str, int, int]]:
    """Everything that must be the same however often the process was killed."""
    store, quarantine = workspace.bars, workspace.quarantine
    return {
        each.key: (store.fingerprint(each), store.n_versions(each), quarantine.count(each)) for each in store.series()
    }


def scan(workspace: Workspace) -> InboxScan:
    return inbox_of(workspace).scan(datetime.now(UTC) + timedelta(minutes=1))


def kill_after(environment: dict[str, str], data: Path, n_stored: int, then_seconds: float) -> bool:
    """Start an ingest, wait until so many series have parts, then so long, and kill it; was it still running?"""
    process = subprocess.Popen(INGEST, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and len(list(data.glob("bars/S*/*.parquet"))) < n_stored:
        time.sleep(0.002)
    time.sleep(then_seconds)
    process.kill()
    return process.wait() == -signal.SIGKILL


def test_a_delivery_killed_again_and_again_ends_as_if_nothing_had_happened(tmp_path: Path, delivery: bytes) -> None:
    environment, undisturbed = world(tmp_path / "undisturbed", delivery)
    subprocess.run(INGEST, env=environment, check=True, capture_output=True)
    assert len(content(undisturbed)) == N_SERIES
    assert all(refused == 1 for _, _, refused in content(undisturbed).values())

    environment, killed = world(tmp_path / "killed", delivery)
    chance = random.Random(7)
    kills = [
        kill_after(environment, killed.lake.root, n_stored, chance.uniform(0.0, 0.03)) for n_stored in (0, 1, 4, 8, 12)
    ]
    assert sum(kills) >= 3  # the last ones may come too late
    subprocess.run(INGEST, env=environment, check=True, capture_output=True)
    assert content(killed) == content(undisturbed)
    assert [each.name for each in scan(killed).done] == ["many.csv"]
    assert list((killed.lake.root / "inbox_ledger" / "taken").iterdir()) == []
    assert len(list(inbox_of(killed).ledger.entries())) == 1

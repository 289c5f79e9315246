"""The memory of an ingest is that of a few instruments, however many a file holds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from fakes.bars import random_walk

from trimtab.bars.files import read_bar_file

FEW = 30
# Ten times the instruments may cost this much more: less than half of what their bars would take.
MORE_MEGABYTES = 20.0
SCRIPT = Path(__file__).parents[1] / "fakes" / "measured_ingest.py"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Path("/proc/self/status").is_file(), reason="needs Linux, which tells the peak of a process"
    ),
]


def megabytes_of_ingest(file: Path, lake: Path) -> float:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(file), str(lake)], capture_output=True, text=True, check=True, timeout=280
    )
    return float(done.stdout)


def few_and_many(whole: pa.Table, name: str, folder: Path) -> tuple[Path, Path]:
    few = pc.unique(whole[name]).slice(0, FEW)
    pq.write_table(whole, folder / "many.parquet", compression="zstd")
    pq.write_table(whole.filter(pc.is_in(whole[name], few)), folder / "few.parquet", compression="zstd")
    return folder / "few.parquet", folder / "many.parquet"


def megabytes_of_bars(file: Path) -> float:
    """What the bars of a file take in memory."""
    return sum(array.nbytes for bars in read_bar_file(file).bars.values() for _, array in bars.arrays()) / 2**20


def assert_memory_does_not_grow(few: Path, many: Path, folder: Path) -> None:
    assert megabytes_of_bars(many) - megabytes_of_bars(few) > 2 * MORE_MEGABYTES  # or this would prove nothing
    grown = megabytes_of_ingest(many, folder / "many") - megabytes_of_ingest(few, folder / "few")
    assert grown < MORE_MEGABYTES


def test_299_real_equities_take_no_more_memory_than_30(shared_data: Path, tmp_path: Path) -> None:
    whole = pq.read_table(shared_data / "equities_daily.parquet")
    assert_memory_does_not_grow(*few_and_many(whole, "symbol", tmp_path), tmp_path)


def test_300_walks_take_no_more_memory_than_30(tmp_path: Path) -> None:
    walks = [random_walk(2_500, seed, f"W{seed:03d}", start="2005-01-01").to_table() for seed in range(300)]
    assert_memory_does_not_grow(*few_and_many(pa.concat_tables(walks), "instrument_id", tmp_path), tmp_path)

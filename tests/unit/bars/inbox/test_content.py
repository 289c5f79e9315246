"""What a delivery is known by."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest
from fakes.bars import random_walk
from fakes.deliveries import csv_bytes, deliver, parquet_bytes

from trimtab.bars.inbox.content import content_of, sha256_file

BARS = random_walk(20)
CSV, PARQUET = csv_bytes(BARS), parquet_bytes(BARS)


def test_a_file_is_hashed_as_it_is(tmp_path: Path) -> None:
    big = bytes(range(256)) * 20_000
    assert sha256_file(deliver(tmp_path, "a.csv", big)) == hashlib.sha256(big).hexdigest()


@pytest.mark.parametrize(
    ("names", "content"),
    [
        (("a.csv", "b.csv"), CSV),
        (("a.parquet", "b.parquet"), PARQUET),
        (("a.csv.gz", "b.csv.gz"), gzip.compress(CSV)),
        (("a.csv", "b.csv"), b"no bars at all"),
        (("a.parquet", "b.parquet"), b"PAR1 no Parquet file"),
    ],
)
def test_the_name_of_a_file_that_says_its_instruments_does_not_count(
    tmp_path: Path, names: tuple[str, str], content: bytes
) -> None:
    first, second = (content_of(deliver(tmp_path, name, content)) for name in names)
    assert first == second == hashlib.sha256(content).hexdigest()


def test_where_the_name_says_the_instrument_another_name_is_another_content(tmp_path: Path) -> None:
    nameless = csv_bytes(BARS, instrument=False)
    typo, right, again = (
        content_of(deliver(tmp_path / folder, name, nameless))
        for folder, name in (("1", "APPL.csv"), ("1", "AAPL.csv"), ("2", "AAPL.csv"))
    )
    assert typo != right
    assert right == again

"""Which files count as fully written."""

from __future__ import annotations

import gzip
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fakes.bars import random_walk
from fakes.deliveries import csv_bytes, deliver, parquet_bytes

from trimtab.bars.inbox.written import Found, has_stalled, not_a_bar_file, too_young, unfinished

BARS = random_walk(40)
PARQUET, CSV = parquet_bytes(BARS), csv_bytes(BARS)
GZIP = gzip.compress(CSV)


def touched(path: Path) -> datetime:
    return Found.at(path).touched


@pytest.mark.parametrize("name", ["bars.csv", "BARS.CSV", "bars.csv.gz", "bars.parquet", "my.bars.2024.parquet"])
def test_a_bar_file_is_known_by_its_ending(name: str) -> None:
    assert not_a_bar_file(name) is None


@pytest.mark.parametrize(
    "name", ["bars.csv.tmp", "bars.csv.part", "bars.parquet.crdownload", "bars.csv~", "~bars.csv", "bars.csv.PARTIAL"]
)
def test_a_name_that_a_download_uses_meanwhile_is_one_still_being_written(name: str) -> None:
    assert "still being written" in str(not_a_bar_file(name))


@pytest.mark.parametrize("name", ["bars.xlsx", "bars", "bars.csv.zip", "README.md"])
def test_another_ending_is_named_with_those_allowed(name: str) -> None:
    assert "allowed endings are .csv, .csv.gz, .parquet" in str(not_a_bar_file(name))


def test_a_file_counts_as_written_when_it_was_left_alone_for_long_enough(tmp_path: Path) -> None:
    found = Found.at(deliver(tmp_path, "bars.csv", CSV))
    assert "changed 4 s ago" in str(too_young(found, found.touched + timedelta(seconds=4), 5.0))
    assert too_young(found, found.touched + timedelta(seconds=5), 5.0) is None


def test_a_file_that_is_dated_in_the_future_waits(tmp_path: Path) -> None:
    path = deliver(tmp_path, "bars.csv", CSV)
    os.utime(path, (4e9, 4e9))
    assert "dated in the future (2096-10-02T07:06:40Z)" in str(too_young(Found.at(path), datetime.now(UTC), 5.0))


def test_a_copy_that_keeps_an_old_date_is_as_young_as_it_is(tmp_path: Path) -> None:
    source = deliver(tmp_path / "elsewhere", "bars.csv", CSV)
    os.utime(source, (1e9, 1e9))
    copied = Path(shutil.copy2(source, tmp_path / "bars.csv"))
    assert copied.stat().st_mtime == 1e9
    assert touched(copied) > datetime(2020, 1, 1, tzinfo=UTC)


def test_a_file_has_stalled_when_nobody_has_touched_it_for_an_hour(tmp_path: Path) -> None:
    found = Found.at(deliver(tmp_path, "bars.csv", CSV))
    assert not has_stalled(found, found.touched + timedelta(minutes=59))
    assert has_stalled(found, found.touched + timedelta(hours=1))


@pytest.mark.parametrize(("name", "content"), [("a.parquet", PARQUET), ("a.csv", CSV), ("a.csv.gz", GZIP)])
def test_a_whole_file_lacks_nothing(tmp_path: Path, name: str, content: bytes) -> None:
    assert unfinished(deliver(tmp_path, name, content)) is None


@pytest.mark.parametrize(("name", "content"), [("a.parquet", PARQUET), ("a.csv.gz", GZIP)])
@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 0.999])
def test_a_file_cut_anywhere_is_unfinished(tmp_path: Path, name: str, content: bytes, share: float) -> None:
    cut = content[: int(len(content) * share)]
    assert len(cut) < len(content)
    assert "without its end" in str(unfinished(deliver(tmp_path, name, cut)))


def test_a_parquet_file_that_was_given_its_size_before_its_content_is_unfinished(tmp_path: Path) -> None:
    preallocated = PARQUET[:500] + bytes(len(PARQUET) - 500)
    assert "without its end" in str(unfinished(deliver(tmp_path, "a.parquet", preallocated)))


def test_a_parquet_file_with_a_broken_footer_is_unfinished(tmp_path: Path) -> None:
    length = int.from_bytes(PARQUET[-8:-4], "little")  # of the footer, which stands before it
    broken = PARQUET[: -8 - length] + bytes(length) + PARQUET[-8:]
    assert "footer cannot be read" in str(unfinished(deliver(tmp_path, "a.parquet", broken)))


def test_a_csv_file_that_ends_within_a_line_may_go_on(tmp_path: Path) -> None:
    assert unfinished(deliver(tmp_path, "a.csv", CSV[:-3])) == "its last line has no line break"


def test_a_file_that_is_no_gzip_file_cannot_be_unpacked(tmp_path: Path) -> None:
    assert "cannot be unpacked" in str(unfinished(deliver(tmp_path, "a.csv.gz", CSV)))


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.csv.gz"])
def test_an_empty_file_is_unfinished(tmp_path: Path, name: str) -> None:
    assert unfinished(deliver(tmp_path, name, b"")) == "it is empty (0 bytes)"

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from trimtab.errors import StorageError
from trimtab.storage.atomic import remove_leftovers, write_atomically, write_bytes


def test_a_failed_write_leaves_what_stood_there_before(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_bytes(path, b"old")

    def fail_half_way(temporary: Path) -> None:
        temporary.write_bytes(b"ne")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(
        StorageError, match=r"the disk is full: .*file was not written, what stood there before is untouched"
    ):
        write_atomically(path, fail_half_way)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_real_full_disk_is_one_clear_sentence() -> None:
    # /dev/full answers every write with ENOSPC, as a full file system does.
    def to_full_device(temporary: Path) -> None:
        with open("/dev/full", "wb", buffering=0) as device:
            device.write(b"x")

    with pytest.raises(StorageError, match="the disk is full"):
        write_atomically(Path("/tmp/never-written"), to_full_device)
    assert not Path("/tmp/never-written").exists()


def test_leftovers_of_killed_writers_are_removed_but_young_ones_are_not(tmp_path: Path) -> None:
    old, young, table = tmp_path / ".a.1.x.tmp", tmp_path / ".b.2.y.tmp", tmp_path / "c.parquet"
    for path in (old, young, table):
        path.write_bytes(b"x")
    os.utime(old, (0, 0))
    assert remove_leftovers(tmp_path) == [old]
    assert young.exists()
    assert table.exists()

"""Bad files, out of the way with their reason; nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.deliveries import deliver

from trimtab.bars.inbox.set_aside import list_set_aside, set_aside
from trimtab.errors import StorageError


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted((folder / "set_aside").iterdir())}


def test_a_bad_file_lies_beside_its_reason(tmp_path: Path) -> None:
    path = deliver(tmp_path, "bars.csv", b"nonsense")
    moved = set_aside(path, "it has no column for close")
    assert not path.exists()
    assert contents(tmp_path) == {"bars.csv": "nonsense", "bars.csv.reason.txt": "it has no column for close\n"}
    assert list_set_aside(tmp_path) == (moved,)


def test_the_next_bad_file_of_a_name_gets_a_number(tmp_path: Path) -> None:
    for content in (b"one", b"two", b"three"):
        set_aside(deliver(tmp_path, "bars.csv.gz", content), "it is bad")
    files = {name: text for name, text in contents(tmp_path).items() if not name.endswith(".txt")}
    assert files == {"bars.csv.gz": "one", "bars.2.csv.gz": "two", "bars.3.csv.gz": "three"}
    assert len(contents(tmp_path)) == 6


def test_the_same_content_bad_for_another_reason_is_kept_beside_the_first(tmp_path: Path) -> None:
    for reason in ("first", "second"):
        set_aside(deliver(tmp_path, "bars.csv", b"one"), reason)
    assert {each.path.name: each.reason for each in list_set_aside(tmp_path)} == {
        "bars.csv": "first",
        "bars.2.csv": "second",
    }


def test_the_very_same_bad_file_delivered_again_and_again_is_kept_once(tmp_path: Path) -> None:
    for _ in range(3):
        set_aside(deliver(tmp_path, "bars.csv", b"one"), "it is bad")
    assert contents(tmp_path) == {"bars.csv": "one", "bars.csv.reason.txt": "it is bad\n"}


def test_a_reason_whose_file_was_taken_back_is_not_overwritten(tmp_path: Path) -> None:
    moved = set_aside(deliver(tmp_path, "bars.csv", b"one"), "first")
    moved.path.unlink()
    set_aside(deliver(tmp_path, "bars.csv", b"two"), "second")
    assert contents(tmp_path)["bars.csv.reason.txt"] == "first\n"
    assert contents(tmp_path)["bars.2.csv"] == "two"


def test_a_place_that_cannot_be_written_is_said_and_the_file_stays(tmp_path: Path) -> None:
    path = deliver(tmp_path, "bars.csv", b"one")
    (tmp_path / "set_aside").write_text("a file stands where the folder should")
    with pytest.raises(StorageError, match="set_aside"):
        set_aside(path, "it is bad")
    assert path.read_bytes() == b"one"


def test_there_is_nothing_set_aside_where_nothing_was(tmp_path: Path) -> None:
    assert list_set_aside(tmp_path / "no such folder") == ()

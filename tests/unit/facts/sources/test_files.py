"""A file that is none, or is damaged, is refused with one sentence, the same for every format."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trimtab.errors import SourceError
from trimtab.facts.sources import FIGURE_FORMATS, TEXT_FORMATS, read_figures, read_texts

FORMATS = (*FIGURE_FORMATS, *TEXT_FORMATS)


def refusal(format: str, path: Path) -> str:
    with pytest.raises(SourceError) as refused:
        if format in FIGURE_FORMATS:
            read_figures(format, path, ["AAA"])
        else:
            read_texts(format, path, ["AAA"])
    sentence = str(refused.value)
    assert "\n" not in sentence and sentence.count("(") == sentence.count(")")
    return sentence


def written(folder: Path, name: str, content: bytes) -> Path:
    (folder / name).write_bytes(content)
    return folder / name


@pytest.mark.parametrize("format", FORMATS)
def test_no_file_a_folder_and_an_empty_file_are_told_apart(tmp_path: Path, format: str) -> None:
    assert refusal(format, tmp_path / "x.csv") == f"there is no file {tmp_path / 'x.csv'}; check the path"
    assert refusal(format, tmp_path) == f"{tmp_path} is a folder; give one file"
    for name in ("x.csv", "x.parquet"):
        path = written(tmp_path, name, b"")
        assert refusal(format, path) == f"{path} is empty (0 bytes); was it fully written?"


@pytest.mark.parametrize("format", FORMATS)
def test_a_damaged_file_is_told_as_what_it_was_taken_for(tmp_path: Path, format: str) -> None:
    pq.write_table(pa.table({"symbol": ["AAA"] * 1000}), tmp_path / "whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    for content in (b"no parquet at all", whole[:-20], whole[:8]):
        path = written(tmp_path, "x.parquet", content)
        assert refusal(format, path).startswith(f"{path} cannot be read as Parquet (")
    zipped = gzip.compress(b"symbol,ts,text\n" + bytes(range(33, 127)) * 1000)
    for name, content in (
        ("ragged.csv", b"symbol,ts,text\nAAA,1,2,3,(4\nAAA\nAAA,1,2,3,(4,5,6,7\n"),
        ("cut.csv.gz", zipped[:60]),
        ("no.csv.gz", b"no gzip"),
    ):
        path = written(tmp_path, name, content)
        assert refusal(format, path).startswith(f"{path} cannot be read as CSV (")


def test_a_folder_and_an_empty_file_are_no_json_of_the_sec(tmp_path: Path) -> None:
    (tmp_path / "folder.json").mkdir()
    assert "is a folder; give one file" in refusal("sec_companyfacts", tmp_path / "folder.json")
    assert "is empty (0 bytes)" in refusal("sec_companyfacts", written(tmp_path, "x.json", b""))

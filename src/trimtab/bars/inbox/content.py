"""What a file is known by: the SHA-256 of what it says."""

from __future__ import annotations

import hashlib
from pathlib import Path

from trimtab.bars.columns import map_columns
from trimtab.bars.file_access import SUFFIXES
from trimtab.errors import SchemaError


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, read in pieces, as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_of(path: Path) -> str:
    """What a delivery is remembered by: the SHA-256 of its bytes.

    A file without a column for the instrument says it by its name, so there the name is part of what
    it says: `APPL.csv`, renamed to `AAPL.csv`, is another content. Raises `OSError` where it cannot
    be read.
    """
    digest = sha256_file(path)
    if not _is_named_by_its_file(path):
        return digest
    return hashlib.sha256(f"{digest}\0{_without_ending(path.name)}".encode()).hexdigest()


def _is_named_by_its_file(path: Path) -> bool:
    try:
        return "instrument_id" not in map_columns(_header(path), path.name)
    except SchemaError:
        return False  # not even prices: the reading says what is wrong with it


def _header(path: Path) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow import csv

    try:
        if path.name.lower().endswith(".parquet"):
            return list(pq.read_schema(path).names)
        with csv.open_csv(path) as opened:
            return list(opened.schema.names)
    except pa.ArrowException:
        return []


def _without_ending(name: str) -> str:
    ending = max((each for each in SUFFIXES if name.lower().endswith(each)), key=len, default="")
    return name[: len(name) - len(ending)]

"""Bars as a file for other programs."""

from __future__ import annotations

from pathlib import Path

from trimtab.bars.schema import Bars
from trimtab.errors import ConfigurationError
from trimtab.storage.atomic import write_atomically

SUFFIXES = (".parquet", ".csv")


def check_export_path(path: Path) -> None:
    """Raise `ConfigurationError` where the name does not say how to write bars."""
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigurationError(f"'{path}' does not end in {' or '.join(SUFFIXES)}; name the file after its format")


def export_bars(bars: Bars, path: Path) -> None:
    """Write bars in the columns of the store, as Parquet or CSV by the name; the file appears whole or not at all."""
    check_export_path(path)
    write_atomically(path, lambda temporary: _write(bars, temporary, path.suffix.lower()))


def _write(bars: Bars, temporary: Path, suffix: str) -> None:
    import pyarrow.parquet as pq
    from pyarrow import csv

    if suffix == ".parquet":
        pq.write_table(bars.to_table(), temporary, compression="zstd")
    else:
        csv.write_csv(bars.to_table(), temporary)

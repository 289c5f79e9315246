"""Reading target positions from a CSV or Parquet file, and how any such file is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

from trimtab.backtest.market import Targets
from trimtab.bars.columns import plain_name
from trimtab.bars.file_times import read_times
from trimtab.errors import DatasetError

# As `plain_name` leaves them, in order of preference; instruments and times are those of bar files.
_ALIASES = {
    "instrument_id": ("instrumentid", "instrument", "symbol", "ticker"),
    "event_time": ("eventtime", "ts", "timestamp", "datetime", "date", "time"),
    "position": ("position", "target", "weight", "units"),
}


def read_signal_file(path: Path) -> dict[str, Targets]:
    """Targets by instrument id from a file with `instrument_id`, `event_time` and `position`.

    Times are read as in bar files (a time of day needs a zone), a slash in an instrument becomes a
    hyphen, rows may come in any order, and an empty position changes nothing. Raises `DatasetError`
    when the file cannot be read, a column is missing or of another type, a position is infinite or
    given twice; `SchemaError` for times.
    """
    table = read_table(path)
    columns = {name: _find(table, path, name) for name in _ALIASES}
    if path.suffix.lower() == ".csv":
        table = read_csv(path, as_text=_written(table, columns))
    times, _ = read_times(table[columns["event_time"]], f"{path}: column '{columns['event_time']}'")
    positions = read_numbers(table, columns["position"], path, "1.0 unit or share of the equity")
    instruments, codes = _instruments(table[columns["instrument_id"]])
    _refuse_empty(path, "event_time", int(np.isnat(times).sum()))
    _refuse_empty(path, "instrument_id", int((codes < 0).sum()))
    order = np.lexsort((times, codes))
    ends = np.cumsum(np.bincount(codes, minlength=len(instruments)))[:-1]
    parts = [Targets(times[own], positions[own]) for own in np.split(order, ends)]
    by_name = sorted(zip(instruments, parts, strict=True), key=lambda pair: pair[0])
    return {name: _checked(path, name, targets) for name, targets in by_name}


def _written(table: pa.Table, columns: dict[str, str]) -> tuple[str, ...]:
    """Columns to be kept as written: the zone of a time and leading zeros of an instrument must survive."""
    time = columns["event_time"]
    is_time = pa.types.is_timestamp(table.schema.field(time).type)
    return (columns["instrument_id"], *((time,) if is_time else ()))


def _instruments(column: pa.ChunkedArray) -> tuple[list[str], np.ndarray]:
    """Distinct instrument ids, and the position among them of each row; -1 where there is none."""
    text = pc.replace_substring(pc.cast(column, pa.string()), "/", "-")
    encoded = pc.dictionary_encode(pc.if_else(pc.equal(text, ""), None, text)).combine_chunks()
    return encoded.dictionary.to_pylist(), pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)


def _refuse_empty(path: Path, column: str, n: int) -> None:
    if n:
        rows = "row has" if n == 1 else "rows have"
        raise DatasetError(f"{path}: {n} {rows} no {column}; fill or drop {'it' if n == 1 else 'them'}")


def _checked(path: Path, name: str, targets: Targets) -> Targets:
    """The targets of one instrument, in order of time, if they can be traded."""
    times, wanted = targets
    twice = np.flatnonzero(times[1:] == times[:-1])
    if len(twice):
        raise DatasetError(f"{path}: {name}: two positions are given for {times[twice[0]]}Z; keep one")
    if np.isinf(wanted).any():
        at = times[np.isinf(wanted)][0]
        raise DatasetError(f"{path}: {name}: the position at {at}Z is infinite; a position must be a finite number")
    return targets


def read_table(path: Path) -> pa.Table:
    """A file with at least one row; `DatasetError` in one sentence for any other."""
    if not path.is_file():
        raise DatasetError(f"{path} does not exist or is a folder; give a .csv or .parquet file")
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise DatasetError(f"{path.name}: only .csv and .parquet files can be read, not '{path.suffix}'")
    try:
        table = read_csv(path) if path.suffix.lower() == ".csv" else pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise DatasetError(
            f"{path} cannot be read ({' '.join(str(error).split())[:200]}); was it fully written?"
        ) from None
    if table.num_rows == 0:
        raise DatasetError(f"{path} holds no rows")
    return table


def read_csv(path: Path, as_text: tuple[str, ...] = ()) -> pa.Table:
    """A CSV file with its types guessed, but for the columns to be kept as they are written."""
    types = dict.fromkeys(as_text, pa.string())
    return csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=types))


def _find(table: pa.Table, path: Path, name: str) -> str:
    by_plain = {plain_name(column): column for column in reversed(table.column_names)}
    names = ", ".join(table.column_names)
    for alias in _ALIASES[name]:
        if alias in by_plain:
            column = by_plain[alias]
            if table.column_names.count(column) > 1:
                raise DatasetError(f"{path}: there are several columns '{column}' among {names}; keep one")
            return column
    raise DatasetError(
        f"{path}: there is no column '{name}' among {names}; signals have instrument_id, event_time, position"
    )


def read_numbers(table: pa.Table, column: str, path: Path, example: str) -> np.ndarray:
    """A column as float64 of shape (n,), empty values as NaN; `DatasetError` when it holds something else."""
    try:
        if pa.types.is_boolean(table.schema.field(column).type):
            raise pa.ArrowTypeError("yes and no are no numbers")
        values = pc.cast(table[column], pa.float64()).combine_chunks()
    except pa.ArrowException:
        found = _first_text(table[column])
        given = "" if found is None else f", but holds '{found}'"
        raise DatasetError(f"{path}: column '{column}' must hold numbers, {example}{given}") from None
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)


def _first_text(column: pa.ChunkedArray) -> str | None:
    """The first value that is no number, shortened; None where every one could be read as a number."""
    for value in column.to_pylist():
        try:
            float(value or 0)
        except (TypeError, ValueError):
            return str(value)[:40]
    return None

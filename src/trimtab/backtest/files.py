"""Reading target positions, or returns, from a CSV or Parquet file."""

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
    when the file cannot be read or a column is missing or of another type, `SchemaError` for times.
    """
    table = _read_table(path)
    columns = {name: _find(table, path, name) for name in _ALIASES}
    if path.suffix.lower() == ".csv" and pa.types.is_timestamp(table.schema.field(columns["event_time"]).type):
        table = _read_csv(path, as_text=(columns["event_time"],))  # the zone must survive
    times, _ = read_times(table[columns["event_time"]], f"{path}: column '{columns['event_time']}'")
    if np.isnat(times).any():
        raise DatasetError(f"{path}: {int(np.isnat(times).sum())} rows have no event_time; fill or drop them")
    positions = _numbers(table, columns["position"], path, "1.0 unit or share of the equity")
    names = np.array([str(name).replace("/", "-") for name in table[columns["instrument_id"]].to_pylist()])
    order = np.argsort(times, kind="stable")
    times, positions, names = times[order], positions[order], names[order]
    return {str(name): Targets(times[names == name], positions[names == name]) for name in np.unique(names)}


def read_return_file(path: Path) -> np.ndarray:
    """Returns per period from a column `return` or `returns`, or the only numeric column; float64, shape (n,).

    An empty value is an unknown return: NaN.
    """
    table = _read_table(path)
    named = [name for name in table.column_names if plain_name(name) in ("return", "returns")]
    numeric = [
        field.name for field in table.schema if pa.types.is_floating(field.type) or pa.types.is_integer(field.type)
    ]
    chosen = named or numeric
    if len(chosen) != 1:
        found = ", ".join(table.column_names)
        raise DatasetError(f"{path}: it is not clear which column holds returns among {found}; name one 'return'")
    return _numbers(table, chosen[0], path, "0.01 for one per cent")


def _read_table(path: Path) -> pa.Table:
    if not path.is_file():
        raise DatasetError(f"{path} does not exist or is a folder; give a .csv or .parquet file")
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise DatasetError(f"{path.name}: only .csv and .parquet files can be read, not '{path.suffix}'")
    try:
        table = _read_csv(path) if path.suffix.lower() == ".csv" else pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise DatasetError(
            f"{path} cannot be read ({' '.join(str(error).split())[:200]}); was it fully written?"
        ) from None
    if table.num_rows == 0:
        raise DatasetError(f"{path} holds no rows")
    return table


def _read_csv(path: Path, as_text: tuple[str, ...] = ()) -> pa.Table:
    types = dict.fromkeys(as_text, pa.string())
    return csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=types))


def _find(table: pa.Table, path: Path, name: str) -> str:
    by_plain = {plain_name(column): column for column in reversed(table.column_names)}
    for alias in _ALIASES[name]:
        if alias in by_plain:
            return by_plain[alias]
    found = ", ".join(table.column_names)
    raise DatasetError(
        f"{path}: there is no column '{name}' among {found}; signals have instrument_id, event_time, position"
    )


def _numbers(table: pa.Table, column: str, path: Path, example: str) -> np.ndarray:
    try:
        values = pc.cast(table[column], pa.float64()).combine_chunks()
    except pa.ArrowException:
        raise DatasetError(f"{path}: column '{column}' must hold numbers, {example}") from None
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)

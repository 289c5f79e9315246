"""Reading a bar file as a whole: CSV or Parquet, our columns or those of a common export."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trimtab.bars.actions.schema import Actions
from trimtab.bars.columns import map_columns
from trimtab.bars.file_access import SUFFIXES, check_bar_file, is_parquet, readable
from trimtab.bars.schema import Bars
from trimtab.bars.series_codes import SeriesCodes
from trimtab.bars.tables import decide_reading, read_columns
from trimtab.errors import SourceError
from trimtab.market import Series, Timeframe

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["SUFFIXES", "BarFile", "read_bar_file"]


@dataclass(frozen=True)
class BarFile:
    """What a bar file holds.

    Attributes
    ----------
    path: the file.
    bars: raw bars by series, in file order; nothing is judged or left out yet.
    columns: our name -> where it came from, for people: a column of the file, or how the value
        was found where the file has none.
    actions: dividends and splits the file tells, by series, none being an entry too. They are
        kept as told: neither the prices nor `factor` of the bars are changed for them.
    """

    path: Path
    bars: dict[Series, Bars]
    columns: dict[str, str]
    actions: dict[Series, Actions]


def read_bar_file(path: Path, timeframe: Timeframe | None = None, publication_lag: timedelta = timedelta(0)) -> BarFile:
    """Read a CSV or Parquet file of bars of one or many series into memory.

    Columns are mapped by `trimtab.bars.columns`; a slash in an instrument becomes a hyphen
    (BTC/USDT is BTC-USDT). Text where a number should be becomes NaN and is left to the checks.
    For one series at a time out of a large file, see `trimtab.bars.sources.files`.

    Parameters
    ----------
    timeframe: length of the bars, for files without such a column; absent, the spacing of the times says it.
    publication_lag: time from a bar's close until it was known.

    Raises
    ------
    SourceError: the file is missing, a folder, empty or not readable.
    SchemaError: columns are missing, times carry no zone, or a value cannot be understood.
    """
    check_bar_file(path)
    with readable(path):
        table = _read_parquet(path) if is_parquet(path) else _read_csv(path)
    mapping = map_columns(table.column_names, str(path))
    refuse_no_rows(path, table.num_rows)
    reading = decide_reading(
        lambda columns: [table.select(columns)],
        dict(zip(table.column_names, table.schema.types, strict=True)),
        mapping,
        str(path),
        instrument_id=name_of(path),
        timeframe=timeframe,
    )
    columns = read_columns(table, reading)
    codes = SeriesCodes(reading)
    bars: dict[Series, Bars] = {}
    actions: dict[Series, Actions] = {}
    for rows, code in _groups(codes.codes(table)):
        series = codes.series[code]
        bars[series] = columns.bars(series, rows, publication_lag)
        actions[series] = columns.actions(series, rows)
    return BarFile(path, bars, reading.columns, actions)


def name_of(path: Path) -> str:
    """The instrument of a file that does not say it: the file's name without its endings.

    >>> name_of(Path("exports/AAPL.csv.gz"))
    'AAPL'
    """
    return path.name.split(".", 1)[0] if path.name.endswith(".gz") else path.stem


def refuse_no_rows(path: Path, n_rows: int) -> None:
    """Raise `SourceError` for a file that has columns only."""
    if n_rows == 0:
        raise SourceError(f"{path} has columns but no rows; give a file with at least one bar")


def _read_parquet(path: Path) -> pa.Table:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        mapping = map_columns(file.schema_arrow.names, str(path))
        return file.read(columns=list(dict.fromkeys(mapping.values())))


def _read_csv(path: Path) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv

    with csv.open_csv(path, convert_options=csv.ConvertOptions()) as opened:
        header = opened.schema.names
    mapping = map_columns(header, str(path))
    # Read as text: leading zeros of an instrument and the zone of a time must survive.
    text = {mapping[name]: pa.string() for name in ("instrument_id", "timeframe") if name in mapping}
    types = dict(text)
    for name in ("event_time", "known_time"):
        if name in mapping and not pa.types.is_integer(_sniffed(path, mapping[name])):
            types[mapping[name]] = pa.string()
    wanted = list(dict.fromkeys(mapping.values()))
    try:
        return csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=types, include_columns=wanted))
    except pa.ArrowInvalid:
        # A column that begins with numbers and goes on with text: read all as text, judge later.
        every = dict.fromkeys(wanted, pa.string()) | {column: kind for column, kind in types.items() if column in text}
        return csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=every, include_columns=wanted))


def _sniffed(path: Path, column: str) -> pa.DataType:
    from pyarrow import csv

    with csv.open_csv(path, convert_options=csv.ConvertOptions(include_columns=[column])) as opened:
        return opened.schema.field(column).type


def _groups(codes: np.ndarray) -> list[tuple[np.ndarray | slice, int]]:
    """Row positions of each code, in order of first appearance; a slice where rows are together."""
    if (codes == codes[0]).all():
        return [(slice(None), int(codes[0]))]
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(codes[order]) != 0])
    pieces = sorted(np.split(order, starts[1:]), key=lambda piece: int(piece[0]))
    return [(piece, int(codes[piece[0]])) for piece in pieces]

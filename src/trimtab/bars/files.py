"""Reading a bar file: CSV or Parquet, our columns or those of a common export."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trimtab.bars.adjustment import factor_of
from trimtab.bars.columns import map_columns
from trimtab.bars.file_times import read_times
from trimtab.bars.schema import PRICES, Bars
from trimtab.bars.times import first_known
from trimtab.errors import SchemaError, SourceError
from trimtab.market import Series, Timeframe

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIXES = (".csv", ".csv.gz", ".parquet")
_NUMBERS = (*PRICES, "volume", "factor", "adjusted_close")


@dataclass(frozen=True)
class BarFile:
    """What a bar file holds.

    Attributes
    ----------
    path: the file.
    bars: raw bars by series, in file order; nothing is judged or left out yet.
    columns: our name -> where it came from, for people: a column of the file, or how the value
        was found where the file has none.
    """

    path: Path
    bars: dict[Series, Bars]
    columns: dict[str, str]


def read_bar_file(path: Path, timeframe: Timeframe | None = None, publication_lag: timedelta = timedelta(0)) -> BarFile:
    """Read a CSV or Parquet file of bars of one or many series.

    Columns are mapped by `trimtab.bars.columns`; a slash in an instrument becomes a hyphen
    (BTC/USDT is BTC-USDT). Text where a number should be becomes NaN and is left to the checks.

    Parameters
    ----------
    timeframe: length of the bars, for files without such a column; absent, the spacing of the times says it.
    publication_lag: time from a bar's close until it was known.

    Raises
    ------
    SourceError: the file is missing, a folder, empty or not readable.
    SchemaError: columns are missing, times carry no zone, or a value cannot be understood.
    """
    table = _read_table(path)
    mapping = map_columns(table.column_names, str(path))
    columns = dict(mapping)
    if table.num_rows == 0:
        raise SourceError(f"{path} has columns but no rows; give a file with at least one bar")
    times, note = read_times(table[mapping["event_time"]], f"{path}: column '{mapping['event_time']}'")
    columns["event_time"] = f"{mapping['event_time']} ({note})"
    numbers = {name: _as_numbers(table[mapping[name]]) for name in _NUMBERS if name in mapping}
    names, group = _instruments(table, mapping, path)
    if "instrument_id" not in mapping:
        columns["instrument_id"] = f"the file's name ({names[0]})"
    frames, frame = _timeframes(
        table, mapping=mapping, given=timeframe, times=times, group=group, path=path, columns=columns
    )
    arrays = {name: numbers[name] for name in (*PRICES, "volume")}
    arrays["factor"] = _factor(numbers, mapping, columns)
    known = None
    if "known_time" in mapping:
        known = read_times(table[mapping["known_time"]], f"{path}: column '{mapping['known_time']}'")[0]
    bars: dict[Series, Bars] = {}
    for rows, code in _groups(group * len(frames) + frame):
        series = Series(names[code // len(frames)], frames[code % len(frames)])
        if series in bars:
            raise SchemaError(
                f"{path} writes instrument {series.instrument_id} in two ways (slash and hyphen); use one"
            )
        bars[series] = _bars_of(
            series, rows=rows, times=times, arrays=arrays, known=known, publication_lag=publication_lag
        )
    return BarFile(path, bars, columns)


def _bars_of(
    series: Series,
    *,
    rows: np.ndarray | slice,
    times: np.ndarray,
    arrays: dict[str, np.ndarray],
    known: np.ndarray | None,
    publication_lag: timedelta,
) -> Bars:
    event_time = times[rows]
    earliest = first_known(series, event_time, publication_lag)
    # A file may say a bar was known later than its close, never that it was known earlier.
    known_time = earliest if known is None else np.fmax(known[rows], earliest)
    return Bars.build(
        series, event_time, **{name: array[rows] for name, array in arrays.items()}, known_time=known_time
    )


def _read_table(path: Path) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if path.is_dir():
        raise SourceError(f"{path} is a folder; give one file, or open the folder as source 'files'")
    if not path.exists():
        raise SourceError(f"bar file {path} does not exist; check the path")
    if not path.name.lower().endswith(SUFFIXES):
        raise SourceError(f"{path.name} is no bar file; allowed endings are {', '.join(SUFFIXES)}")
    try:
        if path.stat().st_size == 0:
            raise SourceError(f"{path} is empty (0 bytes); was it fully written?")
        if path.name.lower().endswith(".parquet"):
            with pq.ParquetFile(path) as file:
                return file.read()
        return _read_csv(path)
    except pa.ArrowException as error:
        reason = " ".join(str(error).split())[:200]
        raise SourceError(f"{path} cannot be read ({reason}); was it fully written?") from None
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read ({error.strerror or error}); check the file and its permissions"
        ) from None


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


def _as_numbers(column: pa.ChunkedArray) -> np.ndarray:
    import pandas as pd
    import pyarrow as pa

    kind = column.type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        return column.cast(pa.float64(), safe=False).to_numpy()
    if pa.types.is_null(kind):
        return np.full(len(column), np.nan)
    return pd.to_numeric(column.to_pandas().astype("object"), errors="coerce").to_numpy(dtype=np.float64)


def _coded(column: pa.ChunkedArray) -> tuple[list[str], np.ndarray]:
    import pyarrow as pa
    import pyarrow.compute as pc

    # pyarrow cannot encode what is already encoded, so a dictionary column is decoded first.
    plain = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
    encoded = pc.dictionary_encode(pc.fill_null(pc.cast(plain, pa.string()), "")).combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().chunk(0)
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def _instruments(table: pa.Table, mapping: dict[str, str], path: Path) -> tuple[list[str], np.ndarray]:
    if "instrument_id" not in mapping:
        return [path.name.split(".", 1)[0] if path.name.endswith(".gz") else path.stem], np.zeros(
            table.num_rows, np.int64
        )
    names, group = _coded(table[mapping["instrument_id"]])
    if "" in names:
        row = int(np.flatnonzero(group == names.index(""))[0]) + 1
        raise SchemaError(
            f"{path}: column '{mapping['instrument_id']}' is empty in row {row}; every bar needs its instrument"
        )
    return [name.replace("/", "-") for name in names], group


def _timeframes(
    table: pa.Table,
    *,
    mapping: dict[str, str],
    given: Timeframe | None,
    times: np.ndarray,
    group: np.ndarray,
    path: Path,
    columns: dict[str, str],
) -> tuple[list[Timeframe], np.ndarray]:
    if "timeframe" in mapping:
        names, codes = _coded(table[mapping["timeframe"]])
        return [Timeframe.parse(name) for name in names], codes
    columns["timeframe"] = f"{given.value} (as given)" if given else ""
    if given is None:
        given = _spacing(times, group, path)
        columns["timeframe"] = f"{given.value} (from the spacing of the times)"
    return [given], np.zeros(len(times), np.int64)


def _spacing(times: np.ndarray, group: np.ndarray, path: Path) -> Timeframe:
    order = np.lexsort((times, group))
    steps = np.diff(times[order])[np.diff(group[order]) == 0]
    steps = steps[~np.isnat(steps) & (steps > np.timedelta64(0, "us"))]
    if len(steps):
        # In a few days the median may be a weekend; the commonest step is then the better witness.
        lengths, counts = np.unique(steps, return_counts=True)
        for step in (np.sort(steps)[len(steps) // 2], lengths[np.argmax(counts)]):
            for timeframe in Timeframe:
                if step == timeframe.duration_us:
                    return timeframe
    raise SchemaError(
        f"{path} has no timeframe column and its times are not spaced like one; "
        f"say which it is, one of {', '.join(Timeframe)} (--timeframe)"
    )


def _factor(numbers: dict[str, np.ndarray], mapping: dict[str, str], columns: dict[str, str]) -> np.ndarray:
    if "factor" in numbers:
        columns.pop("adjusted_close", None)
        return numbers["factor"]
    if "adjusted_close" in numbers:
        columns["factor"] = f"{columns.pop('adjusted_close')} / {mapping['close']}"
        return factor_of(numbers["adjusted_close"], numbers["close"])
    columns["factor"] = "1 (the file has no adjusted close)"
    return np.ones(len(numbers["close"]))


def _groups(codes: np.ndarray) -> list[tuple[np.ndarray | slice, int]]:
    """Row positions of each code, in order of first appearance; a slice where rows are together."""
    if (codes == codes[0]).all():
        return [(slice(None), int(codes[0]))]
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(codes[order]) != 0])
    pieces = sorted(np.split(order, starts[1:]), key=lambda piece: int(piece[0]))
    return [(piece, int(codes[piece[0]])) for piece in pieces]

"""The time column of a file, in whatever way it was written, as UTC event times.

Accepted: times with a zone, plain dates (session labels), and whole numbers counting seconds,
milliseconds, microseconds or nanoseconds since 1970 or written as 20200102. Refused: a time of
day without a zone, because a bar an hour off is worse than no bar.

Exports of daily bars often carry the exchange's midnight (`2022-01-03 00:00:00-05:00`). That is
a label for the session, not a moment, so when every time of a file is midnight where it was
written, its date is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trimtab.bars.schema import TIME
from trimtab.errors import SchemaError

if TYPE_CHECKING:
    import pyarrow as pa

_OFFSET = r"(?:[Zz]|[+-]\d{2}:?\d{2})$"
_OUTSIDE_UTC = r"[+-](?:0[1-9]|1\d|00:?[1-9]|00:?0[1-9])\S*$"
# The magnitudes of these counts do not overlap for any time between 1973 and 5138.
_COUNTS = ((1e17, "ns"), (1e14, "us"), (1e11, "ms"), (1e8, "s"))


def read_times(column: pa.ChunkedArray, where: str) -> tuple[np.ndarray, str]:
    """Event times (`datetime64[us]`, NaT where the file has none) and a note on how they were read.

    Raises `SchemaError` for times without a zone and for text that is no time.
    """
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _from_text(column, where)
    if pa.types.is_date(kind):
        return _as_numpy(column.cast(pa.timestamp("us"))), "dates"
    if pa.types.is_timestamp(kind):
        return _from_timestamps(column, where)
    if pa.types.is_integer(kind):
        return _from_counts(column, where)
    raise SchemaError(f"{where} holds {kind}, which is no time; write times in UTC as 2020-01-02T14:30:00Z")


def _from_timestamps(column: pa.ChunkedArray, where: str) -> tuple[np.ndarray, str]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.type.tz is None:
        times = _as_numpy(column)
        _refuse_time_of_day(times, where)
        return times, "dates"
    times = _as_numpy(column.cast(pa.timestamp(column.type.unit, "UTC")).cast(pa.timestamp(column.type.unit)))
    if column.type.tz.upper() not in ("UTC", "Z", "ETC/UTC", "+00:00"):
        local = _as_numpy(pc.local_timestamp(column))
        if not _has_time_of_day(local):
            return local, f"session dates in {column.type.tz}"
    return times, "times with a zone"


def _from_text(column: pa.ChunkedArray, where: str) -> tuple[np.ndarray, str]:
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pc.utf8_trim_whitespace(column)
    text = pc.if_else(pc.equal(pc.utf8_length(text), 0), None, text)
    if text.null_count == len(text):
        raise SchemaError(f"{where} is empty in every row; write times in UTC as 2020-01-02T14:30:00Z")
    zoned = pc.match_substring_regex(text, r"\d[T ]?\S*:\S*" + _OFFSET)
    if not pc.any(zoned).as_py():
        times = _parse_plain(text, where)
        _refuse_time_of_day(times, where)
        return times, "dates"
    if not pc.all(zoned).as_py():
        _refuse_naive(text.filter(pc.invert(zoned))[0].as_py(), where)
    if pc.any(pc.match_substring_regex(text, _OUTSIDE_UTC)).as_py():
        clock = pc.utf8_slice_codeunits(text, 11, 16)
        if pc.all(pc.equal(clock, "00:00")).as_py():
            return _parse_plain(pc.utf8_slice_codeunits(text, 0, 10), where), "session dates where they were written"
    try:
        return _as_numpy(text.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))), "times with a zone"
    except pa.ArrowInvalid:
        return _parse_slowly(text, where), "times with a zone"


def _parse_plain(text: pa.ChunkedArray, where: str) -> np.ndarray:
    import pyarrow as pa

    try:
        return _as_numpy(text.cast(pa.timestamp("us")))
    except pa.ArrowInvalid:
        return _parse_slowly(text, where)


def _parse_slowly(text: pa.ChunkedArray, where: str) -> np.ndarray:
    """Any ISO 8601; what does not parse is named, because a guess would move bars silently."""
    import pandas as pd

    given = pd.Series(text.to_pylist(), dtype="object")
    times = pd.to_datetime(given, utc=True, errors="coerce", format="ISO8601")
    unread = given.notna() & times.isna()
    if unread.any():
        row = int(np.flatnonzero(unread.to_numpy())[0])
        raise SchemaError(
            f"{where} holds '{given[row]}' in row {row + 1}, which is no time; "
            "write 2020-01-02 for a session or 2020-01-02T14:30:00Z for a moment"
        )
    naive: np.ndarray = times.dt.tz_localize(None).to_numpy().astype(TIME)
    return naive


def _from_counts(column: pa.ChunkedArray, where: str) -> tuple[np.ndarray, str]:
    counts = column.to_pandas().to_numpy(dtype=np.float64)
    largest = np.nanmax(counts) if np.isfinite(counts).any() else np.nan
    if 19_000_101 <= largest <= 22_001_231:
        import pyarrow as pa

        digits = column.cast(pa.string())
        return _parse_dates_of_digits(digits, where), "dates"
    unit = next((unit for least, unit in _COUNTS if largest >= least), None)
    if unit is None:
        raise SchemaError(
            f"{where} holds {largest:g}, which is no time since 1970; write times in UTC as 2020-01-02T14:30:00Z"
        )
    missing = ~np.isfinite(counts)
    whole = column.fill_null(0).to_numpy().astype(np.int64)
    times = whole.astype(f"datetime64[{unit}]").astype(TIME)
    times[missing] = np.datetime64("NaT")
    return times, f"{unit} since 1970"


def _parse_dates_of_digits(digits: pa.ChunkedArray, where: str) -> np.ndarray:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        return _as_numpy(pc.strptime(digits, format="%Y%m%d", unit="us"))
    except pa.ArrowInvalid as error:
        raise SchemaError(f"{where} holds a number that is no date ({error}); write dates as 2020-01-02") from None


def _as_numpy(column: pa.ChunkedArray) -> np.ndarray:
    # numpy keeps the unit of the column; everything of ours is in microseconds.
    times: np.ndarray = column.combine_chunks().to_numpy(zero_copy_only=False).astype(TIME)
    return times


def _has_time_of_day(times: np.ndarray) -> bool:
    known = times[~np.isnat(times)]
    return bool((known.astype("datetime64[D]") != known).any())


def _refuse_time_of_day(times: np.ndarray, where: str) -> None:
    if _has_time_of_day(times):
        known = times[~np.isnat(times)]
        _refuse_naive(str(known[known.astype("datetime64[D]") != known][0])[:19], where)


def _refuse_naive(example: str, where: str) -> None:
    raise SchemaError(f"{where}: times carry no time zone ({example}); write them in UTC as 2020-01-02T14:30:00Z")

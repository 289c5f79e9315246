"""Turning part of a time column into event times, once it is known how the column is written.

Every `parse_` function takes a part of a column and the number of rows before it, and returns
`datetime64[us]` with NaT where there is no time. Deciding which one to use is the matter of
`trimtab.bars.file_times`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trimtab.bars.schema import TIME
from trimtab.errors import SchemaError

if TYPE_CHECKING:
    import pyarrow as pa


def parse_dates(column: pa.ChunkedArray, _: int) -> np.ndarray:
    """A column of dates."""
    import pyarrow as pa

    return as_times(column.cast(pa.timestamp("us")))


def parse_dates_or_refuse(column: pa.ChunkedArray, _: int, where: str) -> np.ndarray:
    """Timestamps without a zone, which must be dates; `SchemaError` for a time of day."""
    times = as_times(column)
    refuse_time_of_day(times, where)
    return times


def parse_moments(column: pa.ChunkedArray, _: int) -> np.ndarray:
    """Timestamps with a zone."""
    import pyarrow as pa

    unit = column.type.unit
    return as_times(column.cast(pa.timestamp(unit, "UTC")).cast(pa.timestamp(unit)))


def parse_plain_text(column: pa.ChunkedArray, first_row: int, where: str) -> np.ndarray:
    """Text without a zone, which must be dates; `SchemaError` for a time of day."""
    import pyarrow as pa

    times = _parse_text(stripped_text(column), pa.timestamp("us"), first_row, where)
    refuse_time_of_day(times, where)
    return times


def parse_dates_of_text(column: pa.ChunkedArray, first_row: int, where: str) -> np.ndarray:
    """The date in text that says midnight somewhere."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return _parse_text(pc.utf8_slice_codeunits(stripped_text(column), 0, 10), pa.timestamp("us"), first_row, where)


def parse_zoned_text(column: pa.ChunkedArray, first_row: int, where: str) -> np.ndarray:
    """Text with a zone or an offset."""
    import pyarrow as pa

    return _parse_text(stripped_text(column), pa.timestamp("us", "UTC"), first_row, where)


def _parse_text(text: pa.ChunkedArray, kind: pa.DataType, first_row: int, where: str) -> np.ndarray:
    import pyarrow as pa

    try:
        return as_times(text.cast(kind).cast(pa.timestamp("us")))
    except pa.ArrowInvalid:
        return _parse_slowly(text, first_row, where)


def _parse_slowly(text: pa.ChunkedArray, first_row: int, where: str) -> np.ndarray:
    """Any ISO 8601; what does not parse is named, because a guess would move bars silently."""
    import pandas as pd

    given = pd.Series(text.to_pylist(), dtype="object")
    times = pd.to_datetime(given, utc=True, errors="coerce", format="ISO8601")
    unread = given.notna() & times.isna()
    if unread.any():
        row = int(np.flatnonzero(unread.to_numpy())[0])
        raise SchemaError(
            f"{where} holds '{given[row]}' in row {first_row + row + 1}, which is no time; "
            "write 2020-01-02 for a session or 2020-01-02T14:30:00Z for a moment"
        )
    naive: np.ndarray = times.dt.tz_localize(None).to_numpy().astype(TIME)
    return naive


def parse_counts(column: pa.ChunkedArray, _: int, unit: str) -> np.ndarray:
    """Whole numbers counting `unit` since 1970."""
    missing = column.is_null().to_numpy()
    times = column.fill_null(0).to_numpy().astype(np.int64).astype(f"datetime64[{unit}]").astype(TIME)
    times[missing] = np.datetime64("NaT")
    return times


def parse_digits(column: pa.ChunkedArray, _: int, where: str) -> np.ndarray:
    """Whole numbers written as 20200102; `SchemaError` for one that is no date."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        return as_times(pc.strptime(column.cast(pa.string()), format="%Y%m%d", unit="us"))
    except pa.ArrowInvalid as error:
        raise SchemaError(f"{where} holds a number that is no date ({error}); write dates as 2020-01-02") from None


def decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column itself, where it was stored as numbers into a dictionary."""
    import pyarrow as pa

    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def stripped_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text without spaces around it, null where nothing is left."""
    import pyarrow.compute as pc

    text = pc.utf8_trim_whitespace(decoded(column))
    return pc.if_else(pc.equal(pc.utf8_length(text), 0), None, text)


def local_times(column: pa.ChunkedArray) -> np.ndarray:
    """Timestamps as a clock in their zone showed them."""
    import pyarrow.compute as pc

    return as_times(pc.local_timestamp(column))


def as_times(column: pa.ChunkedArray) -> np.ndarray:
    """Timestamps without a zone as a numpy array."""
    # numpy keeps the unit of the column; everything of ours is in microseconds.
    times: np.ndarray = column.combine_chunks().to_numpy(zero_copy_only=False).astype(TIME)
    return times


def has_time_of_day(times: np.ndarray) -> bool:
    """Whether any time is not midnight."""
    known = times[~np.isnat(times)]
    return bool((known.astype("datetime64[D]") != known).any())


def refuse_time_of_day(times: np.ndarray, where: str) -> None:
    """Raise `SchemaError` where a time without a zone is not midnight."""
    if has_time_of_day(times):
        known = times[~np.isnat(times)]
        refuse_naive(str(known[known.astype("datetime64[D]") != known][0])[:19], where)


def refuse_naive(example: str, where: str) -> None:
    """Raise the `SchemaError` that says how to write what was meant."""
    raise SchemaError(
        f"{where}: times carry no time zone ({example}); write them in UTC as 2020-01-02T14:30:00Z, "
        "or with their offset as 2020-01-02T09:30:00-05:00; a session is a date alone, 2020-01-02"
    )

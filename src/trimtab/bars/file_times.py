"""The time column of a file, in whatever way it was written, as UTC event times.

Accepted: times with a zone, plain dates (session labels), and whole numbers counting seconds,
milliseconds, microseconds or nanoseconds since 1970 or written as 20200102. Refused: a time of
day without a zone, because a bar an hour off is worse than no bar.

Exports of daily bars often carry the exchange's midnight (`2022-01-03 00:00:00-05:00`). That is
a label for the session, not a moment, so when every time of a file is midnight where it was
written, its date is taken.

How a column is written is a property of the whole column, so it is decided once, from all parts
of it (`watch_times`), and then applied to any part (`TimeFormat.read`). `read_times` does both.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from trimtab.bars.time_columns import (
    as_times,
    decoded,
    has_time_of_day,
    local_times,
    parse_counts,
    parse_dates,
    parse_dates_of_text,
    parse_dates_or_refuse,
    parse_digits,
    parse_moments,
    parse_plain_text,
    parse_zoned_text,
    refuse_naive,
    refuse_time_of_day,
    stripped_text,
)
from trimtab.errors import SchemaError

if TYPE_CHECKING:
    import pyarrow as pa

_ZONED = r"\d[T ]?\S*:\S*(?:[Zz]|[+-]\d{2}:?\d{2})$"
_OUTSIDE_UTC = r"[+-](?:0[1-9]|1\d|00:?[1-9]|00:?0[1-9])\S*$"
_UTC = ("UTC", "Z", "ETC/UTC", "+00:00")
# The magnitudes of these counts do not overlap for any time between 1973 and 5138.
_COUNTS = ((1e17, "ns"), (1e14, "us"), (1e11, "ms"), (1e8, "s"))
_WRITE = "write times in UTC as 2020-01-02T14:30:00Z"


@dataclass(frozen=True)
class TimeFormat:
    """How the times of one column are written.

    Attributes
    ----------
    note: in words, for people.
    where: the column, for messages.
    parse: event times (`datetime64[us]`, NaT where there is none) of a part of the column; the second
        argument is the number of rows before that part.
    may_refuse: whether a value nobody has looked at yet may turn out to be no time.
    """

    note: str
    where: str
    parse: Callable[[pa.ChunkedArray, int], np.ndarray]
    may_refuse: bool = False

    def read(self, column: pa.ChunkedArray, first_row: int = 0) -> np.ndarray:
        """Event times of a part of the column, `datetime64[us]`, NaT where there is none.

        Raises `SchemaError` naming the row of a value that is no time.
        """
        return self.parse(decoded(column), first_row)


class TimeWatch(ABC):
    """Sees the parts of a time column, one after another, and then says how it is written."""

    needs_to_see = True  # False where the type of the column says everything

    def __init__(self, kind: pa.DataType, where: str) -> None:
        self.kind, self.where = kind, where

    def see(self, column: pa.ChunkedArray) -> None:  # noqa: B027 - most types say everything, so most watches need not look
        """Look at one part; raises `SchemaError` for times of day without a zone."""

    @abstractmethod
    def format(self) -> TimeFormat:
        """How the parts seen are written; raises `SchemaError` where they are no times."""


def read_times(column: pa.ChunkedArray, where: str) -> tuple[np.ndarray, str]:
    """Event times (`datetime64[us]`, NaT where the file has none) and a note on how they were read.

    Raises `SchemaError` for times without a zone and for text that is no time.
    """
    watch = watch_times(column.type, where)
    watch.see(column)
    how = watch.format()
    return how.read(column), how.note


def watch_times(kind: pa.DataType, where: str) -> TimeWatch:
    """What decides how a column of this type is written; `SchemaError` for a type that holds no times."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _TextWatch(kind, where)
    if pa.types.is_date(kind):
        return _DateWatch(kind, where)
    if pa.types.is_timestamp(kind):
        return (_NaiveWatch if kind.tz is None else _ZonedWatch)(kind, where)
    if pa.types.is_integer(kind):
        return _CountWatch(kind, where)
    raise SchemaError(f"{where} holds {kind}, which is no time; {_WRITE}")


class _DateWatch(TimeWatch):
    needs_to_see = False

    def format(self) -> TimeFormat:
        return TimeFormat("dates", self.where, parse_dates)


class _NaiveWatch(TimeWatch):
    """Timestamps without a zone are dates, or they are refused."""

    def see(self, column: pa.ChunkedArray) -> None:
        refuse_time_of_day(as_times(column), self.where)

    def format(self) -> TimeFormat:
        return TimeFormat("dates", self.where, partial(parse_dates_or_refuse, where=self.where), may_refuse=True)


class _ZonedWatch(TimeWatch):
    """Timestamps with a zone are moments, unless all of them are midnight there."""

    def __init__(self, kind: pa.DataType, where: str) -> None:
        super().__init__(kind, where)
        self.needs_to_see = kind.tz.upper() not in _UTC
        self._are_dates = self.needs_to_see

    def see(self, column: pa.ChunkedArray) -> None:
        if self._are_dates:
            self._are_dates = not has_time_of_day(local_times(column))

    def format(self) -> TimeFormat:
        if self._are_dates:
            return TimeFormat(f"session dates in {self.kind.tz}", self.where, lambda column, _: local_times(column))
        return TimeFormat("times with a zone", self.where, parse_moments)


class _CountWatch(TimeWatch):
    """Whole numbers: the largest of them says what they count."""

    def __init__(self, kind: pa.DataType, where: str) -> None:
        super().__init__(kind, where)
        self._largest = np.nan

    def see(self, column: pa.ChunkedArray) -> None:
        import pyarrow.compute as pc

        largest = pc.max(decoded(column)).as_py()
        if largest is not None:
            self._largest = np.fmax(self._largest, float(largest))

    def format(self) -> TimeFormat:
        if 19_000_101 <= self._largest <= 22_001_231:
            return TimeFormat("dates", self.where, partial(parse_digits, where=self.where), may_refuse=True)
        unit = next((unit for least, unit in _COUNTS if self._largest >= least), None)
        if unit is None:
            raise SchemaError(f"{self.where} holds {self._largest:g}, which is no time since 1970; {_WRITE}")
        return TimeFormat(f"{unit} since 1970", self.where, partial(parse_counts, unit=unit))


class _TextWatch(TimeWatch):
    """Text: all with a zone, or all dates."""

    def __init__(self, kind: pa.DataType, where: str) -> None:
        super().__init__(kind, where)
        self._n_texts = 0
        self._n_zoned = 0
        self._first_naive: str | None = None
        self._is_outside_utc = False
        self._are_midnights = True

    def see(self, column: pa.ChunkedArray) -> None:
        import pyarrow.compute as pc

        text = stripped_text(column).drop_null()
        if len(text) == 0:
            return
        zoned = pc.match_substring_regex(text, _ZONED)
        n_zoned = pc.sum(zoned).as_py()
        self._n_texts, self._n_zoned = self._n_texts + len(text), self._n_zoned + n_zoned
        if n_zoned < len(text) and self._first_naive is None:
            self._first_naive = text.filter(pc.invert(zoned))[0].as_py()
        self._is_outside_utc |= pc.any(pc.match_substring_regex(text, _OUTSIDE_UTC)).as_py()
        if self._are_midnights:
            self._are_midnights = pc.all(pc.equal(pc.utf8_slice_codeunits(text, 11, 16), "00:00")).as_py()

    def format(self) -> TimeFormat:
        if self._n_texts == 0:
            raise SchemaError(f"{self.where} is empty in every row; {_WRITE}")
        if self._n_zoned == 0:
            parse = partial(parse_plain_text, where=self.where)
            return TimeFormat("dates", self.where, parse, may_refuse=True)
        if self._first_naive is not None:
            refuse_naive(self._first_naive, self.where)
        if self._is_outside_utc and self._are_midnights:
            parse = partial(parse_dates_of_text, where=self.where)
            return TimeFormat("session dates where they were written", self.where, parse, may_refuse=True)
        parse = partial(parse_zoned_text, where=self.where)
        return TimeFormat("times with a zone", self.where, parse, may_refuse=True)

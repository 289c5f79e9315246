"""Which series each row of a table belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trimtab.errors import SchemaError
from trimtab.market import Series, Timeframe

if TYPE_CHECKING:
    import pyarrow as pa

    from trimtab.bars.tables import Reading


class NameCodes:
    """Numbers the names of a text column in the order they appear, over any number of parts.

    Attributes
    ----------
    names: as written, "" for none; the position of a name is its number.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}

    def codes(self, column: pa.ChunkedArray) -> np.ndarray:
        """The number of the name in each row, int64."""
        found, indices = _encoded(column)
        first_rows = _first_rows(indices, len(found))
        numbers = np.zeros(len(found), np.int64)
        for at in np.argsort(first_rows, kind="stable"):
            if first_rows[at] < len(indices):  # a dictionary may hold names that no row uses
                numbers[at] = self._number(found[at])
        coded: np.ndarray = numbers[indices]
        return coded

    def _number(self, name: str) -> int:
        if name not in self._numbers:
            self._numbers[name] = len(self.names)
            self.names.append(name)
        return self._numbers[name]


class SeriesCodes:
    """Numbers the series of a table in the order they appear, over any number of parts.

    A slash in an instrument becomes a hyphen (BTC/USDT is BTC-USDT).

    Attributes
    ----------
    series: the position of a series is its number.
    written: how instrument and timeframe of each series are written in the table, None where it has
        no such column.
    """

    def __init__(self, reading: Reading) -> None:
        self.series: list[Series] = []
        self.written: list[tuple[str | None, str | None]] = []
        self._reading = reading
        self._names, self._frames = NameCodes(), NameCodes()
        self._numbers: dict[tuple[int, int], int] = {}
        self._seen: set[Series] = set()

    def codes(self, part: pa.Table, first_row: int | None = 0) -> np.ndarray:
        """The number of the series of each row, int64.

        Parameters
        ----------
        part: must have the columns of `Reading.key_columns`.
        first_row: rows of the table before this part, for messages; None where rows have no number.

        Raises
        ------
        SchemaError: an instrument is missing, or is written both with a slash and a hyphen.
        UnknownNameError: there is no such timeframe.
        """
        mapping = self._reading.mapping
        name = np.zeros(part.num_rows, np.int64)
        frame = name
        if "instrument_id" in mapping:
            name = self._names.codes(part[mapping["instrument_id"]])
            self._refuse_nameless(name, first_row)
        if "timeframe" in mapping:
            frame = self._frames.codes(part[mapping["timeframe"]])
        width = max(len(self._frames.names), 1)
        pair = name * width + frame
        starts = np.flatnonzero(np.r_[True, np.diff(pair) != 0]) if len(pair) else np.empty(0, np.int64)
        pairs, first, at = np.unique(pair[starts], return_index=True, return_inverse=True)
        numbers = np.zeros(len(pairs), np.int64)
        for position in np.argsort(first):
            numbers[position] = self._number(*divmod(int(pairs[position]), width))
        coded: np.ndarray = np.repeat(numbers[at], np.diff(np.r_[starts, len(pair)]))
        return coded

    def _number(self, name: int, frame: int) -> int:
        if (name, frame) not in self._numbers:
            written = self._names.names[name] if self._names.names else None
            length = self._frames.names[frame] if self._frames.names else None
            series = Series(
                (written if written is not None else self._reading.instrument_id or "").replace("/", "-"),
                Timeframe.parse(length) if length is not None else self._reading.timeframe or Timeframe.DAY,
            )
            if series in self._seen:
                raise SchemaError(
                    f"{self._reading.where} writes instrument {series.instrument_id} in two ways (slash and hyphen); use one"
                )
            self._numbers[name, frame] = len(self.series)
            self._seen.add(series)
            self.series.append(series)
            self.written.append((written, length))
        return self._numbers[name, frame]

    def _refuse_nameless(self, codes: np.ndarray, first_row: int | None) -> None:
        if "" in self._names.names:
            row = int(np.flatnonzero(codes == self._names.names.index(""))[0])
            position = "" if first_row is None else f" in row {first_row + row + 1}"
            raise SchemaError(
                f"{self._reading.where}: column '{self._reading.mapping['instrument_id']}' is empty{position}; "
                "every bar needs its instrument"
            )


def _encoded(column: pa.ChunkedArray) -> tuple[list[str], np.ndarray]:
    """The names of a column ("" for none) and, per row, the position of its name."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not (pa.types.is_dictionary(column.type) and pa.types.is_string(column.type.value_type)):
        plain = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        column = pc.dictionary_encode(pc.cast(plain, pa.string()))
    whole = column.unify_dictionaries().combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], whole.type)
    names = [name or "" for name in whole.dictionary.to_pylist()]
    indices = whole.indices
    if indices.null_count:
        indices, names = pc.fill_null(pc.cast(indices, pa.int64()), len(names)), [*names, ""]
    return names, indices.to_numpy(zero_copy_only=False).astype(np.int64)


def _first_rows(indices: np.ndarray, n: int) -> np.ndarray:
    """The first row that uses each of `n` positions; the number of rows where none does."""
    first = np.full(n, len(indices))
    first[indices[::-1]] = np.arange(len(indices))[::-1]
    return first

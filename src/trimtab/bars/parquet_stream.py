"""One series at a time out of a Parquet file that is never in memory as a whole.

A file is listed first: only the columns that say instrument and timeframe are walked through, and
where the rows of each series lie is kept. Its bars are then read in pieces of `BATCH_ROWS` rows.
Asked for series in file order, the file is read once; in any other order, each series costs at
most the row groups it lies in. Memory holds one series and one piece, however long the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trimtab.bars.actions.schema import Actions
from trimtab.bars.columns import map_columns
from trimtab.bars.file_access import FileStamp, check_bar_file, readable, refuse_changed, stamp_of
from trimtab.bars.files import name_of, refuse_no_rows
from trimtab.bars.schema import Bars
from trimtab.bars.series_codes import SeriesCodes
from trimtab.bars.tables import Reading, bars_and_told, decide_reading
from trimtab.errors import SourceError
from trimtab.market import Series, Timeframe

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

BATCH_ROWS = 8_192
_BUFFER_BYTES = 65_536  # without it a column of a row group is held compressed as a whole
_MOST_RUNS = 64  # a series in more pieces is looked for in all rows between its first and its last


@dataclass
class _Place:
    """Where the rows of a series lie: runs [start, stop), or scattered between the first and the last."""

    runs: list[tuple[int, int]]
    is_scattered: bool = False

    def add(self, start: int, stop: int) -> None:
        if not self.is_scattered and self.runs and self.runs[-1][1] == start:
            self.runs[-1] = (self.runs[-1][0], stop)
        elif not self.is_scattered and len(self.runs) < _MOST_RUNS:
            self.runs.append((start, stop))
        else:
            self.runs, self.is_scattered = [(self.runs[0][0], stop)], True


@dataclass(frozen=True)
class ParquetListing:
    """What a Parquet file of bars holds, without its bars.

    Attributes
    ----------
    path: the file.
    stamp: of the file that was listed; bars are read from no other.
    reading: how its columns are read.
    places: where the rows of each series are, in file order.
    written: how instrument and timeframe of each series are written, None where no column says it.
    group_starts: first row of each row group, and the number of rows in all.
    batch_rows: rows in memory beside those of the series that is read.
    """

    path: Path
    stamp: FileStamp
    reading: Reading
    places: dict[Series, _Place]
    written: dict[Series, tuple[str | None, str | None]]
    group_starts: np.ndarray
    batch_rows: int


def list_parquet(path: Path, timeframe: Timeframe | None = None, batch_rows: int = BATCH_ROWS) -> ParquetListing:
    """List the series of a Parquet file.

    `timeframe` is for a file without such a column; absent, the spacing of the times says it.

    Raises
    ------
    SourceError: the file is missing, empty, not readable, or changes meanwhile.
    SchemaError: columns are missing, times carry no zone or cannot be understood.
    """
    check_bar_file(path)
    stamp = stamp_of(path)
    with readable(path), _opened(path) as file:
        kinds = dict(zip(file.schema_arrow.names, file.schema_arrow.types, strict=True))
        mapping = map_columns(file.schema_arrow.names, str(path))
        refuse_no_rows(path, file.metadata.num_rows)
        groups = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]
        reading = decide_reading(
            lambda columns: _parts(path, columns, batch_rows),
            kinds,
            mapping,
            str(path),
            instrument_id=name_of(path),
            timeframe=timeframe,
        )
        codes = SeriesCodes(reading)
        places = _find_places(path, codes, reading, file.metadata.num_rows, batch_rows)
    refuse_changed(path, stamp)
    return ParquetListing(
        path=path,
        stamp=stamp,
        reading=reading,
        places=dict(zip(codes.series, places, strict=True)),
        written=dict(zip(codes.series, codes.written, strict=True)),
        group_starts=np.cumsum([0, *groups]),
        batch_rows=batch_rows,
    )


class ParquetStream:
    """Reads the series of one listed file; keeps the place where it stopped.

    Attributes
    ----------
    listing: the file.
    publication_lag: time from a bar's close until it was known.
    """

    def __init__(self, listing: ParquetListing, publication_lag: timedelta = timedelta(0)) -> None:
        self.listing, self.publication_lag = listing, publication_lag
        self._batches: Iterator[pa.Table] = iter(())
        self._batch: pa.Table | None = None
        self._row = 0  # of the file, the first of `_batch`
        self._told = Actions.empty("")

    def bars(self, series: Series) -> Bars:
        """Raw bars of a series of the file, in file order.

        Raises `SourceError` where the file changed since it was listed, vanished or is damaged, and
        `SchemaError` for a column that holds no numbers.
        """
        listing = self.listing
        refuse_changed(listing.path, listing.stamp)
        with readable(listing.path):
            table = self._rows_of(series)
        refuse_changed(listing.path, listing.stamp)
        bars, self._told = bars_and_told(table, series, listing.reading, self.publication_lag)
        return bars

    def told(self, series: Series) -> Actions:
        """The actions the file tells of the series that was read last; none of any other."""
        return self._told if self._told.instrument_id == series.instrument_id else Actions.empty(series.instrument_id)

    def _rows_of(self, series: Series) -> pa.Table:
        import pyarrow as pa

        place = self.listing.places[series]
        pieces = (piece for start, stop in place.runs for piece in self._between(start, stop))
        if place.is_scattered:
            pieces = (piece.filter(_is_written(piece, series, self.listing)) for piece in pieces)
        return pa.concat_tables(pieces)

    def _between(self, start: int, stop: int) -> Iterator[pa.Table]:
        """The rows [start, stop) of the file, piece by piece."""
        self._go_to(start)
        while start < stop:
            if self._batch is None or start >= self._row + len(self._batch):
                self._advance()
                continue
            piece = self._batch.slice(start - self._row, stop - start)
            start += len(piece)
            yield piece

    def _go_to(self, row: int) -> None:
        """Begin again at the row group of a row, unless going on from here is no longer."""
        group = self._group_of(row)
        is_ahead = self._batch is not None and self._row <= row
        if is_ahead and group <= self._group_of(self._row + len(self._batch or ())):
            return
        self._batch, self._row = None, int(self.listing.group_starts[group])
        last = len(self.listing.group_starts) - 1
        rest = list(range(group, last))
        columns = self.listing.reading.used_columns
        self._batches = _parts(self.listing.path, columns, self.listing.batch_rows, rest)

    def _group_of(self, row: int) -> int:
        return int(np.searchsorted(self.listing.group_starts, row, side="right")) - 1

    def _advance(self) -> None:
        self._row += 0 if self._batch is None else len(self._batch)
        self._batch = next(self._batches, None)
        if self._batch is None:
            raise SourceError(f"{self.listing.path} ends before its last row; was it fully written?")


def _find_places(path: Path, codes: SeriesCodes, reading: Reading, n_rows: int, batch_rows: int) -> list[_Place]:
    import pyarrow as pa

    if not reading.key_columns:
        codes.codes(pa.table({"row": [0]}))
        return [_Place([(0, n_rows)])]
    places: list[_Place] = []
    row = 0
    for part in _parts(path, reading.key_columns, batch_rows):
        found = codes.codes(part, row)
        starts = np.flatnonzero(np.r_[True, np.diff(found) != 0])
        stops = np.r_[starts[1:], len(found)]
        places += [_Place([]) for _ in range(len(codes.series) - len(places))]
        for code, start, stop in zip(found[starts].tolist(), starts.tolist(), stops.tolist(), strict=True):
            places[code].add(row + start, row + stop)
        row += len(found)
    return places


def _is_written(part: pa.Table, series: Series, listing: ParquetListing) -> pa.Array:
    """Per row: whether it is of the series."""
    import pyarrow as pa

    codes = SeriesCodes(listing.reading)
    found = codes.codes(part)
    wanted = [number for number, name in enumerate(codes.written) if name == listing.written[series]]
    return pa.array(np.isin(found, wanted))


def _opened(path: Path, text: list[str] | None = None) -> pq.ParquetFile:
    import pyarrow.parquet as pq

    return pq.ParquetFile(path, read_dictionary=text, buffer_size=_BUFFER_BYTES, pre_buffer=False)


def _parts(path: Path, columns: list[str], batch_rows: int, row_groups: list[int] | None = None) -> Iterator[pa.Table]:
    """The file in pieces; text is left encoded, because names repeat."""
    import pyarrow as pa

    with readable(path), _opened(path, columns) as file:
        # One thread: several are no faster on pieces of this size and keep a pool of memory each.
        for batch in file.iter_batches(batch_rows, row_groups=row_groups, columns=columns, use_threads=False):
            yield pa.Table.from_batches([batch])

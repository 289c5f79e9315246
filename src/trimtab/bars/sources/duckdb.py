"""Bars from anything DuckDB can read: a table or view of a database, Parquet or CSV files, a SELECT."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trimtab.bars.columns import map_columns
from trimtab.bars.file_access import refuse_changed
from trimtab.bars.schema import Bars
from trimtab.bars.series_codes import SeriesCodes
from trimtab.bars.sources.duckdb_view import VIEW, OpenedView, explained, open_view, quoted
from trimtab.bars.sources.protocol import BarSource, UnknownSeriesError, refuse_empty, within
from trimtab.bars.tables import Reading, bars_of_table, decide_reading
from trimtab.errors import SchemaError, SourceError
from trimtab.market import Series, Timeframe

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class DuckDBBars(BarSource):
    """A table, a view, files or the answer of one SELECT, read by DuckDB one series at a time.

    Columns are mapped as those of bar files are (`trimtab.bars.columns`), and a series and a span are
    asked for as such, so DuckDB reads no more than it must. A SELECT is evaluated again for every
    series: make a table of one that is dear. A relation has no order, so bars come by time, and bars
    of the same time by their values.

    The connection stays open as long as the source, and while it is open nobody can write the
    database.

    Attributes
    ----------
    path: a DuckDB database; a bar file, or a folder or glob of them, which are the table `bars` for the
        query (every column of CSV is text there); or None.
    query: a table's or view's name, or one SELECT; absent, the only table there is.
    publication_lag: time from a bar's close until the source shows it.
    timeframe: for tables that do not say theirs; otherwise it is read off the spacing.
    """

    path: Path | None = None
    query: str | None = None
    publication_lag: timedelta = timedelta(0)
    timeframe: Timeframe | None = None
    name: str = "duckdb"

    @property
    def columns(self) -> tuple[dict[str, str], ...]:
        """How the columns are read; see `trimtab.bars.files.BarFile.columns`."""
        return (self._reading.columns,)

    def instruments(self) -> list[Series]:
        """Every series of the table."""
        return sorted(self._written)

    def fetch(self, series: Series, since: datetime | None = None, until: datetime | None = None) -> Bars:
        """Raw bars of a series, by time; see `BarSource.fetch`."""
        if series not in self._written:
            raise UnknownSeriesError(self.name, series, self.instruments())
        self._refuse_changed()
        conditions, values = self._conditions(series, since, until)
        columns = ", ".join(map(quoted, self._reading.used_columns))
        question = f"SELECT {columns} FROM {VIEW} WHERE {' AND '.join(conditions)}"
        with explained(self._view.where, self._view.connection):
            table = self._view.connection.sql(question, params=values).to_arrow_table()
        self._refuse_changed()
        bars = _by_time(bars_of_table(table, series, self._reading, self.publication_lag))
        self._refuse_shifted(bars)
        return refuse_empty(self.name, series, within(bars, since, until), since, until)

    @cached_property
    def _view(self) -> OpenedView:
        return open_view(self.path, self.query)

    @cached_property
    def _kinds(self) -> dict[str, pa.DataType]:
        """The type of each column."""
        with explained(self._view.where, self._view.connection):
            nothing = self._view.connection.sql(f"SELECT * FROM {VIEW} LIMIT 0").to_arrow_table()
        return dict(zip(nothing.column_names, nothing.schema.types, strict=True))

    @cached_property
    def _reading(self) -> Reading:
        view = self._view
        mapping = map_columns(list(self._kinds), view.where)
        with explained(view.where, view.connection):
            if view.connection.execute(f"SELECT 1 FROM {VIEW} LIMIT 1").fetchall() == []:
                raise SourceError(f"{view.where} has columns but no rows; give a table with at least one bar")
            return decide_reading(
                lambda columns: self._parts(columns, mapping),
                self._kinds,
                mapping,
                view.where,
                instrument_id=view.instrument_id,
                timeframe=self.timeframe,
                named_by=view.named_by,
            )

    @cached_property
    def _written(self) -> dict[Series, tuple[str | None, str | None]]:
        """Every series, and how its instrument and timeframe are written in the table."""
        import pyarrow as pa

        codes = SeriesCodes(self._reading)
        keys = self._reading.key_columns
        if not keys:
            codes.codes(pa.table({"row": [0]}), None)
        else:
            names = ", ".join(f"CAST({quoted(key)} AS VARCHAR) AS {quoted(key)}" for key in keys)
            with explained(self._view.where, self._view.connection):
                found = self._view.connection.sql(f"SELECT DISTINCT {names} FROM {VIEW} ORDER BY ALL").to_arrow_table()
            codes.codes(found, None)
        return dict(zip(codes.series, codes.written, strict=True))

    def _parts(self, columns: list[str], mapping: dict[str, str]) -> Iterator[pa.Table]:
        """The table in pieces, each instrument in order of time where the instrument is asked for."""
        import pyarrow as pa

        order = [name for name in (mapping.get("instrument_id"), mapping["event_time"]) if name in columns]
        sorting = f" ORDER BY {', '.join(map(quoted, order))}" if len(order) > 1 else ""
        answer = self._view.connection.sql(f"SELECT {', '.join(map(quoted, columns))} FROM {VIEW}{sorting}")
        # A connection that has not given all of an answer, or let go of it, takes no other question.
        with closing(pa.RecordBatchReader.from_stream(answer)) as batches:
            for batch in batches:
                yield pa.Table.from_batches([batch])

    def _conditions(
        self, series: Series, since: datetime | None, until: datetime | None
    ) -> tuple[list[str], list[str | datetime]]:
        conditions: list[str] = ["true"]
        values: list[str | datetime] = []
        for name, written in zip(("instrument_id", "timeframe"), self._written[series], strict=True):
            if written is not None:
                column = self._reading.mapping[name]
                conditions.append(f"{_as_text(column, self._kinds[column])} = ?")
                values.append(written)
        bounds = [(sign, moment) for sign, moment in ((">=", since), ("<=", until)) if moment is not None]
        column = self._reading.mapping["event_time"]
        for sign, moment in bounds if _is_ordered_by_time(self._kinds[column]) else ():
            # A bar without a time belongs to every span: it is left to the checks.
            conditions.append(f"({quoted(column)} IS NULL OR {quoted(column)} {sign} ?)")
            values.append(moment if self._is_zoned else moment.astimezone(UTC).replace(tzinfo=None))
        return conditions, values

    @property
    def _is_zoned(self) -> bool:
        return getattr(self._kinds[self._reading.mapping["event_time"]], "tz", None) is not None

    def _refuse_changed(self) -> None:
        for path, stamp in self._view.stamps.items():
            refuse_changed(path, stamp)

    def _refuse_shifted(self, bars: Bars) -> None:
        """DuckDB keeps moments and forgets zones, so a session that began at midnight elsewhere has lost its date."""
        known = bars.event_time[~np.isnat(bars.event_time)]
        moved = known != known.astype("datetime64[D]")
        if self._is_zoned and bars.series.timeframe.duration >= timedelta(days=1) and moved.any():
            column = self._reading.mapping["event_time"]
            raise SchemaError(
                f"{self._view.where}: column '{column}' puts a bar of {bars.series.key} at {str(known[moved][0])[:19]} UTC, "
                "which is no session date; SELECT the date of the session, such as "
                f"CAST(timezone('America/New_York', {column}) AS DATE), or open the file as source 'files'"
            )


def _as_text(column: str, kind: pa.DataType) -> str:
    import pyarrow as pa

    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    return quoted(column) if is_text else f"CAST({quoted(column)} AS VARCHAR)"


def _is_ordered_by_time(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))


def _by_time(bars: Bars) -> Bars:
    values = [array for name, array in bars.arrays() if name != "received_time"]
    return bars.take(np.lexsort(values[::-1]))

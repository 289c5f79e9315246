"""One series as a matrix reads it: the times of its rows in memory, values fetched in groups of rows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trimtab.errors import FeatureError
from trimtab.features.store.as_of import KnownRows
from trimtab.features.store.code_identity import require_identities
from trimtab.features.store.files import OpenTable, TableFile, open_table, stamp_of
from trimtab.features.store.layout import table_name
from trimtab.market import Series
from trimtab.storage.lake import Lake


@dataclass(frozen=True)
class Section:
    """One row group of one file: what is read at once."""

    file: TableFile
    group: int
    first_row: int


class Kept:
    """Arrays kept up to a size; the longest unused are dropped first."""

    def __init__(self, limit: int) -> None:
        self._limit, self._size = limit, 0
        self._arrays: OrderedDict[tuple[object, ...], np.ndarray] = OrderedDict()

    def get(self, key: tuple[object, ...]) -> np.ndarray | None:
        """The array of a key, if it is still kept."""
        array = self._arrays.get(key)
        if array is not None:
            self._arrays.move_to_end(key)
        return array

    def put(self, key: tuple[object, ...], array: np.ndarray) -> None:
        """Keep an array, and drop others where it would be too much; one larger than all of it is not kept."""
        if array.nbytes > self._limit:
            return
        self._arrays[key] = array
        self._size += array.nbytes
        while self._size > self._limit:
            self._size -= self._arrays.popitem(last=False)[1].nbytes

    def drop(self, owner: object) -> None:
        """Forget the arrays whose key begins with an owner."""
        for key in [key for key in self._arrays if key[0] is owner]:
            self._size -= self._arrays.pop(key).nbytes


@dataclass(frozen=True, eq=False)
class SeriesView:
    """The rows that some families of one series have in common, as their files were at one moment.

    Attributes
    ----------
    series: which.
    tables: the opened table of each family.
    sections: its row groups, in order of their rows.
    event_time, known_time: of the rows, `datetime64[us]`, shape (n,).
    known: which of them was the newest at a time.
    """

    series: Series
    tables: dict[str, OpenTable]
    sections: dict[str, tuple[Section, ...]]
    event_time: np.ndarray
    known_time: np.ndarray
    known: KnownRows

    def close(self) -> None:
        """Let go of files that are still open; what is read later opens them again."""
        for table in self.tables.values():
            for file in table.files:
                file.close()

    def is_current(self) -> bool:
        """Whether the files are still those that were opened."""
        return all(stamp_of(table.files[0].path) == table.stamp for table in self.tables.values())

    def fill(
        self,
        values: np.ndarray,
        places: np.ndarray,
        rows: np.ndarray,
        family: str,
        columns: Sequence[int],
        names: tuple[str, ...],
        current: Mapping[str, str],
        kept: Kept,
    ) -> None:
        """Put features of one family, of some rows, into some places and columns of `values` (T, K)."""
        table = self.tables[family]
        if any(table.about.identities.get(name) != current[name] for name in names):
            require_identities(table.about.identities, names, self.series, table.name)
        sections = self.sections[family]
        first_rows = [section.first_row for section in sections]
        of_row = np.searchsorted(first_rows, rows, side="right") - 1
        for number in np.unique(of_row):
            inside = of_row == number
            found = self._section(sections[number], table, names, kept)
            values[np.ix_(places[inside], columns)] = found[rows[inside] - sections[number].first_row]

    def _section(self, section: Section, table: OpenTable, names: tuple[str, ...], kept: Kept) -> np.ndarray:
        key = (self, section.file.path.name, section.group, names)
        array = kept.get(key)
        if array is None:
            read = table.read(section.file, names, section.group)
            array = np.empty((read.num_rows, len(names)), order="F")
            for column, name in enumerate(names):
                array[:, column] = read[name].to_numpy()
            kept.put(key, array)
        return array


def open_view(lake: Lake, series: Series, families: Sequence[str]) -> SeriesView:
    """The common rows of some families of a series.

    One family may have newer rows than another, because it is computed first: what not all have does
    not count. The files stay open until `close`. Raises `FeatureError` where they differ otherwise, `NotFoundError` for a family that was never computed.
    """
    tables = {family: open_table(lake, table_name(family, series), with_times=True) for family in families}
    times = [table.times() for table in tables.values()]
    n = min((len(event) for event, _ in times), default=0)
    event_time, known_time = (times[0][0][:n], times[0][1][:n]) if times else (np.empty(0), np.empty(0))
    for event, known in times[1:]:
        if not (np.array_equal(event[:n], event_time) and np.array_equal(known[:n], known_time)):
            raise FeatureError(
                f"{series}: the tables of {', '.join(families)} hold different bars; run `trimtab run`, which computes them again"
            )
    sections = {family: tuple(_sections(table)) for family, table in tables.items()}
    return SeriesView(series, tables, sections, event_time, known_time, KnownRows.of(known_time))


def _sections(table: OpenTable) -> list[Section]:
    found = []
    for file in table.files:
        first_row = file.first_row
        for group in range(file.metadata.num_row_groups):
            n_rows = file.metadata.row_group(group).num_rows
            if n_rows:
                found.append(Section(file, group, first_row))
            first_row += n_rows
    return found

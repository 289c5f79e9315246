"""The files of one table of features: a base, and the parts that were appended to it.

`features/technical/AAPL__1d.parquet` is the base. Rows appended later are parts in the folder
`features/technical/AAPL__1d/` (names as in `ranges`). The base says up to which append it `covers`: parts
of those are leftovers that no reader needs. So one rename of the base replaces or gathers everything,
and a process killed at any moment leaves the old table or the new one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from trimtab.errors import NotFoundError, StorageError
from trimtab.features.store.layout import KEYS, About, times_of
from trimtab.features.store.ranges import live_parts
from trimtab.storage.lake import Lake

_ATTEMPTS = 100
_SUFFIX = ".parquet"
_TIMES = ("event_time", "known_time")
T = TypeVar("T")


class TableChangedError(Exception):
    """Another process has replaced the table while it was read; whoever reads begins again."""


@dataclass(frozen=True)
class Stamp:
    """What tells one state of the files of a table from another, without opening them.

    Attributes
    ----------
    base: inode, modification time in nanoseconds and size of the base; empty where there is none.
    parts: names of the files in the folder of the parts, sorted.
    """

    base: tuple[int, ...]
    parts: tuple[str, ...]


@dataclass(frozen=True)
class TableFile:
    """One opened file.

    Attributes
    ----------
    path: where it is.
    metadata: its footer.
    first_row: the row of the table it begins at.
    times: event and known time of its rows, where they were asked for.
    opened: the file, still open, where the times were asked for: values are read next. Until it is closed,
        and never for long, because a process may hold only so many.
    """

    path: Path
    metadata: pq.FileMetaData
    first_row: int
    times: tuple[np.ndarray, np.ndarray] | None = None
    opened: pq.ParquetFile | None = field(default=None, compare=False, repr=False)

    @property
    def n_rows(self) -> int:
        """Rows in the file."""
        return int(self.metadata.num_rows)

    def close(self) -> None:
        """Let go of the open file; what is read later opens it again."""
        if self.opened is not None:
            self.opened.close(force=True)


@dataclass(frozen=True)
class OpenTable:
    """The files of a table as they were at one moment.

    Attributes
    ----------
    name: of the table in the lake.
    stamp: of the files when they were opened.
    files: the base, then the parts, in the order of their rows.
    about: what the base says about itself.
    newest: what the file with the newest rows says.
    """

    name: str
    stamp: Stamp
    files: tuple[TableFile, ...]
    about: About
    newest: About

    def __len__(self) -> int:
        return sum(file.n_rows for file in self.files)

    @property
    def names(self) -> tuple[str, ...]:
        """The features it holds."""
        return tuple(each for each in self.files[0].metadata.schema.to_arrow_schema().names if each not in KEYS)

    @property
    def at_rest(self) -> np.dtype:
        """The type of the stored values; float64 where there is no feature."""
        kinds = [each.type for each in self.files[0].metadata.schema.to_arrow_schema() if each.name not in KEYS]
        return np.dtype(np.float32) if pa.float32() in kinds else np.dtype(np.float64)

    def read(self, file: TableFile, columns: Sequence[str], group: int | None = None) -> pa.Table:
        """Columns of one of its files, or of one row group of it; `TableChangedError` where it is not that file any more."""
        try:
            if file.opened is not None and not file.opened.closed:  # the very file its footer was read from
                return _read(file.opened, columns, group)
            with pq.ParquetFile(file.path, metadata=file.metadata, memory_map=False) as opened:
                # A footer read before must not be laid over the bytes of another file.
                if file is self.files[0] and _status(file.path) != self.stamp.base:
                    raise TableChangedError
                return _read(opened, columns, group)
        except FileNotFoundError:
            raise TableChangedError from None
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(file.path, error) from error

    def times(self) -> tuple[np.ndarray, np.ndarray]:
        """Event and known time of every row, `datetime64[us]`."""
        times = [file.times or _times(self.read(file, _TIMES)) for file in self.files]
        event, known = (np.concatenate([each[k] for each in times]) for k in (0, 1))
        return event, known


def base_path(lake: Lake, name: str) -> Path:
    """The base of a table."""
    return lake.tables.path(name)


def stamp_of(base: Path) -> Stamp:
    """The state of a table's files now."""
    return Stamp(_status(base), _file_names(base))


def part_names(lake: Lake, name: str) -> list[str]:
    """The parts of a table, covered ones too, as the lake names tables."""
    return [f"{name}/{each.removesuffix(_SUFFIX)}" for each in _file_names(base_path(lake, name))]


def open_table(lake: Lake, name: str, with_times: bool = False) -> OpenTable:
    """The files of a table, all of one moment; `NotFoundError` where it has never been written.

    `with_times` reads the times of all the rows on the way and leaves the files open for their values, which is
    cheaper than opening them again; whoever asks for it calls `close` of every file when done.
    """
    base = base_path(lake, name)
    for _ in range(_ATTEMPTS):
        stamp = stamp_of(base)
        if not stamp.base:
            raise NotFoundError(_absent(lake, name))
        try:
            table = _open(lake, name, base, stamp, with_times)
        except FileNotFoundError:
            continue
        if stamp_of(base) == stamp:
            return table
    raise _restless(name)


def consistently(name: str, read: Callable[[], T]) -> T:
    """The answer of `read`, which is asked again where a table changed under it."""
    for _ in range(_ATTEMPTS):
        try:
            return read()
        except TableChangedError:
            continue
    raise _restless(name)


def _open(lake: Lake, name: str, path: Path, stamp: Stamp, with_times: bool) -> OpenTable:
    base = _open_file(path, 0, with_times)
    about = About.of(base.metadata.metadata)
    files = [base]
    for part in live_parts([f"{name}/{each.removesuffix(_SUFFIX)}" for each in stamp.parts], about.covers):
        files.append(_open_file(lake.tables.path(part.name), files[-1].first_row + files[-1].n_rows, with_times))
    newest = about if len(files) == 1 else About.of(files[-1].metadata.metadata)
    return OpenTable(name, stamp, tuple(files), about, newest)


def _open_file(path: Path, first_row: int, with_times: bool) -> TableFile:
    try:
        source = pa.OSFile(str(path))  # as it is: a path given to ParquetFile is first resolved link by link
        opened = pq.ParquetFile(source, memory_map=False, pre_buffer=False)  # too little to be fetched ahead
        metadata = opened.metadata
        if with_times:
            times = _times(opened.read(list(_TIMES), use_threads=False))
            return TableFile(path, metadata, first_row, times, opened)
        opened.close(force=True)
        return TableFile(path, metadata, first_row)
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, error) from error


def _read(opened: pq.ParquetFile, columns: Sequence[str], group: int | None) -> pa.Table:
    if group is None:
        return opened.read(list(columns))
    return opened.read_row_group(group, list(columns), use_threads=False)  # too little to be shared out


def _times(table: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    return times_of(table["event_time"]), times_of(table["known_time"])


def _status(path: Path) -> tuple[int, ...]:
    try:
        status = os.stat(path)  # noqa: PTH116 - twice as fast as the method, and asked for every table of a matrix
    except FileNotFoundError:
        return ()
    return (status.st_ino, status.st_mtime_ns, status.st_size)


def _file_names(base: Path) -> tuple[str, ...]:
    try:
        names = os.listdir(str(base).removesuffix(_SUFFIX))  # noqa: PTH208 - see above
    except FileNotFoundError:
        return ()
    return tuple(sorted(each for each in names if each.endswith(_SUFFIX) and not each.startswith(".")))


def _absent(lake: Lake, name: str) -> str:
    """What to do where a table has never been written; `name` is such as `features/peers/AAPL__1d`."""
    _, family, series = name.split("/")
    return (
        f'there is no table of {family} features of {series} in {lake.root} yet; add "{family}" to the sets of a '
        "strategy's features and run `trimtab run`"
    )


def _unreadable(path: Path, error: Exception) -> StorageError:
    return StorageError(
        f"{path} is not a readable Parquet file ({error}); restore it from a copy, or move it away and run again (what only it held is lost)"
    )


def _restless(name: str) -> StorageError:
    return StorageError(
        f"the files of {name} changed {_ATTEMPTS} times while they were read; wait for the other process and run again"
    )

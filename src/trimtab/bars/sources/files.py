"""Bars from a CSV or Parquet file, or from a folder of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Protocol, TypeVar, cast

from trimtab.bars.actions.schema import Actions
from trimtab.bars.file_access import SUFFIXES, FileStamp, check_bar_file, is_parquet, refuse_changed, stamp_of
from trimtab.bars.files import BarFile, read_bar_file
from trimtab.bars.parquet_stream import ParquetStream, list_parquet
from trimtab.bars.schema import Bars, concatenate
from trimtab.bars.sources.protocol import BarSource, UnknownSeriesError, refuse_empty, within
from trimtab.errors import SourceError
from trimtab.market import Series, Timeframe


@dataclass(frozen=True)
class BarFiles(BarSource):
    """A bar file, or every bar file directly in a folder, in the order of their names.

    Files are listed when first needed and their bars are read when asked for, so memory holds one
    series of a Parquet file, or one whole CSV file, never all of them. A file that changes after it
    was listed is refused: open the source again. One unreadable file in a folder fails every
    request: what it would have held cannot be known.

    Corporate actions that a file tells beside its prices are claims, not actions to apply: exports
    that tell them have already adjusted the prices.

    Attributes
    ----------
    path: the file or folder.
    publication_lag: time from a bar's close until the file shows it.
    timeframe: for files that do not say theirs; otherwise it is read off the spacing.
    """

    path: Path
    publication_lag: timedelta = timedelta(0)
    timeframe: Timeframe | None = None
    name: str = "files"

    @property
    def columns(self) -> tuple[dict[str, str], ...]:
        """How the columns of each file are read; see `BarFile.columns`."""
        return tuple(file.columns for file in self._files)

    def instruments(self) -> list[Series]:
        """Every series of every file."""
        return sorted({series for file in self._files for series in file.series})

    def fetch(self, series: Series, since: datetime | None = None, until: datetime | None = None) -> Bars:
        """Raw bars of a series, file after file; see `BarSource.fetch`.

        Cheapest in the order of the files: each is then read once.
        """
        parts = [
            self._last_opened.open(file.path, file.open).bars(series) for file in self._files if series in file.series
        ]
        if not parts:
            raise UnknownSeriesError(self.name, series, self.instruments())
        return refuse_empty(self.name, series, within(concatenate(parts), since, until), since, until)

    def claims(self, series: Series) -> Actions:
        """What the file that was read last tells beside an adjusted close; nothing where it has none."""
        last = self._last_opened
        if last.path is None or last.opened is None:
            return Actions.empty(series.instrument_id)
        (columns,) = [file.columns for file in self._files if file.path == last.path]
        has_factor = not columns.get("factor", "1 (").startswith("1 (")
        return last.opened.told(series) if has_factor else Actions.empty(series.instrument_id)

    @cached_property
    def _files(self) -> tuple[_ListedFile, ...]:
        return tuple(map(self._list, self._paths()))

    @cached_property
    def _last_opened(self) -> _LastOpened:
        return _LastOpened()

    def _paths(self) -> list[Path]:
        if not self.path.is_dir():
            return [self.path]
        paths = sorted(p for p in self.path.iterdir() if p.name.endswith(SUFFIXES) and not p.name.startswith("."))
        if not paths:
            raise SourceError(f"folder {self.path} holds no bar file; put {', '.join(SUFFIXES)} files there")
        return paths

    def _list(self, path: Path) -> _ListedFile:
        if is_parquet(path):
            listing = list_parquet(path, self.timeframe)
            return _ListedFile(
                path, frozenset(listing.places), listing.reading.columns,
                lambda: ParquetStream(listing, self.publication_lag),
            )  # fmt: skip
        check_bar_file(path)
        stamp = stamp_of(path)

        def read() -> _WholeFile:
            return _WholeFile.read(path, stamp, self.timeframe, self.publication_lag)

        content = self._last_opened.open(path, read).content
        return _ListedFile(path, frozenset(content.bars), content.columns, read)


class _Opened(Protocol):
    """A file that gives its series one at a time."""

    def bars(self, series: Series) -> Bars: ...

    def told(self, series: Series) -> Actions: ...


_AnyOpened = TypeVar("_AnyOpened", bound=_Opened)


@dataclass(frozen=True)
class _ListedFile:
    """What one file holds, and how it is opened to read it."""

    path: Path
    series: frozenset[Series]
    columns: dict[str, str]
    open: Callable[[], _Opened]


@dataclass(frozen=True)
class _WholeFile:
    """A file that is read in one go, as CSV is."""

    content: BarFile

    @classmethod
    def read(cls, path: Path, stamp: FileStamp, timeframe: Timeframe | None, lag: timedelta) -> _WholeFile:
        content = read_bar_file(path, timeframe, lag)
        refuse_changed(path, stamp)
        return cls(content)

    def bars(self, series: Series) -> Bars:
        return self.content.bars[series]

    def told(self, series: Series) -> Actions:
        return self.content.actions.get(series, Actions.empty(series.instrument_id))


class _LastOpened:
    """Keeps the file asked last, because the next series is usually in it too; never two."""

    def __init__(self) -> None:
        self.path: Path | None = None
        self.opened: _Opened | None = None

    def open(self, path: Path, opener: Callable[[], _AnyOpened]) -> _AnyOpened:
        if self.opened is None or self.path != path:
            self.opened = None  # the memory of one serves the next
            self.path, self.opened = path, opener()
        return cast(_AnyOpened, self.opened)

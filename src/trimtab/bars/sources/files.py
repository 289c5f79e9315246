"""Bars from a CSV or Parquet file, or from a folder of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from trimtab.bars.files import SUFFIXES, BarFile, read_bar_file
from trimtab.bars.schema import Bars, concatenate
from trimtab.bars.sources.protocol import BarSource, UnknownSeriesError, refuse_empty, within
from trimtab.errors import SourceError
from trimtab.market import Series, Timeframe


@dataclass(frozen=True)
class BarFiles(BarSource):
    """A bar file, or every bar file directly in a folder, in the order of their names.

    Files are read once, when first needed; open the source again to see later changes. One
    unreadable file in a folder fails every request: what it would have held cannot be known.

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

    @cached_property
    def files(self) -> tuple[BarFile, ...]:
        """What each file holds and how its columns were read."""
        paths = [self.path]
        if self.path.is_dir():
            paths = sorted(p for p in self.path.iterdir() if p.name.endswith(SUFFIXES) and not p.name.startswith("."))
            if not paths:
                raise SourceError(f"folder {self.path} holds no bar file; put {', '.join(SUFFIXES)} files there")
        return tuple(read_bar_file(path, self.timeframe, self.publication_lag) for path in paths)

    def instruments(self) -> list[Series]:
        """Every series of every file."""
        return sorted({series for file in self.files for series in file.bars})

    def fetch(self, series: Series, since: datetime | None = None, until: datetime | None = None) -> Bars:
        """Raw bars of a series, file after file; see `BarSource.fetch`."""
        parts = [file.bars[series] for file in self.files if series in file.bars]
        if not parts:
            raise UnknownSeriesError(self.name, series, self.instruments())
        return refuse_empty(self.name, series, within(concatenate(parts), since, until), since, until)

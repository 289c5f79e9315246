"""Source "inbox": a strategy lives on what is delivered to the inbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from trimtab.bars.schema import Bars
from trimtab.bars.sources.protocol import BarSource, UnknownSeriesError, refuse_empty, within
from trimtab.bars.store import BarStore
from trimtab.market import Series


@dataclass(frozen=True)
class DeliveredBars(BarSource):
    """The bars that were delivered, which are those of the store: deliveries are ingested as they arrive.

    So there is nothing to fetch. A refresh asks for the last stored bar only, finds it stored, and
    goes on to the features.

    Attributes
    ----------
    store: where deliveries are ingested into.
    folder: the inbox, for the sentence that says where to put a file.
    """

    store: BarStore
    folder: Path
    name: str = "inbox"
    is_live: bool = True
    overlap: int | None = 0

    def instruments(self) -> list[Series]:
        """Every stored series."""
        return self.store.series()

    def fetch(self, series: Series, since: datetime | None = None, until: datetime | None = None) -> Bars:
        """The stored bars of a series, as they were delivered; see `BarSource.fetch`."""
        bars = self.store.stored(series)
        if len(bars) == 0:
            raise NothingDeliveredError(series, self.instruments(), self.folder)
        return refuse_empty(self.name, series, within(bars, since, until), since, until)


class NothingDeliveredError(UnknownSeriesError):
    """Nothing of a series has come through the inbox yet; says where to put a file."""

    def __init__(self, series: Series, available: list[Series], folder: Path) -> None:
        super().__init__("inbox", series, available)
        self.args = (f"{self}; put a file with its bars into {folder}",)

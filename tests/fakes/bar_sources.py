"""Sources that deliver what a test says, or fail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from trimtab.bars import Bars
from trimtab.bars.sources.protocol import BarSource
from trimtab.errors import SourceError
from trimtab.market import Series


@dataclass
class GivenBars(BarSource):
    """Delivers the bars it was given; they may be replaced between two calls."""

    bars: Bars
    name: str = "given"

    def instruments(self) -> list[Series]:
        return [self.bars.series]

    def fetch(self, series: Series, since: datetime | None = None, until: datetime | None = None) -> Bars:
        return self.bars


@dataclass(frozen=True)
class BrokenSource(BarSource):
    """Fails at every request, as a source does whose line went dead."""

    name: str = "broken"

    def instruments(self) -> list[Series]:
        return []

    def fetch(self, series: Series, since: datetime | None = None, until: datetime | None = None) -> Bars:
        raise SourceError(f"source 'broken' did not answer for {series.key}")

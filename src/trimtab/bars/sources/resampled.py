"""Longer bars made from the stored shorter ones of the same instrument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from trimtab.bars.resampling import complete_until, resample
from trimtab.bars.schema import Bars
from trimtab.bars.sources.protocol import BarSource, refuse_empty, within
from trimtab.bars.store import BarStore
from trimtab.market import Series
from trimtab.market.calendar import SessionCalendar


@dataclass(frozen=True)
class Resampled(BarSource):
    """Bars of any longer timeframe from the stored bars of `base`; it goes through the checks like any source.

    Prices stay as stored (actions are applied on read, at every timeframe), and a bar that is not
    over at `until` is left out. A restated short bar shows as a restated long one.

    Attributes
    ----------
    store: where the short bars are.
    base: the series they are of.
    market: when it is open; buckets never mix two sessions.
    now: the time up to which long bars are over.
    """

    store: BarStore
    base: Series
    market: SessionCalendar
    now: datetime
    name: str = "resampled"

    def instruments(self) -> list[Series]:
        """Every longer timeframe cannot be listed without trying; none is."""
        return []

    def fetch(self, series: Series, since: datetime | None = None, until: datetime | None = None) -> Bars:
        """The long bars; see `BarSource.fetch`."""
        short = self.store.stored(self.base)
        bars = resample(
            short,
            series.timeframe,
            self.market,
            until=complete_until(short, self.market, self.now),
            actions=self.store.actions.current(series.instrument_id),
        )
        return refuse_empty(self.name, series, within(bars, since, until), since, until)

    def calendar(self, series: Series) -> str | None:
        """The one the short bars have."""
        return self.market.name

"""A refused bar, as it was delivered and with why it was refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from trimtab.bars.schema import PRICES, TIME, Bars
from trimtab.bars.times import as_time
from trimtab.market import Series

VALUES = (*PRICES, "volume", "factor")


@dataclass(frozen=True)
class QuarantinedBar:
    """One reason to refuse one bar; a bar with two reasons has two of these.

    Attributes
    ----------
    bar: the same for every reason of the same bar; see `bar_ids`.
    event_time: open of the bar; None where it had no time.
    open, high, low, close, volume, factor: as delivered, NaN where there was no number.
    received_time: when trimtab received it first.
    check, detail: why it was refused.
    """

    bar: str
    event_time: datetime | None
    open: float
    high: float
    low: float
    close: float
    volume: float
    factor: float
    received_time: datetime
    check: str
    detail: str

    @property
    def values(self) -> dict[str, float]:
        """Prices, volume and factor by name."""
        return {name: getattr(self, name) for name in VALUES}


def one_bar(series: Series, event_time: datetime | None, values: Mapping[str, float]) -> Bars:
    """A single bar as `Bars`; a bar without a time has NaT."""
    time = np.datetime64("NaT") if event_time is None else as_time(event_time)
    arrays = {name: np.array([values[name]]) for name in VALUES}
    return Bars.build(series, np.array([time], TIME), **arrays)

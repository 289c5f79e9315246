"""A store of bars in memory that keeps every version, written the slow and obvious way."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from trimtab.bars import Bars
from trimtab.bars.schema import TIME
from trimtab.market import Series


class BarHistoryInMemory:
    """First versions of bars, and later versions in the order of their `known_time`."""

    def __init__(self, first: Bars, restated: list[Bars] | None = None) -> None:
        self.first = first
        self.restated = sorted(restated or [], key=lambda bars: bars.known_time[0])

    def current(self, series: Series) -> Bars:
        return self._view(None)

    def as_known_at(self, series: Series, time: datetime) -> Bars:
        return self._view(np.datetime64(time.replace(tzinfo=None), "us"))

    def revision_times(self, series: Series) -> np.ndarray:
        return np.array([bars.known_time[0] for bars in self.restated], dtype=TIME)

    def _view(self, moment: np.datetime64 | None) -> Bars:
        versions = [self.first, *self.restated]
        chosen: dict[np.datetime64, tuple[Bars, int]] = {}
        for bars in versions:
            for row in range(len(bars)):
                if moment is None or bars.known_time[row] <= moment:
                    chosen[bars.event_time[row]] = (bars, row)
        rows = [chosen[time] for time in sorted(chosen)]
        arrays = {
            name: np.array([getattr(bars, name)[row] for bars, row in rows], dtype=array.dtype)
            for name, array in self.first.arrays()
        }
        return Bars(series=self.first.series, **arrays)

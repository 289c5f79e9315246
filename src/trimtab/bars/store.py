"""The bitemporal store: every version of every bar, and the bars as they were known at any time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from trimtab.bars.schema import PRICES, Bars, concatenate
from trimtab.bars.times import as_datetime, as_time
from trimtab.errors import SchemaError, TrimtabError
from trimtab.market import Series
from trimtab.storage.hashing import fingerprint_arrays
from trimtab.storage.lake import Lake
from trimtab.storage.locks import exclusive

_FOLDER = "bars"
_VALUES = (*PRICES, "volume", "factor")
_TICK = np.timedelta64(1, "us")


@dataclass(frozen=True)
class AppendReport:
    """What an append did, in bars.

    Attributes
    ----------
    new: bars whose event time was not stored before.
    restated: bars that differ from their latest stored version; each became a new version.
    unchanged: bars equal to their latest stored version; nothing was written for them.
    """

    new: int
    restated: int
    unchanged: int


@dataclass(frozen=True)
class BarStore:
    """Append-only versions of bars in the lake, one folder of Parquet parts per series.

    A bar seen for the first time keeps the `known_time` it comes with (its close plus the
    source's lag), so a history loaded today can be used for yesterday's decisions. A bar that
    differs from its latest version, in any price, the volume or the factor, becomes a new version
    known from the moment it was received. A change of the factor alone (a new vintage of the
    adjustment) is a restatement too: decisions were taken on the old one.

    One append is one part, written in one step, so a reader sees all of it or nothing. Parts are
    never changed. `bars/**/*.parquet` can be read by DuckDB or pandas without trimtab.
    """

    lake: Lake

    def append(self, bars: Bars, received: datetime) -> AppendReport:
        """Store what is new or different among judged bars of one series; the rest is nothing.

        Raises `SchemaError` where a bar has no time or two share one: judge bars before storing.
        """
        received_time = as_time(received)
        bars = _in_order(bars)
        with exclusive(self.lake.lock_path(f"{_FOLDER}/{bars.series.key}")):
            versions = self._versions(bars.series)
            is_new, is_restated, previous = _compare(bars, _latest(versions))
            report = AppendReport(int(is_new.sum()), int(is_restated.sum()), int((~is_new & ~is_restated).sum()))
            changed = is_new | is_restated
            if changed.any():
                # A clock that was set back must not put a later version before an earlier one.
                restated_at = np.maximum(received_time, previous + _TICK)
                known = np.where(is_restated, restated_at, bars.known_time)
                received_times = np.full(len(bars), received_time)
                self._write(replace(bars, known_time=known, received_time=received_times).take(changed))
        return report

    def current(self, series: Series) -> Bars:
        """The latest version of every bar, by event time; no bars where nothing is stored."""
        return _latest(self._versions(series))

    def as_known_at(self, series: Series, time: datetime) -> Bars:
        """Every bar known at `time`, in the version known then, by event time."""
        versions = self._versions(series)
        return _latest(versions.take(versions.known_time <= as_time(time)))

    def history(self, series: Series, event_time: datetime) -> Bars:
        """All versions of one bar, by known time."""
        versions = self._versions(series)
        return versions.take(versions.event_time == as_time(event_time))

    def revision_times(self, series: Series) -> np.ndarray:
        """Distinct known times of second and later versions, sorted, `datetime64[us]`."""
        versions = self._versions(series)
        later = versions.event_time[1:] == versions.event_time[:-1]
        times: np.ndarray = np.unique(versions.known_time[1:][later])
        return times

    def series(self) -> list[Series]:
        """Every series that has bars, sorted."""
        found = set()
        for name in self.lake.tables.names(_FOLDER):
            try:
                found.add(Series.parse(name.split("/")[1]))
            except TrimtabError:  # a folder somebody else put here
                continue
        return sorted(found)

    def fingerprint(self, series: Series) -> str:
        """SHA-256 of all versions, however they were split into parts and whenever first versions were received."""
        versions = self._versions(series)
        arrays = {name: array for name, array in versions.arrays() if name != "received_time"}
        return fingerprint_arrays(arrays)

    def last_event_time(self, series: Series) -> datetime | None:
        """Event time of the newest bar, or None where nothing is stored."""
        times = self._versions(series).event_time
        return as_datetime(times[-1]) if len(times) else None

    def n_versions(self, series: Series) -> int:
        """Versions of all bars together."""
        return len(self._versions(series))

    def _versions(self, series: Series) -> Bars:
        """All versions by event time, then known time."""
        names = self._parts(series)
        if not names:
            return Bars.empty(series)
        bars = concatenate([Bars.from_table(self.lake.tables.read(name), series) for name in names])
        return bars.take(np.lexsort((bars.known_time, bars.event_time)))

    def _parts(self, series: Series) -> list[str]:
        return list(self.lake.tables.names(f"{_FOLDER}/{series.key}"))

    def _write(self, bars: Bars) -> None:
        taken = [int(name.rpartition("/")[2].split("-")[0]) for name in self._parts(bars.series)]
        content = fingerprint_arrays(dict(bars.arrays()))[:12]
        name = f"{_FOLDER}/{bars.series.key}/{max(taken, default=0) + 1:06d}-{content}"
        self.lake.tables.write(name, bars.to_table())


def _in_order(bars: Bars) -> Bars:
    if np.isnat(bars.event_time).any() or np.isnat(bars.known_time).any():
        raise SchemaError(f"{bars.series}: a bar without event time or known time cannot be stored; judge bars first")
    bars = bars.take(np.argsort(bars.event_time, kind="stable"))
    twice = bars.event_time[1:] == bars.event_time[:-1]
    if twice.any():
        raise SchemaError(
            f"{bars.series}: two bars at {bars.event_time[1:][twice][0]} cannot be stored; judge bars first"
        )
    return bars


def _latest(versions: Bars) -> Bars:
    """The last version of every event time; versions come sorted by event time, then known time."""
    is_last = np.ones(len(versions), bool)
    is_last[:-1] = versions.event_time[1:] != versions.event_time[:-1]
    return versions.take(is_last)


def _compare(bars: Bars, stored: Bars) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per bar: is it new, is it restated, and when was its stored version known (NaT if new)."""
    previous = np.full(len(bars), np.datetime64("NaT"), bars.event_time.dtype)
    if len(stored) == 0:
        return np.ones(len(bars), bool), np.zeros(len(bars), bool), previous
    at = np.minimum(np.searchsorted(stored.event_time, bars.event_time), len(stored) - 1)
    is_new = stored.event_time[at] != bars.event_time
    differs = np.zeros(len(bars), bool)
    for name in _VALUES:
        given, known = getattr(bars, name), getattr(stored, name)[at]
        differs |= (given != known) & ~(np.isnan(given) & np.isnan(known))
    previous[~is_new] = stored.known_time[at][~is_new]
    return is_new, differs & ~is_new, previous

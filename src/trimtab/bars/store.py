"""The bitemporal store: every version of every bar, and the bars as they were known at any time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from trimtab.bars.actions.adjust import Adjustment, adjust
from trimtab.bars.actions.store import ActionStore
from trimtab.bars.compaction import CompactionReport, compact, remove_covered, write_part
from trimtab.bars.schema import COLUMNS, PRICES, Bars
from trimtab.bars.times import as_datetime, as_time
from trimtab.bars.versions import AppendReport, Comparison, compare, different, in_order, latest_of
from trimtab.errors import SchemaError, TrimtabError
from trimtab.market import Series, Timeframe
from trimtab.storage.hashing import fingerprint_arrays, fingerprint_json
from trimtab.storage.lake import Lake
from trimtab.storage.locks import exclusive
from trimtab.storage.parts import Parts, read_parts

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MAX_PARTS", "AppendReport", "BarStore"]

MAX_PARTS = 64  # parts beside the compacted ones, above which an append compacts
_FOLDER = "bars"
_TRADED = (*PRICES, "volume")


@dataclass(frozen=True)
class BarStore:
    """Append-only versions of bars in the lake, one folder of Parquet parts per series.

    A bar seen for the first time keeps the `known_time` it comes with (its close plus the
    source's lag), so a history loaded today can be used for yesterday's decisions. A bar that
    differs from its latest version, in any price, the volume or the factor, becomes a new version
    known from the moment it was received. A change of the factor alone (a new vintage of the
    adjustment) is a restatement too: decisions were taken on the old one.

    One append is one part, written in one step, so a reader sees all of it or nothing; more than
    `max_parts` of them are compacted, which loses no version. What is read is adjusted with the
    corporate actions of the instrument (`actions`) that were known then; what is stored is not.
    `docs/bar_store.md` says how the files are laid out and read without trimtab.
    """

    lake: Lake
    max_parts: int = MAX_PARTS

    @property
    def actions(self) -> ActionStore:
        """The splits and dividends of all instruments."""
        return ActionStore(self.lake)

    def append(self, bars: Bars, received: datetime, *, known_at_receipt: bool = False) -> AppendReport:
        """Store what is new or different among judged bars of one series; the rest is nothing.

        Parameters
        ----------
        bars: with the factor of their source; never bars that `current` has adjusted.
        received: when they came.
        known_at_receipt: bars seen for the first time are known from `received`, not from their
            close, because nobody could use them before: a bar that a person has released.

        Raises `SchemaError` where a bar has no time or two share one: judge bars before storing.
        """
        received_time, folder = as_time(received), _folder(bars.series)
        bars = _in_order(bars)
        first = np.maximum(bars.known_time, received_time) if known_at_receipt else bars.known_time
        with exclusive(self.lake.lock_path(folder)):
            parts = remove_covered(self.lake.tables, folder)
            stored = self.stored(bars.series)
            found = _compare(bars, stored)
            if found.is_changed.any():
                known = found.known_time(first, received_time)
                versions = replace(bars, known_time=known, received_time=np.full(len(bars), received_time))
                write_part(self.lake.tables, f"{folder}/{parts.last + 1:06d}", versions.take(found.is_changed))
                if len(parts.later) >= self.max_parts:
                    self._compact(bars.series)
        return found.report(_is_readjusted(bars, stored, found))

    def compact(self, series: Series) -> CompactionReport:
        """Gather the parts of a series now; every version, view and fingerprint stays what it was."""
        with exclusive(self.lake.lock_path(_folder(series))):
            return self._compact(series)

    def stored(self, series: Series) -> Bars:
        """The latest version of every bar with the factor of its source, as it was stored."""
        return latest_of(self._read(series, lambda parts: parts.live))

    def current(self, series: Series, adjustment: Adjustment = "total_return") -> Bars:
        """The latest version of every bar, by event time; no bars where nothing is stored.

        `factor` is that of the adjustment: the source's own times what the stored actions say.
        """
        return adjust(self.stored(series), self.actions.current(series.instrument_id), adjustment)

    def as_known_at(self, series: Series, time: datetime, adjustment: Adjustment = "total_return") -> Bars:
        """Every bar that could be known at `time`, in the version known then, with the actions known then."""
        moment = as_time(time)
        bars = self.stored(series)
        if not (bars.known_time <= moment).all():  # otherwise no older version can be asked for
            versions = self.versions(series)
            bars = latest_of(versions.take(versions.known_time <= moment))
        return adjust(bars, self.actions.as_known_at(series.instrument_id, time), adjustment)

    def as_received_at(self, series: Series, time: datetime, adjustment: Adjustment = "total_return") -> Bars:
        """Every bar trimtab held at `time`, in the version it held, with the actions it held.

        The other axis of time: `as_known_at` asks what somebody could have known, and a history
        loaded today could; this asks what was in the store, to see what trimtab truly worked on.
        """
        versions = self.versions(series)
        bars = latest_of(versions.take(versions.received_time <= as_time(time)))
        return adjust(bars, self.actions.as_received_at(series.instrument_id, time), adjustment)

    def history(self, series: Series, event_time: datetime) -> Bars:
        """All versions of one bar as stored, by known time."""
        versions = self.versions(series)
        return versions.take(versions.event_time == as_time(event_time))

    def revised(self, series: Series, start: datetime | None = None, end: datetime | None = None) -> Bars:
        """Second and later versions of the bars with `start` ≤ event time ≤ `end`, by known time."""
        versions = self.versions(series)
        chosen = ~_is_first(versions)
        if start is not None:
            chosen &= versions.event_time >= as_time(start)
        if end is not None:
            chosen &= versions.event_time <= as_time(end)
        revised = versions.take(chosen)
        return revised.take(np.argsort(revised.known_time, kind="stable"))

    def revision_times(self, series: Series) -> np.ndarray:
        """Distinct known times at which what was known of the past changed, sorted, `datetime64[us]`.

        Those of second and later versions, of first versions that became known after a later bar
        was, and of actions that were told late or changed.
        """
        versions = self.versions(series)
        is_first = _is_first(versions)
        bars = versions.known_time[~is_first], _late(versions.known_time[is_first])
        times: np.ndarray = np.unique(np.concatenate([*bars, self.actions.revision_times(series.instrument_id)]))
        return times

    def content(self, series: Series) -> tuple[str, ...]:
        """The names of what is stored of a series and its instrument: another tuple when anything was stored since."""
        actions = f"actions/{series.instrument_id}"
        return (*self.lake.tables.names(_folder(series)), *self.lake.tables.names(actions))

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
        """SHA-256 of all versions of bars and actions, however they were split into parts and whenever first versions were received."""
        versions = self.versions(series)
        bars = fingerprint_arrays({name: array for name, array in versions.arrays() if name != "received_time"})
        actions = self.actions.fingerprint(series.instrument_id)
        return bars if actions is None else fingerprint_json({"bars": bars, "actions": actions})

    def last_event_time(self, series: Series) -> datetime | None:
        """Event time of the newest bar, or None where nothing is stored."""
        times = self.stored(series).event_time
        return as_datetime(times[-1]) if len(times) else None

    def seen(self, instrument_id: str) -> tuple[np.datetime64 | None, np.datetime64 | None]:
        """Event times of the oldest and newest bar of an instrument at any timeframe; None where nothing is stored."""
        spans = [self.stored(Series(instrument_id, timeframe)).event_time for timeframe in Timeframe]
        ends = [(times[0], times[-1]) for times in spans if len(times)]
        return min((first for first, _ in ends), default=None), max((last for _, last in ends), default=None)

    def n_versions(self, series: Series) -> int:
        """Versions of all bars together."""
        return len(self.versions(series))

    def versions(self, series: Series) -> Bars:
        """All versions by event time, then known time."""
        return self._read(series, lambda parts: parts.complete)

    def _read(self, series: Series, chosen: Callable[[Parts], tuple[str, ...]]) -> Bars:
        return _bars_of(read_parts(self.lake.tables, _folder(series), chosen, COLUMNS[2:]), series)

    def _compact(self, series: Series) -> CompactionReport:
        return compact(self.lake.tables, _folder(series), lambda: self.versions(series))


def _folder(series: Series) -> str:
    return f"{_FOLDER}/{series.key}"


def _bars_of(tables: list[pa.Table], series: Series) -> Bars:
    """Bars of several parts by event time, then known time."""
    if not tables:
        return Bars.empty(series)
    import pyarrow as pa

    return in_order(Bars.from_table(pa.concat_tables(tables), series))


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


def _is_first(versions: Bars) -> np.ndarray:
    """Whether each version is the first of its bar; versions come by event time, then known time."""
    first = np.ones(len(versions), bool)
    first[1:] = versions.event_time[1:] != versions.event_time[:-1]
    return first


def _late(known_time: np.ndarray) -> np.ndarray:
    """The known times, given by event time, that come after that of a later bar."""
    if len(known_time) == 0:
        return known_time
    earliest_from_here = np.minimum.accumulate(known_time[::-1])[::-1]
    late: np.ndarray = known_time[:-1][known_time[:-1] > earliest_from_here[1:]]
    return late


def _compare(bars: Bars, stored: Bars) -> Comparison:
    at = np.searchsorted(stored.event_time, bars.event_time)
    at = np.minimum(at, max(len(stored) - 1, 0))
    is_new = stored.event_time[at] != bars.event_time if len(stored) else np.ones(len(bars), bool)
    names = (*_TRADED, "factor")
    given, known = ([getattr(each, name) for name in names] for each in (bars, stored))
    return compare(given, known, at, is_new, stored.known_time)


def _is_readjusted(bars: Bars, stored: Bars, found: Comparison) -> np.ndarray:
    """Whether each bar is restated in its factor and in nothing else."""
    readjusted = found.is_restated.copy()
    if readjusted.any():
        for name in _TRADED:
            readjusted &= ~different(getattr(bars, name), getattr(stored, name)[found.stored_at])
    return readjusted

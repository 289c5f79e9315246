"""The bitemporal store of corporate actions: every version of every split and dividend."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from trimtab.bars.actions.schema import COLUMNS, NOTHING, ActionKind, Actions
from trimtab.bars.times import as_time
from trimtab.bars.versions import AppendReport, Comparison, compare, is_last
from trimtab.errors import SchemaError
from trimtab.storage.hashing import fingerprint_arrays
from trimtab.storage.lake import Lake
from trimtab.storage.locks import exclusive
from trimtab.storage.parts import list_parts, read_parts

_FOLDER = "actions"


@dataclass(frozen=True)
class ActionStore:
    """Append-only versions of corporate actions in the lake, one folder of Parquet parts per instrument.

    An action is known by its ex-time and kind. Told in time it is known at its ex-time. Told when
    bars on both sides of its ex-time were stored already, or told differently than before, it is
    known from when it was received: late news must not rewrite what decisions were taken on. An action
    that a source stops telling stays, because sources forget; one that never happened is withdrawn
    by telling its `NOTHING` value.
    """

    lake: Lake

    def append(
        self,
        actions: Actions,
        received: datetime,
        *,
        last_seen: np.datetime64 | None,
        first_seen: np.datetime64 | None = None,
    ) -> AppendReport:
        """Store what is new or different; told again, the same actions change nothing.

        Parameters
        ----------
        actions: of one instrument, in any order.
        last_seen: event time of the newest bar of the instrument that was stored before these
            actions came; None where none was. See `BarStore.seen`.
        first_seen: event time of the oldest such bar; an action up to it is not late, because no stored
            bar lay before it, so nothing was decided on prices it changes. None where it is not known.

        Raises `SchemaError` for an action without a time or a possible value, and for two of one kind
        at one time: add up the dividends of a day.
        """
        received_time = as_time(received)
        actions = in_order(actions)
        with exclusive(self.lake.lock_path(f"{_FOLDER}/{actions.instrument_id}")):
            found = _compare(actions, _latest(self._versions(actions.instrument_id)))
            if found.is_changed.any():
                late = np.zeros(len(actions), bool) if last_seen is None else actions.ex_time <= last_seen
                if first_seen is not None:
                    late &= actions.ex_time > first_seen
                first = np.where(late, np.maximum(received_time, actions.ex_time), actions.ex_time)
                known = found.known_time(first, received_time)
                told = replace(actions, known_time=known, received_time=np.full(len(actions), received_time))
                self._write(told.take(found.is_changed))
        return found.report()

    def current(self, instrument_id: str) -> Actions:
        """The latest version of every action, by ex-time, without those that were withdrawn."""
        return _in_force(self._versions(instrument_id))

    def as_known_at(self, instrument_id: str, time: datetime) -> Actions:
        """Every action known at `time`, in the version known then."""
        versions = self._versions(instrument_id)
        return _in_force(versions.take(versions.known_time <= as_time(time)))

    def as_received_at(self, instrument_id: str, time: datetime) -> Actions:
        """Every action trimtab had been told by `time`, in the version it held then."""
        versions = self._versions(instrument_id)
        return _in_force(versions.take(versions.received_time <= as_time(time)))

    def history(self, instrument_id: str, ex_time: datetime | None = None) -> Actions:
        """All versions, of one ex-time or of all, withdrawals included; by ex-time, kind, known time."""
        versions = self._versions(instrument_id)
        return versions if ex_time is None else versions.take(versions.ex_time == as_time(ex_time))

    def revision_times(self, instrument_id: str) -> np.ndarray:
        """Distinct known times at which factors of the past changed, sorted, `datetime64[us]`."""
        versions = self._versions(instrument_id)
        # An action known at its ex-time is no revision: it rescales everything before it alike, and
        # nothing that was decided then compared prices from before with prices from after it.
        times: np.ndarray = np.unique(versions.known_time[versions.known_time > versions.ex_time])
        return times

    def instruments(self) -> list[str]:
        """Every instrument that has actions, sorted."""
        return sorted({name.split("/")[1] for name in self.lake.tables.names(_FOLDER)})

    def fingerprint(self, instrument_id: str) -> str | None:
        """SHA-256 of all versions, whenever they were received; None where there are none."""
        versions = self._versions(instrument_id)
        if len(versions) == 0:
            return None
        return fingerprint_arrays({name: array for name, array in versions.arrays() if name != "received_time"})

    def _versions(self, instrument_id: str) -> Actions:
        """All versions by ex-time, kind, then known time."""
        folder = f"{_FOLDER}/{instrument_id}"
        tables = read_parts(self.lake.tables, folder, lambda parts: parts.complete, COLUMNS)
        if not tables:
            return Actions.empty(instrument_id)
        import pyarrow as pa

        actions = Actions.from_table(pa.concat_tables(tables), instrument_id)
        return actions.take(np.lexsort((actions.known_time, actions.kind, actions.ex_time)))

    def _write(self, actions: Actions) -> None:
        folder = f"{_FOLDER}/{actions.instrument_id}"
        number = list_parts(self.lake.tables, folder).last + 1
        content = fingerprint_arrays(dict(actions.arrays()))[:12]
        self.lake.tables.write(f"{folder}/{number:06d}-{content}", actions.to_table())


def in_order(actions: Actions) -> Actions:
    """Actions by ex-time, then kind; `SchemaError` for one that no store could hold."""
    whose = f"actions of {actions.instrument_id}"
    if np.isnat(actions.ex_time).any():
        raise SchemaError(f"{whose}: an action without an ex-date cannot be stored; give its date")
    smallest = np.where(actions.kind == ActionKind.SPLIT, np.nextafter(0.0, 1.0), 0.0)
    impossible = ~(np.isfinite(actions.value) & (actions.value >= smallest))
    if impossible.any():
        at = int(np.flatnonzero(impossible)[0])
        raise SchemaError(
            f"{whose}: a {actions.kind[at]} of {actions.value[at]:g} on {str(actions.ex_time[at])[:10]} is impossible; "
            "a split needs a ratio above 0, a dividend an amount of at least 0"
        )
    actions = actions.take(np.lexsort((actions.kind, actions.ex_time)))
    twice = ~is_last(_keys(actions))
    if twice.any():
        at = int(np.flatnonzero(twice)[0])
        raise SchemaError(
            f"{whose}: two {actions.kind[at]}s on {str(actions.ex_time[at])[:10]} cannot be stored; "
            "add up the dividends of a day, multiply its splits"
        )
    return actions


def _keys(actions: Actions) -> np.ndarray:
    keys = np.empty(len(actions), [("ex_time", actions.ex_time.dtype), ("kind", "U8")])
    keys["ex_time"], keys["kind"] = actions.ex_time, actions.kind
    return keys


def _latest(versions: Actions) -> Actions:
    return versions.take(is_last(_keys(versions)))


def _in_force(versions: Actions) -> Actions:
    latest = _latest(versions)
    return latest.take(~_is_nothing(latest))


def _is_nothing(actions: Actions) -> np.ndarray:
    nothing: np.ndarray = actions.value == np.where(
        actions.kind == ActionKind.SPLIT, NOTHING[ActionKind.SPLIT], NOTHING[ActionKind.DIVIDEND]
    )
    return nothing


def _compare(actions: Actions, stored: Actions) -> Comparison:
    places = {(time, kind): at for at, (time, kind) in enumerate(_keys(stored).tolist())}
    at = np.array([places.get((time, kind), -1) for time, kind in _keys(actions).tolist()], np.int64)
    found = compare([actions.value], [stored.value], at, at < 0, stored.known_time)
    # To withdraw what was never told is nothing.
    return replace(found, is_new=found.is_new & ~_is_nothing(actions))

"""`Actions`: splits and dividends of one instrument, as contiguous arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from trimtab.bars.schema import TIME
from trimtab.errors import SchemaError

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("instrument_id", "ex_time", "kind", "value", "known_time", "received_time")


class ActionKind(StrEnum):
    """What happened to a share.

    SPLIT: one old share became `value` new ones (4.0 for four-for-one, 0.1 for a reverse split).
    DIVIDEND: `value` was paid per share as traded on the day before, in the currency of its price;
        capital gains that a fund distributes are dividends.
    """

    SPLIT = "split"
    DIVIDEND = "dividend"


# What an action of a kind is when it turns out never to have happened.
NOTHING = {ActionKind.SPLIT: 1.0, ActionKind.DIVIDEND: 0.0}


@dataclass(frozen=True)
class Actions:
    """Corporate actions of one instrument, one element per action, arrays of equal length.

    Attributes
    ----------
    instrument_id: whose.
    ex_time: the session at whose open it takes effect, by its date at 00:00 UTC, `datetime64[us]`. It is
        compared with the `event_time` of a bar, never with an open: bars that begin before it belong to
        the old share, all others to the new one; a weekly bar to the old one where its whole week lies
        before it. That is exact for daily and weekly bars. Intraday bars of the new share that begin before 00:00 UTC
        (Sydney in summer, New Zealand, futures that open the evening before) are taken for old ones, and bars
        of the old share from 00:00 UTC on (after hours in New York) for new ones.
    kind: `ActionKind` values, as an array of str.
    value: see `ActionKind`, float64. `NOTHING` of the kind withdraws what was told before.
    known_time: when it could first be used, `datetime64[us]`, UTC: `ex_time` (actions are announced
        before), or, for what was told late or changed, when it was received.
    received_time: when trimtab received it, `datetime64[us]`, UTC.

    >>> split = Actions.build("AAPL", np.array(["2014-06-09"], TIME), np.array(["split"]), np.array([7.0]))
    >>> len(split), str(split.known_time[0])
    (1, '2014-06-09T00:00:00.000000')
    """

    instrument_id: str
    ex_time: np.ndarray
    kind: np.ndarray
    value: np.ndarray
    known_time: np.ndarray
    received_time: np.ndarray

    def __post_init__(self) -> None:
        n = len(self.ex_time)
        for field in fields(self)[1:]:
            array = getattr(self, field.name)
            right = array.dtype == TIME if field.name.endswith("_time") else array.dtype.kind in "Uf"
            if not right or array.shape != (n,):
                raise SchemaError(
                    f"actions of {self.instrument_id}: '{field.name}' has {array.dtype} and shape {array.shape}"
                )
        unknown = sorted(set(self.kind.tolist()) - set(ActionKind))
        if unknown:
            raise SchemaError(
                f"actions of {self.instrument_id}: unknown kind '{unknown[0]}'; allowed: {', '.join(ActionKind)}"
            )

    def __len__(self) -> int:
        return len(self.ex_time)

    def arrays(self) -> Iterator[tuple[str, np.ndarray]]:
        """The columns by name, in the order of the schema, without the instrument."""
        for field in fields(self)[1:]:
            yield field.name, getattr(self, field.name)

    def take(self, selection: np.ndarray | slice) -> Actions:
        """The actions at some positions, by slice, mask or indices."""
        return Actions(self.instrument_id, **{name: array[selection] for name, array in self.arrays()})

    def to_table(self) -> pa.Table:
        """An Arrow table in the schema of the store, times as timestamp[us, UTC]."""
        import pyarrow as pa

        columns: dict[str, pa.Array] = {"instrument_id": pa.array([self.instrument_id] * len(self), pa.string())}
        for name, array in self.arrays():
            columns[name] = pa.array(array)
            if name.endswith("_time"):
                columns[name] = columns[name].cast(pa.timestamp("us", tz="UTC"))
        return pa.table({name: columns[name] for name in COLUMNS})

    @classmethod
    def from_table(cls, table: pa.Table, instrument_id: str) -> Actions:
        """Read back a table of `to_table` that holds actions of one instrument."""
        column = {name: table[name].combine_chunks().to_numpy(zero_copy_only=False) for name in COLUMNS[1:]}
        return cls.build(instrument_id, **column)

    @classmethod
    def build(
        cls,
        instrument_id: str,
        ex_time: np.ndarray,
        kind: np.ndarray,
        value: np.ndarray,
        known_time: np.ndarray | None = None,
        received_time: np.ndarray | None = None,
    ) -> Actions:
        """Actions from anything array-like; known and received time default to `ex_time`."""
        times = np.ascontiguousarray(ex_time, dtype=TIME)
        return cls(
            instrument_id=instrument_id,
            ex_time=times,
            kind=np.asarray(kind, dtype="U8"),
            value=np.ascontiguousarray(value, dtype=np.float64),
            known_time=times if known_time is None else np.ascontiguousarray(known_time, dtype=TIME),
            received_time=times if received_time is None else np.ascontiguousarray(received_time, dtype=TIME),
        )

    @classmethod
    def empty(cls, instrument_id: str) -> Actions:
        """No actions."""
        return cls.build(instrument_id, np.empty(0, TIME), np.empty(0, "U8"), np.empty(0))

"""`Bars`: the price record of one instrument at one timeframe, as contiguous arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from trimtab.errors import SchemaError
from trimtab.market import Series, Timeframe

if TYPE_CHECKING:
    import pyarrow as pa

TIME = np.dtype("datetime64[us]")
PRICES = ("open", "high", "low", "close")
COLUMNS = (
    "instrument_id",
    "timeframe",
    "event_time",
    *PRICES,
    "volume",
    "factor",
    "known_time",
    "received_time",
)


@dataclass(frozen=True)
class Bars:
    """Bars of one series, one element per bar, arrays of equal length.

    Attributes
    ----------
    series: instrument and timeframe.
    event_time: open of the bar, `datetime64[us]`, UTC.
    open, high, low, close: raw prices as traded, float64.
    volume: units traded, float64.
    factor: what a raw price is multiplied with to be comparable with the last bar (splits and
        dividends of the source's vintage); 1.0 where the source knows none.
    known_time: when the bar could first be used: its close plus the source's publication lag,
        or, for a restated version, when it was received. `datetime64[us]`, UTC.
    received_time: when trimtab received it. `datetime64[us]`, UTC.

    Nothing here promises order or sanity: raw bars are `Bars` too. What `BarStore` returns is
    strictly increasing in `event_time` and has passed the checks.
    """

    series: Series
    event_time: np.ndarray
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray
    factor: np.ndarray
    known_time: np.ndarray
    received_time: np.ndarray

    def __post_init__(self) -> None:
        n = len(self.event_time)
        for name, array in self.arrays():
            wanted = TIME if name.endswith("_time") else np.dtype(np.float64)
            if array.dtype != wanted or array.shape != (n,):
                raise SchemaError(
                    f"{self.series}: '{name}' must be {wanted} with shape ({n},), "
                    f"not {array.dtype} with shape {array.shape}"
                )

    def __len__(self) -> int:
        return len(self.event_time)

    def arrays(self) -> Iterator[tuple[str, np.ndarray]]:
        """The columns by name, in the order of the schema, without the series."""
        for field in fields(self):
            if field.name != "series":
                yield field.name, getattr(self, field.name)

    def take(self, selection: np.ndarray | slice) -> Bars:
        """The bars at some positions, by slice, mask or indices."""
        return Bars(self.series, **{name: np.ascontiguousarray(a[selection]) for name, a in self.arrays()})

    def adjusted(self) -> Bars:
        """Bars with `factor` applied: prices multiplied, volume divided, traded value unchanged.

        The factor rescales history as a whole, so ratios of prices are right on every day while
        price levels depend on the vintage: features use ratios only.
        """
        if (self.factor == 1.0).all():
            return self
        arrays = dict(self.arrays())
        for name in PRICES:
            arrays[name] = arrays[name] * self.factor
        arrays["volume"], arrays["factor"] = self.volume / self.factor, np.ones(len(self))
        return Bars(self.series, **arrays)

    def to_table(self) -> pa.Table:
        """An Arrow table in the schema of the store, times as timestamp[us, UTC]."""
        import pyarrow as pa

        columns: dict[str, pa.Array] = {
            "instrument_id": pa.array([self.series.instrument_id] * len(self), pa.string()),
            "timeframe": pa.array([self.series.timeframe.value] * len(self), pa.string()),
        }
        for name, array in self.arrays():
            kind = pa.timestamp("us", tz="UTC") if name.endswith("_time") else pa.float64()
            columns[name] = (
                pa.array(array, pa.timestamp("us")).cast(kind) if name.endswith("_time") else pa.array(array)
            )
        return pa.table({name: columns[name] for name in COLUMNS})

    @classmethod
    def from_table(cls, table: pa.Table, series: Series | None = None) -> Bars:
        """Read back a table of `to_table`; it must hold exactly one series."""
        import pyarrow.compute as pc

        if series is None:
            ids, frames = (pc.unique(table[name]).to_pylist() for name in ("instrument_id", "timeframe"))
            if len(ids) != 1 or len(frames) != 1:
                raise SchemaError(
                    f"the table must hold one series, not {len(ids)} instruments x {len(frames)} timeframes"
                )
            series = Series(ids[0], Timeframe.parse(frames[0]))
        arrays = {}
        for name in COLUMNS[2:]:
            column = table[name].combine_chunks().to_numpy(zero_copy_only=False)
            arrays[name] = np.ascontiguousarray(column, dtype=TIME if name.endswith("_time") else np.float64)
        return cls(series=series, **arrays)

    @classmethod
    def empty(cls, series: Series) -> Bars:
        """No bars."""
        return cls.build(series, np.empty(0, TIME), *(np.empty(0) for _ in range(5)))

    @classmethod
    def build(
        cls,
        series: Series,
        event_time: np.ndarray,
        open: np.ndarray,
        high: np.ndarray,
        low: np.ndarray,
        close: np.ndarray,
        volume: np.ndarray,
        factor: np.ndarray | None = None,
        known_time: np.ndarray | None = None,
        received_time: np.ndarray | None = None,
    ) -> Bars:
        """Bars from anything array-like; known and received time default to the bar's close."""
        times = np.ascontiguousarray(event_time, dtype=TIME)
        close_time = times + series.timeframe.duration_us
        number = lambda values: np.ascontiguousarray(values, dtype=np.float64)  # noqa: E731 - a local shorthand for eight calls
        return cls(
            series=series,
            event_time=times,
            open=number(open),
            high=number(high),
            low=number(low),
            close=number(close),
            volume=number(volume),
            factor=np.ones(len(times)) if factor is None else number(factor),
            known_time=close_time if known_time is None else np.ascontiguousarray(known_time, dtype=TIME),
            received_time=close_time if received_time is None else np.ascontiguousarray(received_time, dtype=TIME),
        )


def concatenate(parts: list[Bars]) -> Bars:
    """Put parts of one series after one another, in the order given."""
    series = {part.series for part in parts}
    if len(series) != 1:
        raise SchemaError(f"only parts of one series can be joined, not {sorted(map(str, series))}")
    names = [name for name, _ in parts[0].arrays()]
    return Bars(series=parts[0].series, **{name: np.concatenate([getattr(p, name) for p in parts]) for name in names})

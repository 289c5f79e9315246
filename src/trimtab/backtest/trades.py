"""Round trips: from flat until flat again, or until the position changes sides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, overload

import numpy as np
from numba import njit

# A round trip: rows of the first and last fill (-1: still open), sign, units, money in and out, and costs.
TRIP = np.dtype(
    [
        ("instrument", np.int64),
        ("entry_row", np.int64),
        ("exit_row", np.int64),
        ("sign", np.float64),
        ("units", np.float64),
        ("entry_value", np.float64),
        ("exit_value", np.float64),
        ("costs", np.float64),
    ]
)
# A round trip under way, of one instrument.
_RUNNING = np.dtype([*TRIP.descr, ("held", np.float64), ("left", np.float64)])


@dataclass(frozen=True)
class Trade:
    """One round trip in one instrument.

    Attributes
    ----------
    instrument_id: what was traded.
    side: "long" or "short".
    units: units entered in total, positive.
    entry_time, exit_time: event time of the bar of the first and of the last fill; NaT while open.
    entry_price, exit_price: mean quoted price of the way in and out; while open, what is left is
        valued at the last close.
    pnl: money earned after all costs, valued at the last close while open.
    costs: commission, slippage, impact and borrow paid, in money.
    bars: bars of the instrument from the first to the last fill, or to the end while open.
    is_open: still held at the end.
    """

    instrument_id: str
    side: Literal["long", "short"]
    units: float
    entry_time: np.datetime64
    exit_time: np.datetime64
    entry_price: float
    exit_price: float
    pnl: float
    costs: float
    bars: int
    is_open: bool


class Trades(Sequence[Trade]):
    """Round trips by entry time, kept as arrays; a `Trade` is made when it is asked for.

    Attributes
    ----------
    pnl, costs: money per trade, shape (n,).
    is_open: bool, shape (n,).
    """

    def __init__(self, trips: np.ndarray, instruments: Sequence[str], event_time: np.ndarray, has_bar: np.ndarray):
        """Take `trips` of dtype `TRIP`, whose rows point into `event_time` and `has_bar`, shape (t, k)."""
        rank = np.empty(len(instruments), np.int64)
        rank[np.argsort(np.array(instruments))] = np.arange(len(instruments))
        order = np.argsort(trips["entry_row"] * len(rank) + rank[trips["instrument"]])
        self._trips = trips[order]
        self._instruments, self._event_time, self._has_bar = instruments, event_time, has_bar
        self.is_open = self._trips["exit_row"] < 0
        self.costs = self._trips["costs"]
        self.pnl = self._trips["sign"] * (self._trips["exit_value"] - self._trips["entry_value"]) - self.costs

    def __len__(self) -> int:
        return len(self._trips)

    @overload
    def __getitem__(self, index: int) -> Trade: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Trade, ...]: ...
    def __getitem__(self, index: int | slice) -> Trade | tuple[Trade, ...]:
        if isinstance(index, slice):
            return tuple(self._trade(number) for number in range(*index.indices(len(self))))
        return self._trade(range(len(self))[index])

    def __iter__(self) -> Iterator[Trade]:
        return (self._trade(number) for number in range(len(self)))

    def _trade(self, number: int) -> Trade:
        trip = self._trips[number]
        column, first, is_open = int(trip["instrument"]), int(trip["entry_row"]), bool(self.is_open[number])
        last = len(self._event_time) - 1 if is_open else int(trip["exit_row"])
        return Trade(
            instrument_id=self._instruments[column],
            side="long" if trip["sign"] > 0.0 else "short",
            units=float(trip["units"]),
            entry_time=self._event_time[first],
            exit_time=np.datetime64("NaT", "us") if is_open else self._event_time[last],
            entry_price=float(trip["entry_value"] / trip["units"]),
            exit_price=float(trip["exit_value"] / trip["units"]),
            pnl=float(self.pnl[number]),
            costs=float(trip["costs"]),
            bars=int(self._has_bar[first + 1 : last + 1, column].sum()),
            is_open=is_open,
        )


def find_trips(fills: np.ndarray, last_close: np.ndarray, borrow: np.ndarray) -> np.ndarray:
    """Group fills into round trips of dtype `TRIP`, the closed ones first, in the order in which they closed.

    `fills` are of dtype `ledger.FILL` in order of time; `last_close` values what is still held, `borrow` is money
    paid since the last fill, both shape (k,). A fill that changes sides closes one trip and opens the next, its
    costs shared by units.
    """
    trips = np.empty(len(fills) + len(last_close), TRIP)
    return trips[: _find_trips(fills, last_close, borrow, np.zeros(len(last_close), _RUNNING), trips)]


@njit(cache=True, nogil=True, error_model="numpy")
def _find_trips(
    fills: np.ndarray, last_close: np.ndarray, borrow: np.ndarray, running: np.ndarray, trips: np.ndarray
) -> int:
    n = 0
    for number in range(len(fills)):
        j, units, price = fills[number].instrument, fills[number].units, fills[number].price
        held = running[j].held
        running[j].costs += fills[number].borrow
        closing = min(abs(units), abs(held)) if held * units < 0.0 else 0.0
        cost = fills[number].cost / abs(units)
        after = held + units
        if abs(after) <= 1e-12 * max(abs(held), abs(units)):  # flat, but for rounding
            after = 0.0
        if closing > 0.0:
            running[j].left += closing
            running[j].exit_value += closing * price
            running[j].costs += cost * closing
            if after == 0.0 or after * held < 0.0:
                running[j].exit_value += (running[j].units - running[j].left) * price  # rounding, if anything
                _close(running[j], j, fills[number].row, trips[n])
                n += 1
        opening = abs(units) - closing
        if opening > 0.0 and after != 0.0:
            if running[j].units == 0.0:
                running[j].sign, running[j].entry_row = np.sign(units), fills[number].row
            running[j].units += opening
            running[j].entry_value += opening * price
            running[j].costs += cost * opening
        running[j].held = after
    for j in range(len(running)):
        if running[j].units > 0.0:
            running[j].exit_value += (running[j].units - running[j].left) * last_close[j]
            running[j].costs += borrow[j]
            _close(running[j], j, -1, trips[n])
            n += 1
    return n


@njit(cache=True, nogil=True, error_model="numpy")
def _close(run: np.record, j: int, exit_row: int, trip: np.record) -> None:
    """Write a trip down and begin the next with nothing."""
    trip.instrument, trip.entry_row, trip.exit_row, trip.sign = j, run.entry_row, exit_row, run.sign
    trip.units, trip.entry_value, trip.exit_value, trip.costs = run.units, run.entry_value, run.exit_value, run.costs
    run.units, run.entry_value, run.exit_value, run.costs, run.left = 0.0, 0.0, 0.0, 0.0, 0.0

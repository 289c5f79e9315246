"""Round trips: from flat until flat again, or until the position changes sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np


@dataclass(frozen=True)
class Trade:
    """One round trip in one instrument.

    Attributes
    ----------
    instrument_id: what was traded.
    side: "long" or "short".
    units: units entered in total, positive.
    entry_time, exit_time: event time of the bar of the first and of the last fill; NaT while open.
    entry_price, exit_price: mean fill price of the way in and out; while open, what is left is
        valued at the last close.
    pnl: money earned after all costs, valued at the last close while open.
    costs: commission and slippage paid, in money.
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


@dataclass
class _Running:
    """A round trip under way: units and money in and out."""

    sign: float
    first: int
    entered: float = 0.0
    entered_value: float = 0.0
    left: float = 0.0
    left_value: float = 0.0
    costs: float = 0.0


def find_trades(
    instrument_id: str,
    event_time: np.ndarray,
    units_traded: np.ndarray,
    fill_price: np.ndarray,
    *,
    costs: np.ndarray,
    last_close: float,
) -> list[Trade]:
    """Group the fills of one instrument, one element per bar of it, into round trips.

    `units_traded` is signed, `fill_price` is before slippage, `costs` is money per bar. A fill that
    changes sides closes one trip and opens the next, its costs shared by units.

    >>> time = np.arange("2024-01-01", "2024-01-04", dtype="datetime64[D]")
    >>> fills, price = np.array([2.0, 0.0, -2.0]), np.array([10.0, 11.0, 12.0])
    >>> (trade,) = find_trades("X", time, fills, price, costs=np.zeros(3), last_close=12.0)
    >>> trade.side, trade.pnl, trade.bars, trade.is_open
    ('long', 4.0, 2, False)
    """
    trades: list[Trade] = []
    running: _Running | None = None
    held = 0.0
    for bar in np.flatnonzero(units_traded):
        traded, price = float(units_traded[bar]), float(fill_price[bar])
        closing = 0.0 if held * traded >= 0.0 else min(abs(traded), abs(held))
        opening = abs(traded) - closing
        held_after = held + traded
        if abs(held_after) <= 1e-12 * max(abs(held), abs(traded)):  # flat, but for rounding
            held_after = 0.0
        if running and closing:
            running.left += closing
            running.left_value += closing * price
            running.costs += float(costs[bar]) * closing / abs(traded)
            if held_after == 0.0 or held_after * held < 0.0:
                trades.append(_close(running, instrument_id, event_time, int(bar), price, is_open=False))
                running = None
        if opening and held_after != 0.0:
            running = running or _Running(sign=float(np.sign(traded)), first=int(bar))
            running.entered += opening
            running.entered_value += opening * price
            running.costs += float(costs[bar]) * opening / abs(traded)
        held = held_after
    if running:
        trades.append(_close(running, instrument_id, event_time, len(event_time) - 1, last_close, is_open=True))
    return trades


def _close(
    run: _Running, instrument_id: str, event_time: np.ndarray, bar: int, price: float, *, is_open: bool
) -> Trade:
    out_value = run.left_value + (run.entered - run.left) * price
    return Trade(
        instrument_id=instrument_id,
        side="long" if run.sign > 0 else "short",
        units=run.entered,
        entry_time=event_time[run.first],
        exit_time=np.datetime64("NaT", "us") if is_open else event_time[bar],
        entry_price=run.entered_value / run.entered,
        exit_price=out_value / run.entered,
        pnl=run.sign * (out_value - run.entered_value) - run.costs,
        costs=run.costs,
        bars=bar - run.first,
        is_open=is_open,
    )

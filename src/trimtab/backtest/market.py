"""Prices and targets of many instruments, laid out on one grid of bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np

from trimtab.bars import Bars
from trimtab.errors import DatasetError, NotEnoughDataError, UnknownNameError

Fill = Literal["next_open", "close", "next_close"]


class Prices(NamedTuple):
    """Prices of one instrument: `event_time` datetime64[us] (bar opens, increasing), `open`, `close`, shape (n,)."""

    event_time: np.ndarray
    open: np.ndarray
    close: np.ndarray


class Targets(NamedTuple):
    """Positions decided at the close of some bars, named by the `event_time` of the bar; shape (m,).

    A target holds until the next one. Before the first it is 0; NaN changes nothing.
    """

    event_time: np.ndarray
    target: np.ndarray


@dataclass(frozen=True)
class Grid:
    """Everything the account needs, by bar (t of them) and instrument (k).

    Attributes
    ----------
    instruments: k ids.
    event_time: union of the bars of all instruments, datetime64[us], shape (t,).
    has_bar: bool, shape (t, k).
    close: last known close, shape (t, k); NaN before the first bar of an instrument.
    fill_price: price at which an order of this bar fills (its open or close); where an instrument has
        no bar, the last known close, which only values what is held.
    target: the target in force once the orders of this bar are filled, shape (t, k).
    """

    instruments: tuple[str, ...]
    event_time: np.ndarray
    has_bar: np.ndarray
    close: np.ndarray
    fill_price: np.ndarray
    target: np.ndarray


def prices_of(bars: Bars, *, adjusted: bool = True) -> Prices:
    """Prices of stored bars, adjusted for splits and dividends unless told otherwise."""
    source = bars.adjusted() if adjusted else bars
    return Prices(source.event_time, source.open, source.close)


def lay_out(
    prices: Mapping[str, Prices], targets: Mapping[str, Targets], fill: Fill, since: np.datetime64 | None = None
) -> Grid:
    """Align instruments in time. Orders fill in the bar after the decision, or at its own close ("close").

    The grid has the bars that open at `since` or later; orders decided before fill in it all the same.
    """
    if fill not in get_args(Fill):
        raise UnknownNameError("fill", str(fill), get_args(Fill))
    unknown = set(targets) - set(prices)
    if unknown:
        raise DatasetError(
            f"there are positions but no bars for {', '.join(sorted(unknown))}; add bars or drop the positions"
        )
    series = {name: _checked(name, Prices(*given)) for name, given in prices.items()}
    event_time = _union([p.event_time for p in series.values()])
    first = 0 if since is None else int(np.searchsorted(event_time, since))
    if len(event_time) - first < 2:
        raise NotEnoughDataError(f"a backtest needs at least 2 bars, not {len(event_time) - first}")
    shape = (len(event_time), len(series))
    has_bar, target = np.zeros(shape, bool), np.zeros(shape)
    open_, close = np.full(shape, np.nan), np.full(shape, np.nan)
    for column, (name, own) in enumerate(series.items()):
        rows = np.searchsorted(event_time, own.event_time)
        has_bar[rows, column] = True
        open_[rows, column], close[rows, column] = own.open, own.close
        target[rows, column] = _target_by_bar(name, own, targets.get(name), delay=0 if fill == "close" else 1)
        target[:, column] = _carry_forward(target[:, column], has_bar[:, column], before=0.0)
        close[:, column] = _carry_forward(close[:, column], has_bar[:, column], before=np.nan)
    fill_price = np.where(has_bar & (fill == "next_open"), open_, close)
    return Grid(tuple(series), event_time[first:], has_bar[first:], close[first:], fill_price[first:], target[first:])


def bars_per_year(event_time: np.ndarray) -> float:
    """Bars per year, measured: 252 for daily US equities, 365 for daily and 8,766 for hourly crypto, about.

    >>> round(bars_per_year(np.arange("2020-01-01", "2024-01-01", dtype="datetime64[D]")), 2)
    365.25
    """
    span = (event_time[-1] - event_time[0]) / np.timedelta64(1, "s")
    return float((len(event_time) - 1) / span * 365.25 * 86400.0)


def _union(times: Sequence[np.ndarray]) -> np.ndarray:
    """All times of several increasing arrays, once each. Neighbours are often equal, and merging is slow."""
    distinct = [own for i, own in enumerate(times) if i == 0 or not np.array_equal(own, times[i - 1])]
    return distinct[0] if len(distinct) == 1 else np.unique(np.concatenate(distinct)) if distinct else np.empty(0)


def _checked(name: str, own: Prices) -> Prices:
    if not len(own.event_time) == len(own.open) == len(own.close):
        raise DatasetError(f"{name}: event_time, open and close must have one length")
    own = Prices(
        np.asarray(own.event_time, "datetime64[us]"), np.asarray(own.open, float), np.asarray(own.close, float)
    )
    if (own.event_time[1:] <= own.event_time[:-1]).any():
        raise DatasetError(
            f"{name}: bars must be in order of time without duplicates; run `trimtab bars check` on them"
        )
    if not (np.isfinite(own.open) & np.isfinite(own.close) & (own.open > 0.0) & (own.close > 0.0)).all():
        raise DatasetError(f"{name}: every open and close must be a positive number; run `trimtab bars check` on them")
    return own


def _target_by_bar(name: str, own: Prices, given: Targets | None, delay: int) -> np.ndarray:
    """The target in force at each bar of an instrument, `delay` bars after it was decided."""
    n = len(own.event_time)
    if given is None or not len(given[0]):
        return np.zeros(n)
    times, wanted = np.asarray(given[0], "datetime64[us]"), np.asarray(given[1], np.float64)
    position = np.searchsorted(own.event_time, times)
    known = (position < n) & (own.event_time[np.minimum(position, n - 1)] == times)
    if not known.all():
        raise DatasetError(
            f"{name}: there is no bar at {times[~known][0]}Z, where a position is given; positions name the bar they are decided on"
        )
    if len(times) > n or np.bincount(position).max() > 1:
        raise DatasetError(f"{name}: two positions are given for one bar; keep one")
    if np.isinf(wanted).any():
        raise DatasetError(f"{name}: a position must be a finite number")
    decided = np.full(n, np.nan)
    decided[position] = wanted
    in_force = _carry_forward(decided, ~np.isnan(decided), before=0.0)
    return np.concatenate([np.zeros(min(delay, n)), in_force[: n - delay]])


def _carry_forward(values: np.ndarray, known: np.ndarray, before: float) -> np.ndarray:
    """Each value, or the last known one, or `before` where there is none yet."""
    last = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    return np.where(last >= 0, values[last], before)

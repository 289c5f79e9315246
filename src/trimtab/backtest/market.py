"""Prices and targets of many instruments, laid out on one grid of bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np

from trimtab.backtest.ledger import ORDER, Market
from trimtab.backtest.sessions import bars_per_year_of_sessions
from trimtab.bars import Bars
from trimtab.errors import ConfigurationError, DatasetError, NotEnoughDataError, UnknownNameError

_YEAR = np.timedelta64(31_557_600, "s")  # 365.25 days

Fill = Literal["next_open", "close", "next_close"]


class Prices(NamedTuple):
    """Prices of one instrument: `event_time` datetime64[us] (bar opens, increasing), `open`, `close`, shape (n,).

    A NaN price is one that is missing. `volume` is in units; None, or NaN in a bar, is unknown. `factor` is what the
    prices were multiplied with to adjust them, so that a unit was `factor` shares when it was traded; None is 1.
    """

    event_time: np.ndarray
    open: np.ndarray
    close: np.ndarray
    volume: np.ndarray | None = None
    factor: np.ndarray | None = None


class Targets(NamedTuple):
    """Positions decided at the close of some bars, named by the `event_time` of the bar; shape (m,).

    A target holds until the next one. Before the first it is 0; NaN changes nothing.
    """

    event_time: np.ndarray
    target: np.ndarray


@dataclass(frozen=True)
class Grid:
    """Everything the account needs, on the union of the bars of all instruments (t bars, k instruments).

    Attributes
    ----------
    instruments: k ids.
    event_time: datetime64[us], shape (t,).
    first: the row that the account starts with.
    market: prices and volumes by bar and instrument.
    orders: changes of targets by the row they are due in, see `ledger.ORDER`.
    late: the same for orders that no bar follows; their row is the bar they were decided on.
    has_volume: whether the volume of an instrument is known at all, bool, shape (k,).
    """

    instruments: tuple[str, ...]
    event_time: np.ndarray
    first: int
    market: Market
    orders: np.ndarray
    late: np.ndarray
    has_volume: np.ndarray


def prices_of(bars: Bars, *, adjusted: bool = True) -> Prices:
    """Prices and volume of stored bars, adjusted for splits and dividends unless told otherwise."""
    source = bars.adjusted() if adjusted else bars
    return Prices(
        source.event_time, source.open, source.close, source.volume, None if source is bars else bars.factor
    )  # fmt: skip


def lay_out(
    prices: Mapping[str, Prices],
    targets: Mapping[str, Targets],
    fill: Fill,
    since: np.datetime64 | None = None,
    delay_bars: int = 0,
) -> Grid:
    """Align instruments in time.

    Orders are due in the bar of their instrument after the decision, or in the deciding bar itself ("close"), and
    `delay_bars` bars later than that. The account starts with the bars that open at `since` or later; orders decided
    before are due in it all the same.
    """
    if fill not in get_args(Fill):
        raise UnknownNameError("fill", str(fill), get_args(Fill))
    if delay_bars < 0:
        raise ConfigurationError(
            f"delay_bars is {delay_bars}; an order cannot fill before it is decided; give 0 or more"
        )
    unknown = set(targets) - set(prices)
    if unknown:
        raise DatasetError(
            f"there are positions but no bars for {', '.join(sorted(unknown))}; add bars or drop the positions"
        )
    series = {name: _checked(name, Prices(*given)) for name, given in prices.items()}
    event_time = _union([own.event_time for own in series.values()])
    first = 0 if since is None else int(np.searchsorted(event_time, since))
    if len(event_time) - first < 2:
        raise NotEnoughDataError(f"a backtest needs at least 2 bars, not {len(event_time) - first}")
    rows = [_rows_in(event_time, own.event_time) for own in series.values()]
    market, has_volume = _market(event_time, list(series.values()), rows, fill)
    orders, late = _orders(series, targets, rows, delay_bars + (0 if fill == "close" else 1))
    return Grid(tuple(series), event_time, first, market, orders, late, has_volume)


def bars_per_year(event_time: np.ndarray) -> float:
    """Bars per year, measured: 252 for daily US equities, 365 for daily and 8,766 for hourly crypto, about.

    A few sessions of bars within the day (below 20) say little of how much of the year the market is shut:
    there it is the bars of a usual session times 252, or 365.25 if one of them is on a Saturday. A single day, and
    bars around the clock, are measured like any other.

    >>> round(bars_per_year(np.arange("2020-01-01", "2024-01-01", dtype="datetime64[D]")), 2)
    365.25
    """
    sessions = bars_per_year_of_sessions(event_time)
    if sessions is not None:
        return sessions
    span = (event_time[-1] - event_time[0]) / np.timedelta64(1, "s")
    return float((len(event_time) - 1) / span * 365.25 * 86400.0)


def _union(times: Sequence[np.ndarray]) -> np.ndarray:
    """All times of several increasing arrays, once each. Neighbours are often equal, and merging is slow."""
    distinct = [
        own for i, own in enumerate(times) if i == 0 or not (own is times[i - 1] or np.array_equal(own, times[i - 1]))
    ]
    return distinct[0] if len(distinct) == 1 else np.unique(np.concatenate(distinct)) if distinct else np.empty(0)


def _checked(name: str, own: Prices) -> Prices:
    lengths = {len(column) for column in own if column is not None}
    if len(lengths) != 1:
        raise DatasetError(f"{name}: event_time, open, close, volume and factor must have one length")
    own = Prices(
        np.asarray(own.event_time, "datetime64[us]"),
        np.asarray(own.open, np.float64),
        np.asarray(own.close, np.float64),
        None if own.volume is None else np.asarray(own.volume, np.float64),
        None if own.factor is None else np.asarray(own.factor, np.float64),
    )
    if (own.event_time[1:] <= own.event_time[:-1]).any():
        raise DatasetError(
            f"{name}: bars must be in order of time without duplicates; run `trimtab bars check` on them"
        )
    if not (_is_usable(own.open, 0.0) and _is_usable(own.close, 0.0)):
        raise DatasetError(
            f"{name}: every open and close must be a positive number, or NaN where it is missing; "
            "run `trimtab bars check` on them"
        )
    if own.volume is not None and not _is_usable(own.volume, -1e-300):
        raise DatasetError(f"{name}: a volume must not be negative; NaN is an unknown one")
    if own.factor is not None and not _is_factor(own.factor[~(np.isnan(own.open) & np.isnan(own.close))]):
        raise DatasetError(f"{name}: every factor must be a positive number, by which a price as traded was multiplied")
    return own


def _is_usable(values: np.ndarray, above: float) -> bool:
    """Whether all are finite and above a limit, but for NaN."""
    if len(values) and values.min() > above and values.max() < np.inf:
        return True
    known = values[~np.isnan(values)]
    return bool(((known > above) & (known < np.inf)).all())


def _is_factor(values: np.ndarray) -> bool:
    return bool(((values > 0.0) & (values < np.inf)).all())


def _rows_in(event_time: np.ndarray, own: np.ndarray) -> np.ndarray | slice:
    """Where the bars of an instrument lie in the union; a slice where they are all of it."""
    return slice(None) if len(own) == len(event_time) else np.searchsorted(event_time, own)


def _market(
    event_time: np.ndarray, series: Sequence[Prices], rows: Sequence[np.ndarray | slice], fill: Fill
) -> tuple[Market, np.ndarray]:
    shape = (len(event_time), len(series))
    close = _table([own.close for own in series], rows, shape)
    has_volume = np.array([own.volume is not None and bool((own.volume > 0.0).any()) for own in series], bool)
    volume = np.empty((0, 0))
    if has_volume.any():
        known = [
            own.volume if own.volume is not None and has else np.full(len(own.close), np.nan)
            for own, has in zip(series, has_volume, strict=True)
        ]
        volume = _table(known, rows, shape)
    has_bar = np.ones(shape, bool)
    if not all(isinstance(own, slice) for own in rows):
        has_bar[:] = False
        for column, own_rows in enumerate(rows):
            has_bar[own_rows, column] = True
    years = np.zeros(shape[0])
    years[1:] = np.diff(event_time) / _YEAR
    filled = _table([own.open for own in series], rows, shape) if fill == "next_open" else close
    return Market(filled, close, volume, has_bar, years, _factors(series, rows, shape)), has_volume


def _factors(
    series: Sequence[Prices], rows: Sequence[np.ndarray | slice], shape: tuple[int, int]
) -> np.ndarray:  # fmt: skip
    if all(own.factor is None for own in series):
        return np.empty((0, 0))
    return _table([np.ones(len(own.close)) if own.factor is None else own.factor for own in series], rows, shape)


def _table(columns: Sequence[np.ndarray], rows: Sequence[np.ndarray | slice], shape: tuple[int, int]) -> np.ndarray:
    """One column per instrument, NaN where it has no bar; not a copy for a single instrument."""
    if len(columns) == 1:
        return np.ascontiguousarray(columns[0]).reshape(shape)
    if all(isinstance(own, slice) for own in rows):
        return np.stack(columns, axis=1)
    table = np.full(shape, np.nan)
    for number, (column, own) in enumerate(zip(columns, rows, strict=True)):
        table[own, number] = column
    return table


def _orders(
    series: Mapping[str, Prices], targets: Mapping[str, Targets], rows: Sequence[np.ndarray | slice], delay: int
) -> tuple[np.ndarray, np.ndarray]:
    """Changes of targets, `delay` bars of their instrument after they were decided, and those that no bar follows."""
    due: list[tuple[np.ndarray, np.ndarray]] = []
    late: list[tuple[np.ndarray, np.ndarray]] = []
    for (name, own), own_rows in zip(series.items(), rows, strict=True):
        decided, target = _changes(name, own.event_time, targets.get(name))
        n_due = int(np.searchsorted(decided, len(own.event_time) - delay))
        due.append((_in_union(own_rows, decided[:n_due] + delay), target[:n_due]))
        late.append((_in_union(own_rows, decided[n_due:]), target[n_due:]))
    return _listed(due), _listed(late)


def _in_union(own_rows: np.ndarray | slice, bars: np.ndarray) -> np.ndarray:
    return bars if isinstance(own_rows, slice) else own_rows[bars]


def _listed(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Rows and targets of each instrument as one list of `ORDER`, in order of rows and then of instruments."""
    row = np.concatenate([rows for rows, _ in parts])
    instrument = np.repeat(np.arange(len(parts)), [len(rows) for rows, _ in parts])
    target = np.concatenate([targets for _, targets in parts])
    if len(parts) > 1:
        order = np.argsort(row * len(parts) + instrument)
        row, instrument, target = row[order], instrument[order], target[order]
    lines = np.empty(len(row), ORDER)
    lines["row"], lines["instrument"], lines["target"] = row, instrument, target
    return lines


def _changes(name: str, own: np.ndarray, given: Targets | None) -> tuple[np.ndarray, np.ndarray]:
    """The bars at which the target of an instrument changes, and to what. A NaN changes nothing."""
    if given is None or not len(given[0]):
        return np.empty(0, np.int64), np.empty(0)
    times, wanted = np.asarray(given[0], "datetime64[us]"), np.asarray(given[1], np.float64)
    if len(times) != len(wanted):
        raise DatasetError(f"{name}: {len(times)} times but {len(wanted)} positions are given; there must be one each")
    position = _positions(name, own, times)
    if np.isinf(wanted).any():
        raise DatasetError(f"{name}: a position must be a finite number")
    if (position[1:] < position[:-1]).any():
        order = np.argsort(position)
        position, wanted = position[order], wanted[order]
    known = ~np.isnan(wanted)
    if not known.all():
        position, wanted = position[known], wanted[known]
    changed = np.diff(wanted, prepend=0.0) != 0.0
    return position[changed], wanted[changed]


def _positions(name: str, own: np.ndarray, times: np.ndarray) -> np.ndarray:
    """The bars that positions were decided on."""
    if own is times or np.array_equal(own, times):
        return np.arange(len(own))
    position = np.searchsorted(own, times)
    known = (position < len(own)) & (own[np.minimum(position, len(own) - 1)] == times)
    if not known.all():
        raise DatasetError(
            f"{name}: there is no bar at {times[~known][0]}Z, where a position is given; positions name the bar they are decided on"
        )
    if len(times) > len(own) or np.bincount(position).max() > 1:
        raise DatasetError(f"{name}: two positions are given for one bar; keep one")
    return position

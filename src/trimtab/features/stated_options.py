"""What options said by the decision of each row: arrays of stated days that several sentiment features share.

A track is of figures alone, holds for all times, and is kept as long as the figures are (`Context.prepared`); what
each row reads of it is asked for through `Context.of`, so it is computed once for all features of a call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from trimtab.facts import Figures, options
from trimtab.facts.kernels import in_force, n_not_later
from trimtab.facts.moods import DAY_US
from trimtab.facts.options import StatedDays
from trimtab.features.context import Context
from trimtab.features.kernels.ratios import positive_ratio, ratio

BEFORE = 20  # stated days that say what is usual
STALE = 10  # days after which the newest stated day says nothing any more
YEAR_US = 365.25 * DAY_US


class Contracts(IntEnum):
    """How option contracts are counted; it reads as a word in the name of a feature."""

    VOLUME = 0
    OPEN_INTEREST = 1

    def __format__(self, _: str) -> str:
        return self.name.lower()


class PerContract(IntEnum):
    """The columns of `contract_track`."""

    PUT_CALL = 0
    CHANGE = 1
    ZSCORE = 2
    FLOW = 3
    FLOW_MEAN = 4
    TO_USUAL = 5


class Implied(IntEnum):
    """The columns of `volatility_track`."""

    VOLATILITY = 0
    CHANGE = 1
    ZSCORE = 2


class Skew(IntEnum):
    """The columns of `skew_track`."""

    NEWEST = 0
    CHANGE = 1


@dataclass(frozen=True)
class Track:
    """Values that hold after each statement about options until the next one, of all times.

    Attributes
    ----------
    times: when each statement became known, microseconds since 1970, increasing, shape (states,).
    newest_day: the newest complete day then, microseconds since 1970, the smallest whole number where none was.
    values: one column per value, Fortran order, shape (states, k).
    longest: microseconds after which the newest day says nothing any more, for each column, shape (k,).
    """

    times: np.ndarray
    newest_day: np.ndarray
    values: np.ndarray
    longest: np.ndarray


def contract_track(figures: Figures | None, contracts: int) -> Track:
    """What puts and calls say after each statement, columns as in `PerContract`."""
    counted = format(Contracts(contracts))
    days = _sensible(options.newest_days(figures, (f"put_{counted}", f"call_{counted}"), BEFORE + 1))
    put, call = np.moveaxis(days.values, 1, 0)
    put_call = np.divide(put, call, out=np.full(put.shape, np.nan), where=call > 0.0)
    unknown = np.where(np.isnan(put), np.nan, 0.0)
    flow = np.divide(call - put, call + put, out=unknown, where=call + put > 0.0)
    total = np.sum(days.values, axis=1)
    columns = {
        PerContract.PUT_CALL: put_call[:, -1],
        PerContract.CHANGE: np.log(positive_ratio(put_call[:, -1], put_call[:, -6])),
        PerContract.ZSCORE: against_before(put_call),
        PerContract.FLOW: flow[:, -1],
        PerContract.FLOW_MEAN: np.clip(np.mean(flow[:, -5:], axis=1), -1.0, 1.0),
        PerContract.TO_USUAL: np.log(positive_ratio(total[:, -1], np.mean(total[:, :-1], axis=1))),
    }
    return _track(days, [columns[each] for each in PerContract])


def volatility_track(figures: Figures | None) -> Track:
    """The implied volatility after each statement, columns as in `Implied`."""
    days = _sensible(options.newest_days(figures, ("implied_volatility",), BEFORE + 1))
    stated = days.values[:, 0]
    columns = {
        Implied.VOLATILITY: stated[:, -1],
        Implied.CHANGE: np.log(positive_ratio(stated[:, -1], stated[:, -6])),
        Implied.ZSCORE: against_before(stated),
    }
    return _track(days, [columns[each] for each in Implied])


def skew_track(figures: Figures | None) -> Track:
    """The implied skew after each statement, columns as in `Skew`."""
    days = options.newest_days(figures, ("implied_skew",), 6)
    stated = days.values[:, 0]
    columns = {Skew.NEWEST: stated[:, -1], Skew.CHANGE: stated[:, -1] - stated[:, -6]}
    return _track(days, [columns[each] for each in Skew])


def _sensible(days: StatedDays) -> StatedDays:
    """Without counts and volatilities below zero: whoever states those knows nothing."""
    return StatedDays(days.known_time, days.newest_day, np.where(days.values >= 0.0, days.values, np.nan))


def _track(days: StatedDays, columns: list[np.ndarray]) -> Track:
    longest = np.full(len(columns), STALE * DAY_US)
    values = np.array(columns).T  # Fortran order: each column is contiguous
    return Track(days.known_time.astype(np.int64), days.newest_day.astype(np.int64), values, longest)


def of_contracts(c: Context, contracts: int, column: PerContract) -> np.ndarray:
    """What puts and calls said by each decision, shape (rows,)."""
    return np.asarray(c.of(known_columns, c, contract_track, contracts)[:, column])


def implied(c: Context, column: Implied) -> np.ndarray:
    """What the implied volatility said by each decision, shape (rows,)."""
    return np.asarray(c.of(known_columns, c, volatility_track)[:, column])


def skew(c: Context, column: Skew) -> np.ndarray:
    """What the implied skew said by each decision, shape (rows,)."""
    return np.asarray(c.of(known_columns, c, skew_track)[:, column])


def known_columns(c: Context, track_of: Callable[..., Track], *contracts: int) -> np.ndarray:
    """The columns of a track as known by each decision; NaN where the newest day is stale. Shape (rows, k)."""
    track = c.prepared(track_of, c.surroundings.figures, *contracts)
    state = n_not_later(track.times, c.decided) - 1
    return in_force(state, track.newest_day, track.values, c.decided, track.longest)


def against_before(days: np.ndarray) -> np.ndarray:
    """The newest of 21 days against the mean and sample standard deviation of the 20 before, shape (states,)."""
    before = days[:, :-1]
    # About its first value, so that days alike have a spread of exactly zero.
    away = before - before[:, :1]
    centre = np.mean(away, axis=1)
    spread = np.std(away, axis=1, ddof=1)
    return ratio(days[:, -1] - before[:, 0] - centre, spread, 0.0)


def years(c: Context, bars: int) -> np.ndarray:
    """How long the last bars took, in years; NaN in the first rows."""
    opened = c.event_time.astype(np.int64)
    out = np.full(len(opened), np.nan)
    out[bars:] = (opened[bars:] - opened[:-bars]) / YEAR_US
    return out

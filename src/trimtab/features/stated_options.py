"""What options said by the decision of each row: arrays of stated days that several sentiment features share.

Every function with a context is asked for through `Context.of`, so it is computed once for all features that need it.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from trimtab.facts import options
from trimtab.facts.moods import DAY_US
from trimtab.facts.options import StatedDays
from trimtab.features.context import Context
from trimtab.features.kernels.ratios import ratio

BEFORE = 20  # stated days that say what is usual
STALE = 10  # days after which the newest stated day says nothing any more
YEAR_US = 365.25 * DAY_US


class Contracts(IntEnum):
    """How option contracts are counted; it reads as a word in the name of a feature."""

    VOLUME = 0
    OPEN_INTEREST = 1

    def __format__(self, _: str) -> str:
        return self.name.lower()


def contract_days(c: Context, contracts: int) -> StatedDays:
    """Puts and calls, in this order, of the newest days."""
    counted = format(Contracts(contracts))
    return _sensible(options.newest_days(c.surroundings.figures, (f"put_{counted}", f"call_{counted}"), BEFORE + 1))


def put_call_days(c: Context, contracts: int) -> np.ndarray:
    """Puts per call of the 21 newest days, shape (states, BEFORE + 1)."""
    put, call = np.moveaxis(c.of(contract_days, c, contracts).values, 1, 0)
    return np.divide(put, call, out=np.full(put.shape, np.nan), where=call > 0.0)


def flow_days(c: Context, contracts: int) -> np.ndarray:
    """Calls less puts over both, of the 21 newest days, shape (states, BEFORE + 1)."""
    put, call = np.moveaxis(c.of(contract_days, c, contracts).values, 1, 0)
    unknown = np.where(np.isnan(put), np.nan, 0.0)
    return np.divide(call - put, call + put, out=unknown, where=call + put > 0.0)


def volatility_days(c: Context) -> StatedDays:
    """Implied volatility of the newest days."""
    return _sensible(options.newest_days(c.surroundings.figures, ("implied_volatility",), BEFORE + 1))


def skew_days(c: Context) -> StatedDays:
    """Implied skew of the newest days."""
    return options.newest_days(c.surroundings.figures, ("implied_skew",), 6)


def _sensible(days: StatedDays) -> StatedDays:
    """Without counts and volatilities below zero: whoever states those knows nothing."""
    return StatedDays(days.known_time, days.newest_day, np.where(days.values >= 0.0, days.values, np.nan))


def implied_volatility(c: Context) -> np.ndarray:
    """Implied volatility known by each decision, shape (rows,)."""
    days = c.of(volatility_days, c)
    return as_known(c, days, days.values[:, 0, -1])


def of_contracts(c: Context, contracts: int, after: np.ndarray) -> np.ndarray:
    """Of values after each state of `contract_days`, the one known by each decision."""
    return as_known(c, c.of(contract_days, c, contracts), after)


def as_known(c: Context, days: StatedDays, after: np.ndarray) -> np.ndarray:
    """Of values after each state, the one known by each decision; NaN where its newest day is stale."""
    return options.as_known(days, after, c.decision_time, STALE)


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

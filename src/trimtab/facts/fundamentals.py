"""What filed accounts said at given times: trailing flows, levels, and both a year before.

Between two filings nothing changes, so everything is a step function: a table with one row per moment at
which something became known (or went stale), and for each asked time the row in force. The accounts of a
moment are made of the statements known by then, each period in the version known last, and of nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from trimtab.facts.concepts import FLOWS, LEVELS
from trimtab.facts.schema import TIME, Figures

_DAY = np.timedelta64(86_400_000_000, "us")
_TICK = np.timedelta64(1, "us")
STALE = 548 * _DAY  # eighteen months after the end of its period a figure counts as unknown
_SHORTEST, _LONGEST = 20, 400  # days of a period that a flow may be stated over
_SPAN, _EARLY = 100_000_000, 10_000_000  # more days than any date has, so that two dates make one number


@dataclass(frozen=True)
class History:
    """Accounts as known after each of k - 1 moments; row 0 of k is before anything was known.

    Attributes
    ----------
    moments: when each row after the first begins to hold, increasing, `datetime64[us]`, UTC, shape (k - 1,).
    tables: concept to float64, shape (k, 6) for a flow and (k, 4) for a level, as in
        `period_sums.FLOW_COLUMNS` and `LEVEL_COLUMNS`; NaN where nothing is known, or it is stale.
    newest: the newest known time among all statements in each row, `datetime64[us]`, shape (k,), NaT in row 0.

    Methods named after a quantity give one number per row of the tables, shape (k,).
    """

    moments: np.ndarray
    tables: Mapping[str, np.ndarray]
    newest: np.ndarray

    def at(self, times: np.ndarray) -> FundamentalItems:
        """The same with the row in force at each time, which may be in any order."""
        row = np.searchsorted(self.moments, times, side="right")
        return FundamentalItems(self.moments, self.tables, self.newest, row)

    def trailing(self, flow: str) -> np.ndarray:
        """Sum of a flow over the last twelve months stated."""
        return self._column(flow, 0)

    def trailing_before(self, flow: str) -> np.ndarray:
        """Sum of a flow over the twelve months before those of `trailing`."""
        return self._column(flow, 1)

    def quarter(self, flow: str) -> np.ndarray:
        """A flow in the last quarter stated."""
        return self._column(flow, 3)

    def quarter_before(self, flow: str) -> np.ndarray:
        """A flow in the same quarter a year before."""
        return self._column(flow, 4)

    def level(self, level: str) -> np.ndarray:
        """A level at the last date stated."""
        return self._column(level, 0)

    def level_before(self, level: str) -> np.ndarray:
        """A level a year before, 30 days more or less."""
        return self._column(level, 2)

    def level_time(self, level: str) -> np.ndarray:
        """The date of `level`, `datetime64[us]`, NaT where there is none."""
        return _as_times(self._column(level, 1))

    def level_time_before(self, level: str) -> np.ndarray:
        """The date of `level_before`, `datetime64[us]`, NaT where there is none."""
        return _as_times(self._column(level, 3))

    def newest_period(self) -> np.ndarray:
        """The latest end of a period that accounts are of, `datetime64[us]`, NaT where there is none.

        Share counts are left aside: the cover page of a filing states them for a later day.
        """
        ends = [np.full(len(self.newest), np.nan)]
        for name in self.tables:
            columns = (2, 5) if name in FLOWS else () if name == "shares_outstanding" else (1,)
            ends += [self._column(name, column) for column in columns]
        return _as_times(np.fmax.reduce(ends))

    def _column(self, concept: str, column: int) -> np.ndarray:
        table = self.tables.get(concept)
        return np.full(len(self.newest), np.nan) if table is None else table[:, column]


@dataclass(frozen=True)
class FundamentalItems(History):
    """Accounts as known at n times; k rows of tables, n times.

    Attributes
    ----------
    moments, tables, newest: see `History`.
    row: of each time the row in force, int64, shape (n,).

    `at_times` turns numbers per row of the tables into one per time. What is computed from accounts alone is
    computed on the few rows first.

    >>> day = lambda text: np.datetime64(text, "us")
    >>> figures = Figures.build("AAA", ["net_income"], ["2019-01-01"], ["2019-12-31"], [7.0], ["2020-02-10"])
    >>> items = known_at(figures, np.array([day("2020-02-09"), day("2020-02-10"), day("2021-12-01")]))
    >>> items.at_times(items.trailing("net_income")).tolist()
    [nan, 7.0, nan]
    """

    row: np.ndarray

    def at_times(self, values: np.ndarray) -> np.ndarray:
        """Of numbers per row, shape (k,), the one in force at each time, shape (n,)."""
        return values[self.row]


def known_at(figures: Figures, times: np.ndarray) -> FundamentalItems:
    """Accounts as they were known at each time.

    Parameters
    ----------
    figures: every version; those that are no accounts (options) are left alone, and so is what claims to
        have been known before its period ended.
    times: `datetime64[us]`, UTC, in any order, shape (n,); a statement counts from its known time on.

    A sum of twelve months is found from whatever periods were stated (see `trimtab.facts.period_sums`), for the
    latest date that has one. A figure whose period ended more than 548 days before counts as unknown.
    """
    return history(figures).at(times)


def history(figures: Figures) -> History:
    """Accounts as they were known at any time, of which `known_at` gives some."""
    figures = figures.take(_is_usable(figures))
    parts = {name: _history(figures.take(figures.concept == name), name) for name in np.unique(figures.concept)}
    parts = {name: part for name, part in parts.items() if len(part[0])}
    stale = [_stale_from(name, table) for name, (_, table) in parts.items()]
    known = np.unique(figures.known_time)
    moments = np.unique(np.concatenate([known, *stale]))
    tables = {name: _at_moments(name, known_time, table, moments) for name, (known_time, table) in parts.items()}
    return History(moments, tables, _newest(known, moments))


def _is_usable(figures: Figures) -> np.ndarray:
    usable: np.ndarray = np.isin(figures.concept, [*FLOWS, *LEVELS]) & np.isfinite(figures.value)
    return usable & (figures.known_time >= figures.period_end)


def _history(figures: Figures, concept: str) -> tuple[np.ndarray, np.ndarray]:
    """The moments at which a concept was stated, and its table after each."""
    from trimtab.facts.period_sums import flow_history, level_history

    start, end = _days(figures.period_start), _days(figures.period_end)
    if concept in FLOWS:
        usable = ~np.isnat(figures.period_start) & (end - start >= _SHORTEST) & (end - start <= _LONGEST)
        figures, start, end = figures.take(usable), start[usable], end[usable]
    else:
        start = np.zeros(len(end), np.int64)
    order = np.lexsort((figures.received_time, figures.known_time))
    moments, event = np.unique(figures.known_time[order], return_inverse=True)
    # Periods by end, then start: the order in which roads are tried must not depend on who filed first.
    periods, period = np.unique(((end + _EARLY) * _SPAN + start + _EARLY)[order], return_inverse=True)
    value, n = np.ascontiguousarray(figures.value[order]), len(moments)
    ends, starts = np.divmod(periods, _SPAN)
    ends, starts = ends - _EARLY, starts - _EARLY
    if concept in FLOWS:
        return moments, flow_history(event, period, value, starts, ends, n)
    return moments, level_history(event, period, value, ends, n)


def _ends_of(concept: str) -> tuple[tuple[int, slice], ...]:
    """Which column says when what goes stale: the end, and the columns that end then."""
    return ((2, slice(0, 3)), (5, slice(3, 6))) if concept in FLOWS else ((1, slice(0, 4)),)


def _stale_from(concept: str, table: np.ndarray) -> np.ndarray:
    ends = np.concatenate([_as_times(table[:, at]) for at, _ in _ends_of(concept)])
    ends = ends[~np.isnat(ends)]
    moments: np.ndarray = ends + STALE + _TICK
    return moments


def _at_moments(concept: str, known_time: np.ndarray, table: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """The table of a concept with a row per moment, after a row of nothing; stale numbers are unknown."""
    at = np.searchsorted(known_time, moments, side="right")
    rows = np.vstack([np.full((1, table.shape[1]), np.nan), table])[at]
    for column, columns in _ends_of(concept):
        rows[moments > _as_times(rows[:, column]) + STALE, columns] = np.nan
    return np.asfortranarray(np.vstack([np.full((1, table.shape[1]), np.nan), rows]))


def _newest(known: np.ndarray, moments: np.ndarray) -> np.ndarray:
    at = np.searchsorted(known, moments, side="right")
    nothing = np.full(1, np.datetime64("NaT"), TIME)
    return np.concatenate([nothing, np.concatenate([nothing, known])[at]])


def _days(times: np.ndarray) -> np.ndarray:
    days: np.ndarray = times.astype("datetime64[D]").astype(np.int64)
    return days


def _as_times(days: np.ndarray) -> np.ndarray:
    times = np.full(len(days), np.datetime64("NaT"), TIME)
    known = ~np.isnan(days)
    times[known] = days[known].astype(np.int64).astype("datetime64[D]").astype(TIME)
    return times

"""What filed accounts said at given times: trailing flows, levels, and both a year before.

Between two filings nothing changes, so everything is a step function: a table with one row per moment at
which something became known (or went stale), and for each asked time the row in force. The accounts of a
moment are made of the statements known by then, each period in the version known last, and of nothing else.

Accounts that stand side by side are of about one date: what ends long before the newest of them is left out.
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
LAG = 100 * _DAY  # what ends so long before the newest accounts counts as unknown: over a quarter, under two
_SHORTEST, _LONGEST = 20, 400  # days of a period that a flow may be stated over
_SPAN, _EARLY = 100_000_000, 10_000_000  # more days than any date has, so that two dates make one number


@dataclass(frozen=True)
class History:
    """Accounts as known after each of k - 1 moments; row 0 of k is before anything was known.

    Attributes
    ----------
    moments: when each row after the first begins to hold, increasing, `datetime64[us]`, UTC, shape (k - 1,).
    tables: concept to float64, shape (k, 6), as in `period_sums.FLOW_COLUMNS` and `LEVEL_COLUMNS`; NaN where
        nothing is known, or it is stale, or of a period that ended more than `LAG` before the newest one known.
    newest: the newest known time among all statements in each row, `datetime64[us]`, shape (k,), NaT in row 0.
    told: concept to whether it was stated at all for a period that is not stale, bool, shape (k,).

    Methods named after a quantity give one number per row of the tables, shape (k,).
    """

    moments: np.ndarray
    tables: Mapping[str, np.ndarray]
    newest: np.ndarray
    told: Mapping[str, np.ndarray]

    def at(self, times: np.ndarray) -> FundamentalItems:
        """The same with the row in force at each time, which may be in any order."""
        row = np.searchsorted(self.moments, times, side="right")
        return FundamentalItems(self.moments, self.tables, self.newest, self.told, row)

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

    def level_basis(self, level: str) -> np.ndarray:
        """Up to when what happened is in `level`, `datetime64[us]`; see `basis`."""
        return basis(self.level_time(level), self._column(level, 4))

    def level_basis_before(self, level: str) -> np.ndarray:
        """Up to when what happened is in `level_before`, `datetime64[us]`; see `basis`."""
        return basis(self.level_time_before(level), self._column(level, 5))

    def is_told(self, concept: str) -> np.ndarray:
        """Whether a concept was stated at all for a period that ended in the last 18 months, bool."""
        told = self.told.get(concept)
        return np.zeros(len(self.newest), bool) if told is None else told

    def newest_period(self) -> np.ndarray:
        """The latest end of a period that accounts are of, `datetime64[us]`, NaT where there is none.

        Share counts are left aside: the cover page of a filing states them for a later day.
        """
        return _newest_end(self.tables, len(self.newest))

    def _column(self, concept: str, column: int) -> np.ndarray:
        table = self.tables.get(concept)
        return np.full(len(self.newest), np.nan) if table is None else table[:, column]


@dataclass(frozen=True)
class FundamentalItems(History):
    """Accounts as known at n times; k rows of tables, n times.

    Attributes
    ----------
    moments, tables, newest, told: see `History`.
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
    latest date that has one. A figure whose period ended more than 548 days before, or more than 100 days before
    the newest period known of any account, counts as unknown.
    """
    return history(figures).at(times)


def history(figures: Figures) -> History:
    """Accounts as they were known at any time, of which `known_at` gives some."""
    figures = figures.take(_is_usable(figures))
    parts = {name: _history(figures.take(figures.concept == name), name) for name in np.unique(figures.concept)}
    parts = {name: part for name, part in parts.items() if len(part[0])}
    stale = [_stale_from(name, table, last) for name, (_, table, last) in parts.items()]
    known = np.unique(figures.known_time)
    moments = np.unique(np.concatenate([known, *stale]))
    tables = {name: _at_moments(name, known_time, table, moments) for name, (known_time, table, _) in parts.items()}
    told = {name: _is_told(known_time, last, moments) for name, (known_time, _, last) in parts.items()}
    _leave_out_laggards(tables, len(moments) + 1)
    return History(moments, tables, _newest(known, moments), told)


def basis(end: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Up to when what happened to the shares is in a count of the day `end`, `datetime64[us]`, NaT where none is.

    Accounts restate counts for the splits between their day and their filing, so a count has in it what happened up
    to its day or before its version became known, whichever is later.

    Parameters
    ----------
    end: the day of the count, `datetime64[us]`.
    known: when its version became known, microseconds since 1970, float64.
    """
    before = np.full(len(known), np.datetime64("NaT"), TIME)
    some = ~np.isnan(known)
    before[some] = known[some].astype(np.int64).astype(TIME) - _TICK
    return np.maximum(end, before)


def _is_usable(figures: Figures) -> np.ndarray:
    usable: np.ndarray = np.isin(figures.concept, [*FLOWS, *LEVELS]) & np.isfinite(figures.value)
    return usable & (figures.known_time >= figures.period_end)


def _history(figures: Figures, concept: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The moments at which a concept was stated, its table after each, and the last end stated by then, in days."""
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
    last = np.maximum.accumulate(end[order])[np.searchsorted(event, np.arange(n), side="right") - 1]
    ends, starts = np.divmod(periods, _SPAN)
    ends, starts = ends - _EARLY, starts - _EARLY
    if concept in FLOWS:
        return moments, flow_history(event, period, value, starts, ends, n), last
    return moments, level_history(event, period, value, ends, moments.astype(np.int64)), last


def _ends_of(concept: str) -> tuple[tuple[int, slice], ...]:
    """Which column says when what goes stale: the end, and the columns that end then."""
    return ((2, slice(0, 3)), (5, slice(3, 6))) if concept in FLOWS else ((1, slice(0, 6)),)


def _stale_from(concept: str, table: np.ndarray, last: np.ndarray) -> np.ndarray:
    ends = _as_times(np.concatenate([last, *(table[:, at] for at, _ in _ends_of(concept))]))
    ends = ends[~np.isnat(ends)]
    moments: np.ndarray = ends + STALE + _TICK
    return moments


def _is_told(known_time: np.ndarray, last: np.ndarray, moments: np.ndarray) -> np.ndarray:
    at = np.searchsorted(known_time, moments, side="right")
    ends = _as_times(np.concatenate([[np.nan], last])[at])
    return np.concatenate([[False], moments <= ends + STALE])  # a comparison with NaT is False


def _newest_end(tables: Mapping[str, np.ndarray], n_rows: int) -> np.ndarray:
    ends = [np.full(n_rows, np.nan)]
    for name, table in tables.items():
        ends += [table[:, column] for column, _ in _ends_of(name) if name != "shares_outstanding"]
    return _as_times(np.fmax.reduce(ends))


def _leave_out_laggards(tables: Mapping[str, np.ndarray], n_rows: int) -> None:
    """Make unknown what ends more than `LAG` before the newest account of its row."""
    earliest = _newest_end(tables, n_rows) - LAG
    for name, table in tables.items():
        for column, columns in _ends_of(name):
            table[_as_times(table[:, column]) < earliest, columns] = np.nan


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

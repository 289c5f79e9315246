"""Kernels: a flow over any span from the periods that were stated, a level and that of a year before.

Accounts state a flow over quarters, half years, nine months or years, and hardly ever the twelve months one wants.
Every stated period is taken as a road between two dates, to be walked forward (its value is added) or
backward (subtracted); the flow between two dates is the sum along the way with the fewest roads. Nine months
of this year, last year, nine months of last year: three roads. The fourth quarter: the year forward, nine months back.
"""

from __future__ import annotations

import numpy as np
from numba import njit

# Days. A quarter of a retailer may have 84 or 112, a year of 53 weeks has 371.
QUARTER, QUARTER_OFF = 91, 24
YEAR, YEAR_OFF = 365, 20
LEVEL_OFF = 30  # a level a year before may be that of a cover page, some weeks off
SAME_DATE = 7  # dates so close are one: a period begins on the day after the one before, or on the same day
REACH = 1500  # periods that end longer before the newest one are not looked at
MOST_ROADS = 8  # a sum of more would carry too many roundings and restatements
NEVER = np.iinfo(np.int64).min
FLOW_COLUMNS = 6  # trailing, trailing a year before, its end; quarter, quarter a year before, its end
LEVEL_COLUMNS = 6  # level, its end; a year before, its end; when each of the two became known


@njit(cache=True, nogil=True)
def flow_history(
    event: np.ndarray, period: np.ndarray, value: np.ndarray, start: np.ndarray, end: np.ndarray, n_events: int
) -> np.ndarray:
    """The sums of a flow after each event, float64, shape (n_events, 6): see `FLOW_COLUMNS`; ends in days.

    Parameters
    ----------
    event: of each statement the number of its event, 0 to n_events - 1, not falling, shape (n,).
    period: of each statement the number of its period, shape (n,).
    value: what it states, shape (n,); the last statement of a period counts.
    start, end: of each period, in days, shape (p,).
    """
    out = np.full((n_events, 6), np.nan)
    stated = np.full(len(start), np.nan)
    at = 0
    for e in range(n_events):
        while at < len(event) and event[at] == e:
            stated[period[at]] = value[at]
            at += 1
        _sums(stated, start, end, out[e])
    return out


@njit(cache=True, nogil=True)
def _sums(stated: np.ndarray, start: np.ndarray, end: np.ndarray, out: np.ndarray) -> None:
    roads = _roads_in_reach(stated, end)
    if len(roads) == 0:
        return
    day, from_, to = _places(start[roads], end[roads])
    value = stated[roads]
    is_end = np.zeros(len(day), np.bool_)
    for road in range(len(roads)):
        is_end[to[road]] = True
    for place in range(len(day) - 1, -1, -1):
        if not is_end[place] or not (np.isnan(out[0]) or np.isnan(out[3])):
            continue
        walked = _walk(place, len(day), from_, to, value)
        year_before = _nearest(day, walked, day[place] - YEAR, YEAR_OFF)
        quarter_before = _nearest(day, walked, day[place] - QUARTER, QUARTER_OFF)
        before = np.full(len(day), np.nan)
        if year_before >= 0:
            before = _walk(year_before, len(day), from_, to, value)
            if np.isnan(out[0]):
                out[0], out[2] = walked[year_before], day[place]
                out[1] = _reached(before, _nearest(day, before, day[year_before] - YEAR, YEAR_OFF))
        if quarter_before >= 0 and np.isnan(out[3]):
            out[3], out[5] = walked[quarter_before], day[place]
            out[4] = _quarter_of_year_before(day, place, before, year_before, from_, to, value)


@njit(cache=True, nogil=True)
def _quarter_of_year_before(
    day: np.ndarray,
    place: int,
    before: np.ndarray,
    year_before: int,
    from_: np.ndarray,
    to: np.ndarray,
    value: np.ndarray,
) -> float:
    """The same quarter a year before: from the nearest date to a year ago, connected with today or not."""
    if year_before < 0:
        year_before = _nearest(day, np.zeros(len(day)), day[place] - YEAR, YEAR_OFF)
        if year_before < 0:
            return np.nan
        before = _walk(year_before, len(day), from_, to, value)
    return _reached(before, _nearest(day, before, day[year_before] - QUARTER, QUARTER_OFF))


@njit(cache=True, nogil=True)
def _roads_in_reach(stated: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The stated periods that end within `REACH` of the newest, in their order."""
    newest = NEVER
    for p in range(len(end)):
        if not np.isnan(stated[p]):
            newest = max(newest, end[p])
    count = 0
    chosen = np.empty(len(end), np.int64)
    for p in range(len(end)):
        if not np.isnan(stated[p]) and end[p] >= newest - REACH:
            chosen[count] = p
            count += 1
    return chosen[:count]


@njit(cache=True, nogil=True)
def _places(start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The dates between which roads run, in order, and where each road begins and ends.

    Dates within a week of the first of them are one place, whose day is the last of them.
    """
    dates = np.unique(np.concatenate((start, end)))
    place = np.empty(len(dates), np.int64)
    day = np.empty(len(dates), np.int64)
    count, first = -1, NEVER
    for i in range(len(dates)):
        if count < 0 or dates[i] - first > SAME_DATE:
            count += 1
            first = dates[i]
        place[i] = count
        day[count] = dates[i]
    return day[: count + 1], place[np.searchsorted(dates, start)], place[np.searchsorted(dates, end)]


@njit(cache=True, nogil=True)
def _walk(origin: int, n: int, from_: np.ndarray, to: np.ndarray, value: np.ndarray) -> np.ndarray:
    """The flow from each place until `origin` along the fewest roads, NaN where none leads; shape (n,)."""
    total = np.full(n, np.nan)
    roads = np.full(n, -1, np.int64)
    total[origin], roads[origin] = 0.0, 0
    for step in range(MOST_ROADS):
        found = False
        for road in range(len(value)):
            if roads[to[road]] == step and roads[from_[road]] < 0:
                total[from_[road]] = total[to[road]] + value[road]
                roads[from_[road]] = step + 1
                found = True
            elif roads[from_[road]] == step and roads[to[road]] < 0:
                total[to[road]] = total[from_[road]] - value[road]
                roads[to[road]] = step + 1
                found = True
        if not found:
            break
    return total


@njit(cache=True, nogil=True)
def _nearest(day: np.ndarray, total: np.ndarray, wanted: int, off: int) -> int:
    """The place with a number nearest to a day, the earlier of two, -1 where none is within `off` days."""
    best, distance = -1, off + 1
    for place in range(len(day)):
        if not np.isnan(total[place]) and abs(day[place] - wanted) < distance:
            best, distance = place, abs(day[place] - wanted)
    return best


@njit(cache=True, nogil=True)
def _reached(total: np.ndarray, place: int) -> float:
    return total[place] if place >= 0 else np.nan


@njit(cache=True, nogil=True)
def level_history(
    event: np.ndarray, period: np.ndarray, value: np.ndarray, end: np.ndarray, moment: np.ndarray
) -> np.ndarray:
    """A level and that of a year before, after each event, float64, shape (n_events, 6): see `LEVEL_COLUMNS`.

    Parameters are those of `flow_history`; the ends rise, every event states something, and `moment` says when
    each event was, int64, shape (n_events,). A value that is only repeated is known from the first time.
    """
    n_events = len(moment)
    out = np.full((n_events, 6), np.nan)
    stated, since = np.full(len(end), np.nan), np.full(len(end), np.nan)
    at = 0
    for e in range(n_events):
        while at < len(event) and event[at] == e:
            if stated[period[at]] != value[at]:
                stated[period[at]], since[period[at]] = value[at], moment[e]
            at += 1
        newest = -1
        for p in range(len(end)):
            if not np.isnan(stated[p]):
                newest = p
        out[e, 0], out[e, 1], out[e, 4] = stated[newest], end[newest], since[newest]
        before = _nearest(end, stated, end[newest] - YEAR, LEVEL_OFF)
        if before >= 0:
            out[e, 2], out[e, 3], out[e, 5] = stated[before], end[before], since[before]
    return out

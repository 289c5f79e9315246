"""Whether the bars are up to date, counted in bars the market should have given, not in hours of the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from trimtab.bars.times import as_datetime, as_time
from trimtab.market import Series, Timeframe
from trimtab.market.calendar import SessionCalendar

# Far enough back to meet a bar that is expected, over every closure of living memory.
_LOOK_BACK = timedelta(days=35)


@dataclass(frozen=True)
class Freshness:
    """How far a series lies behind its market.

    Attributes
    ----------
    last_event_time: of the newest bar there is, UTC; None where there is none.
    newest_expected: event time of the newest bar that should be known, UTC; None where none is
        expected yet.
    n_behind: bars (sessions, for daily bars) that should be known after the newest there is. With
        no bar at all, only the newest expected one is counted.
    is_fresh: none is behind.
    """

    last_event_time: datetime | None
    newest_expected: datetime | None
    n_behind: int
    is_fresh: bool


def freshness(
    series: Series,
    last_event_time: datetime | None,
    now: datetime,
    calendar: SessionCalendar,
    publication_lag: timedelta,
) -> Freshness:
    """How many bars should be known at `now` and are not there.

    A bar is expected from its close (`event_time` plus the timeframe, so a daily bar a day after its
    date) plus `publication_lag`. On a Sunday, Friday's bar is fresh; on a holiday, that of the
    session before. Intraday bars that step through the UTC day, not from the open, are recognised by the
    newest of them. For an instrument that goes without trades, some bars behind are usual.

    Raises `ConfigurationError` for years the calendar does not know.

    >>> from datetime import UTC
    >>> friday, sunday = datetime(2024, 3, 8, tzinfo=UTC), datetime(2024, 3, 10, 12, tzinfo=UTC)
    >>> freshness(Series("AAPL", Timeframe.DAY), friday, sunday, SessionCalendar("XNYS"), timedelta(0)).is_fresh
    True
    """
    over_by = now - series.timeframe.duration - publication_lag
    begin = over_by - _LOOK_BACK if last_event_time is None else min(over_by - _LOOK_BACK, last_event_time)
    phase = _phase(series, last_event_time, calendar)
    expected = calendar.expected_event_times(series, as_time(begin), as_time(over_by), phase)
    newest = as_datetime(expected[-1]) if len(expected) else None
    n_behind = _n_after(expected, last_event_time)
    return Freshness(last_event_time, newest, n_behind, n_behind == 0)


def _phase(series: Series, last_event_time: datetime | None, calendar: SessionCalendar) -> np.timedelta64 | None:
    if last_event_time is None or series.timeframe in (Timeframe.DAY, Timeframe.WEEK):
        return None
    return calendar.phase_of(series, np.array([as_time(last_event_time)]))


def _n_after(expected: np.ndarray, last_event_time: datetime | None) -> int:
    if last_event_time is None:
        return min(len(expected), 1)
    # A day or week that is stamped later than its date is still the one of that date.
    return int((expected > as_time(last_event_time)).sum())

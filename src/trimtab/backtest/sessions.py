"""A few sessions of bars within the day: how many such bars a year would have."""

from __future__ import annotations

import numpy as np

_SESSIONS = 20  # from here on the span says how much of the year the market is shut
_LONGEST = np.timedelta64(3 * _SESSIONS, "D")  # the longest that so few sessions are looked for in


def bars_per_year_of_sessions(event_time: np.ndarray) -> float | None:
    """Bars per year of a short series with several bars a day and a market that shuts between; None for others.

    >>> hours = np.arange(14, 21).astype("timedelta64[h]")
    >>> days = np.array(["2024-01-04", "2024-01-05", "2024-01-08"], "datetime64[h]")
    >>> bars_per_year_of_sessions((days[:, None] + hours).ravel())
    1764.0
    """
    if event_time[-1] - event_time[0] > _LONGEST:
        return None  # there may be a million bars: spare the search
    day, n_bars = np.unique(event_time.astype("datetime64[D]"), return_counts=True)
    if not 1 < len(day) < _SESSIONS or n_bars.max() < 2:
        return None
    step, ends = np.diff(event_time), np.cumsum(n_bars)[:-1] - 1
    if not np.median(step[ends].astype(np.int64)) > np.median(step.astype(np.int64)):
        return None  # it goes on over midnight
    weekday = (day.astype(np.int64) + 3) % 7  # 0 is Monday, as 1970-01-01 was a Thursday
    whole = np.median(n_bars[1:-1]) if len(day) > 2 else n_bars.max()  # the first and the last may be cut off
    return float(whole) * (365.25 if (weekday == 5).any() else 252.0)

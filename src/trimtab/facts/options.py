"""Options figures by day: the days that were completely stated, as known after each statement.

Sources state options for a day, often volume the same evening and open interest the next morning, and sometimes state
it again. What needs two of them looks at days for which both are known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trimtab.facts.kernels import n_not_later, stated_days
from trimtab.facts.schema import TIME, Figures


@dataclass(frozen=True)
class StatedDays:
    """What was known of the newest days, after each time at which something became known.

    Attributes
    ----------
    known_time: those times, increasing, `datetime64[us]`, UTC, shape (states,).
    newest_day: event time of the newest complete day; NaT where none was. Shape (states,).
    values: float64, shape (states, concepts, days), the newest day last, NaN where there were fewer.
    """

    known_time: np.ndarray
    newest_day: np.ndarray
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.known_time)


def newest_days(figures: Figures | None, concepts: Sequence[str], days: int) -> StatedDays:
    """The `days` newest days for which all of `concepts` were stated, after every statement about one of them.

    >>> told = Figures.build(
    ...     "X",
    ...     ["put_volume", "call_volume"],
    ...     ["NaT"] * 2,
    ...     ["2024-01-02"] * 2,
    ...     [3.0, 4.0],
    ...     np.array(["2024-01-03", "2024-01-04"], "M8[us]"),
    ... )
    >>> newest_days(told, ("put_volume", "call_volume"), days=1).values.tolist()
    [[[nan], [nan]], [[3.0], [4.0]]]
    """
    if figures is None or not np.isin(figures.concept, concepts).any():
        return StatedDays(np.empty(0, TIME), np.empty(0, TIME), np.empty((0, len(concepts), days)))
    told = figures.take(np.isin(figures.concept, concepts))
    told = told.take(np.lexsort((told.received_time, told.known_time)))
    all_days, day = np.unique(told.period_end, return_inverse=True)
    concept = np.array([concepts.index(each) for each in told.concept.tolist()])
    known = told.known_time.astype(np.int64)
    read, newest, values = stated_days(known, day, concept, told.value, len(all_days), len(concepts), days)
    newest_day = np.where(newest >= 0, all_days[np.maximum(newest, 0)], np.datetime64("NaT", "us"))
    return StatedDays(told.known_time[read - 1], newest_day, values)


def as_known(stated: StatedDays, after: np.ndarray, at: np.ndarray, longest_days: float) -> np.ndarray:
    """Of values that hold after each state, the one known at each time.

    NaN before the first state and where the newest complete day ended more than `longest_days` before.
    """
    state = n_not_later(stated.known_time.astype(np.int64), at.astype(np.int64)) - 1
    out = np.full(len(at), np.nan)
    some = state >= 0
    # NaT compares as false: no complete day is not a fresh one.
    age = np.timedelta64(int(longest_days * 86_400e6), "us")
    some[some] = at[some] - stated.newest_day[state[some]] <= age
    out[some] = after[state[some]]
    return out

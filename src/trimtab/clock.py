"""The clock is an argument.

Everything that needs the present takes a `Clock`, so that replay and tests run the same code
at another time. Times are UTC: `datetime` with tzinfo at the edges, `numpy.datetime64[us]`
(understood as UTC) in arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Says what time it is."""

    def now(self) -> datetime:
        """The present, timezone-aware, in UTC."""
        ...


class SystemClock:
    """The computer's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class SimulatedClock:
    """A clock that stands still until told to move.

    >>> clock = SimulatedClock(datetime(2020, 1, 1, tzinfo=UTC))
    >>> clock.advance(timedelta(days=2)).isoformat()
    '2020-01-03T00:00:00+00:00'
    """

    time: datetime

    def now(self) -> datetime:
        return self.time

    def advance(self, by: timedelta) -> datetime:
        """Move forward by a duration and return the new time."""
        if by < timedelta(0):
            raise ValueError(f"a clock only moves forward, not by {by}")
        self.time += by
        return self.time

"""The length of a bar."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

import numpy as np

from trimtab.errors import UnknownNameError


class Timeframe(StrEnum):
    """The length of a bar, by its usual short name.

    >>> Timeframe.parse("1h").duration
    datetime.timedelta(seconds=3600)
    """

    MINUTE = "1m"
    FIVE_MINUTES = "5m"
    FIFTEEN_MINUTES = "15m"
    HOUR = "1h"
    FOUR_HOURS = "4h"
    DAY = "1d"
    WEEK = "1w"

    @classmethod
    def parse(cls, text: str) -> Timeframe:
        """Read a short name; an unknown one raises `UnknownNameError` naming the allowed ones."""
        try:
            return cls(text)
        except ValueError:
            raise UnknownNameError("timeframe", str(text), [member.value for member in cls]) from None

    @property
    def duration(self) -> timedelta:
        """Time from the open of a bar to its close."""
        return _DURATIONS[self]

    @property
    def duration_us(self) -> np.timedelta64:
        """The duration as numpy microseconds, for arithmetic on arrays of times."""
        return np.timedelta64(self.duration // timedelta(microseconds=1), "us")


_DURATIONS = {
    Timeframe.MINUTE: timedelta(minutes=1),
    Timeframe.FIVE_MINUTES: timedelta(minutes=5),
    Timeframe.FIFTEEN_MINUTES: timedelta(minutes=15),
    Timeframe.HOUR: timedelta(hours=1),
    Timeframe.FOUR_HOURS: timedelta(hours=4),
    Timeframe.DAY: timedelta(days=1),
    Timeframe.WEEK: timedelta(weeks=1),
}

"""`TimeAxis`: the distinct decision times of a dataset, and how far a share, a count or a duration reaches on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from trimtab.datasets.purging import ROUNDING
from trimtab.errors import NotEnoughDataError
from trimtab.validation.splitters.sizes import Size, written


@dataclass(frozen=True)
class Moment:
    """A place between two decision times, where a window begins or ends.

    Attributes
    ----------
    position: how many decision times lie before it; a fraction where shares do not divide them.
    time: the calendar time it stands for, datetime64[us]. Durations count from here, so that windows of
        thirty days stay thirty days apart, whatever decision times there are in them.
    """

    position: float
    time: np.datetime64


class TimeAxis:
    """Distinct decision times, sorted, with a beginning and an end.

    The end lies one usual gap (the median) after the last time, so that thirty daily decisions fill thirty
    days. With less than two times there is no gap.
    """

    def __init__(self, times: np.ndarray) -> None:
        self.times = times
        gaps = np.diff(times).astype(np.int64)
        self._gap = np.timedelta64(int(np.median(gaps)) if len(gaps) else 0, "us")

    @property
    def begin(self) -> Moment:
        """The first decision time."""
        return Moment(0, self.times[0])

    @property
    def end(self) -> Moment:
        """Behind the last decision time."""
        return Moment(len(self.times), self.times[-1] + self._gap)

    def row(self, moment: Moment) -> int:
        """How many decision times lie before a moment; a share this close to a whole number reaches it."""
        return min(int(moment.position + ROUNDING * len(self.times)), len(self.times))

    def after(self, moment: Moment, size: Size) -> Moment:
        """The moment a size later; it may lie behind the end, see `holds`."""
        if isinstance(size, timedelta):
            time = moment.time + np.timedelta64(size, "us")
            return Moment(int(np.searchsorted(self.times, time)), time)
        return self._at(moment.position + (size * len(self.times) if isinstance(size, float) else size))

    def before(self, moment: Moment, size: Size) -> Moment:
        """The moment a size earlier, never before the beginning."""
        if isinstance(size, timedelta):
            time = moment.time - np.timedelta64(size, "us")
            return Moment(int(np.searchsorted(self.times, time)), time)
        return self._at(max(self.row(moment) - self.count(size), 0))

    def count(self, size: float | int) -> int:
        """How many whole decision times a share or a count covers."""
        return int((size + ROUNDING) * len(self.times)) if isinstance(size, float) else size

    def holds(self, moment: Moment) -> bool:
        """Whether a moment lies within the axis, so that a window up to it is a whole one."""
        return bool(moment.position <= len(self.times) * (1.0 + ROUNDING) and moment.time <= self.end.time)

    def require_one_time_each(self, **sizes: Size) -> None:
        """Raise `NotEnoughDataError` for a share of less than one time, or a duration below the usual gap."""
        for name, size in sizes.items():
            is_short = np.timedelta64(size, "us") < self._gap if isinstance(size, timedelta) else self.count(size) < 1
            if is_short:
                raise NotEnoughDataError(
                    f"{len(self.times)} distinct decision times, usually {written(self._gap.item())} apart, are too few "
                    f"for {name} {written(size)}: every size must cover at least one"
                )

    def _at(self, position: float) -> Moment:
        row = int(position + ROUNDING * len(self.times))
        return Moment(position, self.times[row] if row < len(self.times) else self.end.time)

"""`TimeSeriesCV`: forecast the next stretch from several cut-offs, as forecasting libraries judge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from trimtab.datasets import Dataset
from trimtab.datasets.purging import positions
from trimtab.errors import ConfigurationError, NotEnoughDataError
from trimtab.validation.folds import Fold, require_samples
from trimtab.validation.splitters.forward_fold import Window, at_most, forward_folds
from trimtab.validation.splitters.sizes import Size, check_embargo, check_sizes, written
from trimtab.validation.splitters.time_axis import TimeAxis


@dataclass(frozen=True)
class TimeSeriesCV:
    """From each cut-off, train on what lies before it and judge the next `horizon`.

    Windows are counted from the end of the data, so the newest decisions are always judged; `WalkForward`
    counts from the beginning. With counts, one-bar labels and no embargo the folds are those of
    scikit-learn's `TimeSeriesSplit(n_splits, max_train_size=..., test_size=horizon)` where step is horizon.

    Attributes
    ----------
    horizon: how much time is judged after each cut-off: a number of decision times, a duration, or a share.
    step: from one cut-off to the next, the same three; absent, `horizon`, so that test parts meet.
    max_train_size: how much time before a cut-off trains; absent, everything.
    n_splits: how many cut-offs, the last ones; absent, all that have `max_train_size` before them, or half of the
        decision times where that is absent too.
    embargo: extra time between the end of the last training label and the cut-off.
    """

    horizon: Size = 0.1
    step: Size | None = None
    max_train_size: Size | None = None
    n_splits: int | None = None
    embargo: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        given = {"horizon": self.horizon, "step": self.step, "max_train_size": self.max_train_size}
        check_sizes(**{name: size for name, size in given.items() if size is not None})
        if self.n_splits is not None and self.n_splits < 1:
            raise ConfigurationError(f"n_splits is {self.n_splits}; it must be at least 1, or absent")
        check_embargo(self.embargo)

    def split(self, dataset: Dataset) -> list[Fold]:
        """The folds in order of time; fewer than 100 samples, or too few cut-offs, raise `NotEnoughDataError`."""
        require_samples(dataset)
        position, times = positions(dataset)
        windows = at_most(islice(self._windows(TimeAxis(times)), self.n_splits))
        if len(windows) < (self.n_splits or 1):
            raise NotEnoughDataError(
                f"{len(times)} distinct decision times have room for {len(windows)} of {self.n_splits or 1} cut-offs with "
                f"horizon {written(self.horizon)} and step {written(self._step)}; use smaller sizes, fewer splits or more data"
            )
        return forward_folds(dataset, position, reversed(windows), self.embargo)

    @property
    def _step(self) -> Size:
        return self.horizon if self.step is None else self.step

    def _windows(self, axis: TimeAxis) -> Iterator[Window]:
        """The windows, the newest first."""
        axis.require_one_time_each(horizon=self.horizon, step=self._step)
        earliest = self._earliest(axis)
        cut_off = axis.before(axis.end, self.horizon)
        while (start := axis.row(cut_off)) >= earliest:
            end = axis.row(axis.after(cut_off, self.horizon))
            first = 0 if self.max_train_size is None else axis.row(axis.before(cut_off, self.max_train_size))
            if start < end:
                yield first, start, end
            cut_off = axis.before(cut_off, self._step)

    def _earliest(self, axis: TimeAxis) -> int:
        """The least number of decision times before a cut-off."""
        if self.n_splits is not None:
            return 1
        if self.max_train_size is None:
            return max(len(axis.times) // 2, 1)
        whole = axis.after(axis.begin, self.max_train_size)
        return max(axis.row(whole), 1) if axis.holds(whole) else len(axis.times) + 1

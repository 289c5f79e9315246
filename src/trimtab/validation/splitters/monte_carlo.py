"""`MonteCarlo`: windows of the past drawn at random, each trained on its first part and judged on its last."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

import numpy as np

from trimtab.datasets import Dataset
from trimtab.datasets.purging import positions
from trimtab.errors import ConfigurationError, NotEnoughDataError
from trimtab.validation.folds import MAX_FOLDS, Fold, require_samples
from trimtab.validation.splitters.forward_fold import Window, forward_folds
from trimtab.validation.splitters.sizes import Size, check_embargo, check_fit, check_sizes, written
from trimtab.validation.splitters.time_axis import Moment, TimeAxis


@dataclass(frozen=True)
class MonteCarlo:
    """Contiguous windows at random places: train on the first part of each, judge on the part that follows.

    A walk-forward judges at the places its sizes happen to give; here the places are drawn, without
    repetition, so that the spread over folds does not hang on them. Windows may overlap, so folds are not
    independent.

    Attributes
    ----------
    n_splits: how many windows.
    train, test: each a share of the distinct decision times, a number of them, or a duration.
    seed: of the draw; the same seed draws the same windows.
    embargo: extra time between the end of the last training label and the first test decision.
    """

    n_splits: int = 20
    train: Size = 0.4
    test: Size = 0.1
    seed: int = 0
    embargo: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        if not 1 <= self.n_splits <= MAX_FOLDS:
            raise ConfigurationError(f"n_splits is {self.n_splits}; it must be from 1 to {MAX_FOLDS:,}")
        if self.seed < 0:
            raise ConfigurationError(f"seed is {self.seed}; it must not be negative")
        check_sizes(train=self.train, test=self.test)
        check_fit(("train", self.train), ("test", self.test))
        check_embargo(self.embargo)

    def split(self, dataset: Dataset) -> list[Fold]:
        """The folds in order of time; fewer windows than `n_splits`, or 100 samples, raise `NotEnoughDataError`."""
        require_samples(dataset)
        position, times = positions(dataset)
        windows = list(islice(self._drawn(TimeAxis(times)), self.n_splits))
        if len(windows) < self.n_splits:
            raise NotEnoughDataError(
                f"{len(times)} distinct decision times have {len(windows)} different windows of train "
                f"{written(self.train)} and test {written(self.test)}, not {self.n_splits}; "
                "use smaller sizes, fewer splits or more data"
            )
        return forward_folds(dataset, position, sorted(windows), self.embargo)

    def _drawn(self, axis: TimeAxis) -> Iterator[Window]:
        """Every window that fits and judges something, in an order drawn by the seed."""
        axis.require_one_time_each(train=self.train, test=self.test)
        rows = range(len(axis.times))
        # A window that begins later ends later, so those that fit are the first ones.
        n_whole = bisect_left(rows, True, key=lambda row: not axis.holds(self._edges(axis, row)[1]))
        for row in np.random.default_rng(self.seed).permutation(n_whole):
            edge, end = (axis.row(moment) for moment in self._edges(axis, int(row)))
            if edge < end:
                yield int(row), edge, end

    def _edges(self, axis: TimeAxis, row: int) -> tuple[Moment, Moment]:
        """Where the test part of the window from a row begins and ends."""
        edge = axis.after(Moment(row, axis.times[row]), self.train)
        return edge, axis.after(edge, self.test)

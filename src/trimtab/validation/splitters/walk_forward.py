"""`WalkForward`: train on the past, judge on what follows, move on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from trimtab.datasets import Dataset
from trimtab.datasets.purging import positions
from trimtab.errors import ConfigurationError, NotEnoughDataError
from trimtab.validation.folds import Fold, require_samples
from trimtab.validation.splitters.forward_fold import Window, at_most, forward_folds
from trimtab.validation.splitters.sizes import Size, check_embargo, check_fit, check_sizes, written
from trimtab.validation.splitters.time_axis import TimeAxis


@dataclass(frozen=True)
class WalkForward:
    """Train on the past, judge on what follows, move on; as a model would live.

    Attributes
    ----------
    window: "expanding" keeps every earlier sample, "rolling" the last `initial_train` of the time.
    initial_train, test, step: each a share of the distinct decision times in (0, 1] (a float), a number of
        them (an int) or calendar time (a timedelta); the three may differ. A step smaller than `test` makes
        test parts overlap; a larger one leaves gaps.
    embargo: extra time between the end of the last training label and the first test decision.

    Durations are cut on calendar time that runs from the first decision time. A last window that the data do
    not fill is left out, and so is a test window of calendar time in which nothing was decided.

    With the defaults and 1,000 sessions: trained on 600, judged on the next 100, four times.
    """

    window: Literal["expanding", "rolling"] = "expanding"
    initial_train: Size = 0.6
    test: Size = 0.1
    step: Size = 0.1
    embargo: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        if self.window not in ("expanding", "rolling"):
            raise ConfigurationError(f"window is '{self.window}'; allowed are 'expanding' and 'rolling'")
        check_sizes(initial_train=self.initial_train, test=self.test, step=self.step)
        check_fit(("initial_train", self.initial_train), ("test", self.test))
        check_embargo(self.embargo)

    def split(self, dataset: Dataset) -> list[Fold]:
        """The folds in order of time; fewer than 100 samples, or no whole window, raise `NotEnoughDataError`."""
        require_samples(dataset)
        position, times = positions(dataset)
        windows = at_most(self._windows(TimeAxis(times)))
        if not windows:
            raise NotEnoughDataError(
                f"{len(times)} distinct decision times are too few for {self._sizes()}; use smaller sizes or more data"
            )
        return forward_folds(dataset, position, windows, self.embargo)

    def _windows(self, axis: TimeAxis) -> Iterator[Window]:
        axis.require_one_time_each(initial_train=self.initial_train, test=self.test, step=self.step)
        edge = axis.after(axis.begin, self.initial_train)
        while axis.holds(end := axis.after(edge, self.test)):
            first = 0 if self.window == "expanding" else axis.row(axis.before(edge, self.initial_train))
            if axis.row(edge) < axis.row(end):
                yield first, axis.row(edge), axis.row(end)
            edge = axis.after(edge, self.step)

    def _sizes(self) -> str:
        initial_train, test, step = (written(size) for size in (self.initial_train, self.test, self.step))
        return f"initial_train {initial_train}, test {test} and step {step}"

"""Cutting a dataset into folds so that no training label knows anything of the test.

The rules of purge and embargo are those of `trimtab.datasets.purging`; here is where the cuts lie.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Literal

import numpy as np

from trimtab.config.strategy import Validation
from trimtab.datasets import Dataset
from trimtab.datasets.purging import ROUNDING, forward_margins, is_in_last_share, margins_around, positions
from trimtab.datasets.three_parts import three_parts
from trimtab.errors import ConfigurationError, NotEnoughDataError
from trimtab.validation.folds import Fold, Splitter, make_fold, require_samples

__all__ = ["Fold", "HoldOut", "PurgedKFold", "WalkForward", "inner_validation", "walk_forward_from"]


@dataclass(frozen=True)
class WalkForward:
    """Train on the past, judge on what follows, move on; as a model would live.

    Attributes
    ----------
    window: "expanding" keeps every earlier sample, "rolling" the last `initial_train` of the time.
    initial_train, test, step: shares of the number of distinct decision times, in (0, 1].
        A step smaller than `test` makes test parts overlap; a larger one leaves gaps.
    embargo: extra time between the end of the last training label and the first test decision.

    With the defaults and 1,000 sessions: trained on 600, judged on the next 100, four times.
    """

    window: Literal["expanding", "rolling"] = "expanding"
    initial_train: float = 0.6
    test: float = 0.1
    step: float = 0.1
    embargo: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        if self.window not in ("expanding", "rolling"):
            raise ConfigurationError(f"window is '{self.window}'; allowed are 'expanding' and 'rolling'")
        if min(self.initial_train, self.test, self.step) <= 0.0 or self.initial_train + self.test > 1.0 + ROUNDING:
            raise ConfigurationError(
                f"initial_train {self.initial_train}, test {self.test} and step {self.step} must be greater than 0, "
                "and initial_train + test at most 1"
            )
        _check_embargo(self.embargo)

    def split(self, dataset: Dataset) -> list[Fold]:
        """The folds in order of time; fewer than 100 samples raise `NotEnoughDataError`."""
        require_samples(dataset)
        position, times = positions(dataset)
        folds = []
        for number, (first, start, end) in enumerate(self._windows(len(times)), 1):
            test = (position >= start) & (position < end)
            candidates = (position >= first) & (position < start)
            folds.append(_forward_fold(dataset, f"fold_{number}", test, candidates, self.embargo))
        return folds

    def _windows(self, n_times: int) -> Iterator[tuple[int, int, int]]:
        """First training, first test and end position of each fold among the distinct decision times."""
        place = lambda share: int(share * n_times + ROUNDING * n_times)  # noqa: E731 - the formula, used four times
        if place(self.test) < 1 or place(self.initial_train) < 1 or place(self.step) < 1:
            raise NotEnoughDataError(
                f"{n_times} distinct decision times are too few for initial_train {self.initial_train}, "
                f"test {self.test} and step {self.step}: each share must cover at least one"
            )
        number = 0
        while self.initial_train + number * self.step + self.test <= 1.0 + ROUNDING:
            edge = self.initial_train + number * self.step
            start, end = place(edge), min(place(edge + self.test), n_times)
            yield (0 if self.window == "expanding" else start - place(self.initial_train)), start, end
            number += 1


@dataclass(frozen=True)
class PurgedKFold:
    """Contiguous folds of time, each judged once by a model trained on the rest, purged and embargoed.

    Attributes
    ----------
    n_folds: at least 2; parts differ by at most one decision time.
    embargo: time after the last label of a test part in which no training label may start.

    For choosing parameters, where every sample should judge once. For judging a strategy use
    `WalkForward`: here a model also learns from what came after.
    """

    n_folds: int = 5
    embargo: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        if self.n_folds < 2:
            raise ConfigurationError(f"n_folds is {self.n_folds}; it must be at least 2")
        _check_embargo(self.embargo)

    def split(self, dataset: Dataset) -> list[Fold]:
        """The folds in order of time; fewer than 100 samples raise `NotEnoughDataError`."""
        require_samples(dataset)
        position, times = positions(dataset)
        edges = np.arange(self.n_folds + 1) * len(times) // self.n_folds
        return [
            self._fold(dataset, f"fold_{number}", (position >= start) & (position < end))
            for number, (start, end) in enumerate(pairwise(edges), 1)
        ]

    def _fold(self, dataset: Dataset, name: str, test: np.ndarray) -> Fold:
        if not test.any():
            raise NotEnoughDataError(f"{name} of {self.n_folds} would be empty; use fewer folds or more data")
        overlaps, shortly_after = margins_around(dataset, test, self.embargo)
        return make_fold(dataset, name, test=test, candidates=~test, purged=overlaps, embargoed=shortly_after)


@dataclass(frozen=True)
class HoldOut:
    """One cut of time into training, validation and test, in that order; the test part judges once.

    Attributes
    ----------
    shares: of the distinct decision times, in that order; they sum to 1, such as 60/20/20 or 70/15/15.
    embargo: extra time between the end of the last training label and the first test decision.

    The validation part chooses parameters (see `trimtab.datasets.three_parts`), which is over before anything is
    judged here: the model that is judged learns from both parts, purged against the test part, as the candidate
    learns from everything. One cut tells nothing about consistency over time: for that use `WalkForward`.
    """

    shares: tuple[float, float, float] = (0.6, 0.2, 0.2)
    embargo: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        if len(self.shares) != 3 or min(self.shares) <= 0.0 or abs(sum(self.shares) - 1.0) > ROUNDING:
            raise ConfigurationError(
                f"hold-out shares are {list(self.shares)}; give three shares greater than 0 that sum to 1, such as [0.6, 0.2, 0.2]"
            )
        _check_embargo(self.embargo)

    def split(self, dataset: Dataset) -> list[Fold]:
        """One fold, "hold_out"; fewer than 100 samples or an empty part raise `NotEnoughDataError`."""
        require_samples(dataset)
        test = np.zeros(len(dataset), bool)
        test[three_parts(dataset, self.shares, self.embargo).test] = True
        return [_forward_fold(dataset, "hold_out", test, ~test, self.embargo)]


def walk_forward_from(config: Validation) -> Splitter:
    """The splitter a strategy file asks for: a walk-forward, or the single cut of a hold-out.

    >>> walk_forward_from(Validation(window="hold_out")).shares
    (0.6, 0.2, 0.2)
    """
    if config.window == "hold_out":
        return HoldOut(config.hold_out, config.embargo)
    return WalkForward(config.window, config.initial_train, config.test, config.step, config.embargo)


def inner_validation(dataset: Dataset, share: float = 0.15, embargo: timedelta = timedelta(0)) -> Fold:
    """Cut the last `share` of the decision times off a training part, for early stopping.

    The rest is purged as in walk-forward. Positions refer to the dataset given: for the training part
    of a fold pass `dataset.take(fold.train)`. Raises `NotEnoughDataError` when either side is empty.
    """
    _check_embargo(embargo)
    test = is_in_last_share(dataset, share)
    return _forward_fold(dataset, "inner", test, ~test, embargo)


def _forward_fold(dataset: Dataset, name: str, test: np.ndarray, candidates: np.ndarray, embargo: timedelta) -> Fold:
    """Training before the test: only labels realised by the first test decision, less the embargo."""
    purged, embargoed = forward_margins(dataset, test, embargo)
    return make_fold(dataset, name, test=test, candidates=candidates, purged=purged, embargoed=embargoed)


def _check_embargo(embargo: timedelta) -> None:
    if embargo < timedelta(0):
        raise ConfigurationError(f"embargo is {embargo}; it must not be negative")

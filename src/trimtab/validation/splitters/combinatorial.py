"""`CombinatorialPurged`: every choice of test groups among groups of time, for many paths instead of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations, pairwise
from math import comb

import numpy as np

from trimtab.datasets import Dataset
from trimtab.datasets.purging import margins_around, positions
from trimtab.errors import ConfigurationError, NotEnoughDataError
from trimtab.validation.folds import MAX_FOLDS, Fold, make_fold, require_samples
from trimtab.validation.splitters.forward_fold import between
from trimtab.validation.splitters.sizes import check_embargo


@dataclass(frozen=True)
class CombinatorialPurged:
    """Cut time into groups; every choice of `n_test_folds` of them is judged by a model trained on the others.

    Training is purged around each test group by itself, not around everything between the first and the
    last: what lies between two test groups trains. Groups are equally long and the last takes the remainder,
    as in skfolio's `CombinatorialPurgedCV`. Every group is judged by `n_paths` models that were trained
    differently; `validation.paths` puts them together to whole paths.

    Attributes
    ----------
    n_folds: groups of time, at least 2 and more than `n_test_folds`.
    n_test_folds: groups that judge at once, at least 1; with 1 there is one path.
    embargo: time after the last label of each test group in which no training label may start.

    Source: López de Prado, Advances in Financial Machine Learning (2018), chapter 12.

    >>> splitter = CombinatorialPurged(n_folds=6, n_test_folds=2)
    >>> splitter.n_splits, splitter.n_paths
    (15, 5)
    """

    n_folds: int = 6
    n_test_folds: int = 2
    embargo: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        if not 1 <= self.n_test_folds < self.n_folds:
            raise ConfigurationError(
                f"n_folds is {self.n_folds} and n_test_folds {self.n_test_folds}; "
                "n_test_folds must be at least 1 and less than n_folds"
            )
        if self.n_splits > MAX_FOLDS:
            raise ConfigurationError(
                f"n_folds {self.n_folds} and n_test_folds {self.n_test_folds} are {self.n_splits:,} trainings; "
                f"choose at most {MAX_FOLDS:,}, by fewer folds or fewer test folds"
            )
        check_embargo(self.embargo)

    @property
    def n_splits(self) -> int:
        """How many folds: the ways to choose the test groups."""
        return comb(self.n_folds, self.n_test_folds)

    @property
    def n_paths(self) -> int:
        """How many times each group is judged, and so how many whole paths there are."""
        return comb(self.n_folds - 1, self.n_test_folds - 1)

    @property
    def test_groups(self) -> list[tuple[int, ...]]:
        """The groups, from 0, that judge in each fold, in the order of `split`."""
        return list(combinations(range(self.n_folds), self.n_test_folds))

    def groups(self, dataset: Dataset) -> list[np.ndarray]:
        """Row positions of each group of time, int64, increasing; too few times raise `NotEnoughDataError`."""
        position, times = positions(dataset)
        length = len(times) // self.n_folds
        if length < 1:
            raise NotEnoughDataError(
                f"{len(times)} distinct decision times cannot be cut into {self.n_folds} groups; "
                "use fewer folds or more data"
            )
        edges = [*(length * group for group in range(self.n_folds)), len(times)]
        return [np.flatnonzero(between(position, start, end)) for start, end in pairwise(edges)]

    def split(self, dataset: Dataset) -> list[Fold]:
        """One fold per choice of test groups; fewer than 100 samples raise `NotEnoughDataError`."""
        require_samples(dataset)
        tests = [_mask(dataset, rows) for rows in self.groups(dataset)]
        margins = [margins_around(dataset, test, self.embargo) for test in tests]
        folds = []
        for number, chosen in enumerate(self.test_groups, 1):
            test, purged, embargoed = (
                np.logical_or.reduce([masks[group] for group in chosen])
                for masks in (tests, [overlaps for overlaps, _ in margins], [after for _, after in margins])
            )
            folds.append(
                make_fold(dataset, f"fold_{number}", test=test, candidates=~test, purged=purged, embargoed=embargoed)
            )
        return folds


def _mask(dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    mask = np.zeros(len(dataset), bool)
    mask[rows] = True
    return mask

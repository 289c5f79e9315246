"""`PurgedKFold`: every sample judged once, by a model trained on what lies before and after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import numpy as np

from trimtab.datasets import Dataset
from trimtab.datasets.purging import margins_around, positions
from trimtab.errors import ConfigurationError, NotEnoughDataError
from trimtab.validation.folds import Fold, make_fold, require_samples
from trimtab.validation.splitters.forward_fold import between
from trimtab.validation.splitters.sizes import check_embargo


@dataclass(frozen=True)
class PurgedKFold:
    """Contiguous folds of time, each judged once by a model trained on the rest, purged and embargoed.

    Attributes
    ----------
    n_folds: at least 2; parts differ by at most one decision time.
    embargo: time after the last label of a test part in which no training label may start.

    For choosing parameters, where every sample should judge once. For judging a strategy use
    `WalkForward`: here a model also learns from what came after. Source: López de Prado, Advances in
    Financial Machine Learning (2018), chapter 7.
    """

    n_folds: int = 5
    embargo: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        if self.n_folds < 2:
            raise ConfigurationError(f"n_folds is {self.n_folds}; it must be at least 2")
        check_embargo(self.embargo)

    def split(self, dataset: Dataset) -> list[Fold]:
        """The folds in order of time; fewer than 100 samples raise `NotEnoughDataError`."""
        require_samples(dataset)
        position, times = positions(dataset)
        edges = np.arange(self.n_folds + 1) * len(times) // self.n_folds
        return [
            self._fold(dataset, f"fold_{number}", between(position, int(start), int(end)))
            for number, (start, end) in enumerate(pairwise(edges), 1)
        ]

    def _fold(self, dataset: Dataset, name: str, test: np.ndarray) -> Fold:
        if not test.any():
            raise NotEnoughDataError(f"{name} of {self.n_folds} would be empty; use fewer folds or more data")
        overlaps, shortly_after = margins_around(dataset, test, self.embargo)
        return make_fold(dataset, name, test=test, candidates=~test, purged=overlaps, embargoed=shortly_after)

"""The cut inside a training part, on which training stops early."""

from __future__ import annotations

from datetime import timedelta

from trimtab.datasets import Dataset
from trimtab.datasets.purging import is_in_last_share
from trimtab.validation.folds import Fold
from trimtab.validation.splitters.forward_fold import forward_fold
from trimtab.validation.splitters.sizes import check_embargo


def inner_validation(dataset: Dataset, share: float = 0.15, embargo: timedelta = timedelta(0)) -> Fold:
    """Cut the last `share` of the decision times off a training part, for early stopping.

    The rest is purged as in walk-forward. Positions refer to the dataset given: for the training part
    of a fold pass `dataset.take(fold.train)`. Raises `NotEnoughDataError` when either side is empty.
    """
    check_embargo(embargo)
    test = is_in_last_share(dataset, share)
    return forward_fold(dataset, "inner", test, ~test, embargo)

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from fakes.datasets import make_dataset

from trimtab.datasets import Dataset
from trimtab.errors import ConfigurationError, NotEnoughDataError
from trimtab.validation.splitters import PurgedKFold


def daily(n: int) -> Dataset:
    return make_dataset(n, k=1, instruments=("AAA",))


def test_purge_by_label_interval_equals_the_worked_example() -> None:
    # Events 1..15, each label two steps long, three folds, closed intervals; repeated ten times
    # per event because fewer than 100 samples are refused.
    days = np.repeat(np.arange(1, 16), 10)
    time = np.datetime64("2020-01-01", "us") + days * np.timedelta64(1, "D")
    label_end = time + np.timedelta64(2, "D")
    dataset = replace(daily(150), decision_time=time, label_start=time, label_end=label_end)
    trained = [sorted(set(days[fold.train])) for fold in PurgedKFold(3).split(dataset)]
    assert trained == [[8, 9, 10, 11, 12, 13, 14, 15], [1, 2, 3, 13, 14, 15], [1, 2, 3, 4, 5, 6, 7, 8]]


def test_an_embargo_widens_the_gap_after_the_test_only() -> None:
    plain, wide = (PurgedKFold(3, timedelta(days=days)).split(daily(300))[1] for days in (0, 5))
    assert np.array_equal(plain.train[plain.train < 100], wide.train[wide.train < 100])
    assert len(plain.train) - len(wide.train) == wide.n_embargoed == 5


def test_one_fold_is_no_k_fold() -> None:
    with pytest.raises(ConfigurationError, match="at least 2"):
        PurgedKFold(1)


def test_more_folds_than_times_are_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="would be empty"):
        PurgedKFold(200).split(daily(150))

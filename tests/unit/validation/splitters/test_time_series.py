from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from fakes.datasets import make_dataset
from sklearn.model_selection import TimeSeriesSplit

from trimtab.datasets import Dataset
from trimtab.errors import ConfigurationError, NotEnoughDataError
from trimtab.validation.splitters import TimeSeriesCV


def daily(n: int, horizon: int = 1) -> Dataset:
    return make_dataset(n, k=1, instruments=("AAA",), horizon=horizon)


@pytest.mark.parametrize("n", [100, 107])
@pytest.mark.parametrize("horizon", [1, 9])
@pytest.mark.parametrize("max_train_size", [None, 30, 1000])
@pytest.mark.parametrize("n_splits", [2, 5])
def test_with_one_bar_labels_the_folds_are_those_of_scikit_learn(
    n: int, horizon: int, max_train_size: int | None, n_splits: int
) -> None:
    theirs = TimeSeriesSplit(n_splits, max_train_size=max_train_size, test_size=horizon).split(np.zeros(n))
    ours = TimeSeriesCV(horizon, max_train_size=max_train_size, n_splits=n_splits).split(daily(n))
    for fold, (train, test) in zip(ours, theirs, strict=True):
        assert np.array_equal(fold.train, train)
        assert np.array_equal(fold.test, test)


def test_longer_labels_are_the_gap_of_scikit_learn_taken_out_of_the_training_part() -> None:
    theirs = TimeSeriesSplit(4, test_size=10, gap=6).split(np.zeros(100))
    ours = TimeSeriesCV(10, n_splits=4).split(daily(100, horizon=7))  # six labels are not realised at the cut-off
    for fold, (train, test) in zip(ours, theirs, strict=True):
        assert np.array_equal(fold.train, train)
        assert np.array_equal(fold.test, test)
        assert fold.n_purged == 6


def test_a_step_smaller_than_the_horizon_judges_twice_and_a_larger_one_leaves_gaps() -> None:
    for step in (5, 15):
        folds = TimeSeriesCV(10, step, n_splits=3).split(daily(100))
        assert [fold.test[0] for fold in folds] == [90 - 2 * step, 90 - step, 90]
        assert all(len(fold.test) == 10 for fold in folds)


@pytest.mark.parametrize("sizes", [(0.1, 0.05, 0.3), tuple(timedelta(days=days) for days in (10, 5, 30))])
def test_shares_and_durations_cut_as_counts_do_where_they_are_as_long(sizes: Any) -> None:
    counted = TimeSeriesCV(10, 5, 30).split(daily(100))
    assert len(counted) == 13
    for left, right in zip(counted, TimeSeriesCV(*sizes).split(daily(100)), strict=True):
        assert np.array_equal(left.train, right.train)
        assert np.array_equal(left.test, right.test)


def test_without_a_number_of_splits_the_later_half_is_judged() -> None:
    folds = TimeSeriesCV(10).split(daily(100))
    assert [fold.test[0] for fold in folds] == [50, 60, 70, 80, 90]


def test_with_a_largest_training_part_every_fold_has_one_that_is_full() -> None:
    folds = TimeSeriesCV(10, max_train_size=25).split(daily(100))
    assert [fold.test[0] for fold in folds] == [30, 40, 50, 60, 70, 80, 90]
    assert {len(fold.train) for fold in folds} == {25}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"horizon": 0}, "horizon is 0; it must be a share"),
        ({"step": -3}, "step is -3"),
        ({"n_splits": 0}, "n_splits is 0; it must be at least 1, or absent"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        TimeSeriesCV(**options)


@pytest.mark.parametrize(
    ("splitter", "said"),
    [
        (TimeSeriesCV(20, n_splits=9), "room for 4 of 9 cut-offs with horizon 20 times and step 20 times; use smaller"),
        (TimeSeriesCV(20, max_train_size=90), "room for 0 of 1 cut-offs"),
        (TimeSeriesCV(20, max_train_size=timedelta(days=400)), "room for 0 of 1 cut-offs"),
        (TimeSeriesCV(20, step=0.001), "for step 0.001: every size must cover at least one"),
    ],
)
def test_too_few_cut_offs_are_refused_with_their_number(splitter: TimeSeriesCV, said: str) -> None:
    with pytest.raises(NotEnoughDataError, match=said):
        splitter.split(daily(100))

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from fakes.datasets import make_dataset

from trimtab.datasets import Dataset
from trimtab.errors import ConfigurationError, NotEnoughDataError
from trimtab.validation.splitters import CombinatorialPurged


def daily(n: int, horizon: int = 1) -> Dataset:
    return make_dataset(n, k=1, instruments=("AAA",), horizon=horizon)


@pytest.mark.parametrize(("sizes", "counts"), [((6, 2), (15, 5)), ((10, 8), (45, 36)), ((5, 2), (10, 4))])
def test_folds_and_paths_are_as_many_as_published(sizes: tuple[int, int], counts: tuple[int, int]) -> None:
    splitter = CombinatorialPurged(*sizes)
    assert (splitter.n_splits, splitter.n_paths) == counts
    assert len(splitter.split(daily(200))) == counts[0]


def test_what_lies_between_two_test_groups_trains() -> None:
    splitter = CombinatorialPurged(4, 2, timedelta(days=3))
    fold = splitter.split(daily(100))[splitter.test_groups.index((0, 2))]
    assert fold.test.tolist() == [*range(25), *range(50, 75)]
    # A label touches the next day's, so one day on either side is purged; three more after each group are embargoed.
    assert fold.train.tolist() == [*range(29, 49), *range(79, 100)]
    assert (fold.n_purged, fold.n_embargoed) == (3, 6)


def test_a_row_purged_for_one_group_and_embargoed_for_another_counts_once() -> None:
    splitter = CombinatorialPurged(10, 2, timedelta(days=30))
    for fold in splitter.split(daily(100, horizon=5)):
        assert len(fold.train) + len(fold.test) + fold.n_purged + fold.n_embargoed == 100


def test_the_last_group_takes_the_remainder() -> None:
    assert [len(rows) for rows in CombinatorialPurged(6, 2).groups(daily(100))] == [16, 16, 16, 16, 16, 20]


def test_groups_hold_whole_sessions() -> None:
    dataset = make_dataset(301, k=1, instruments=("AAA", "BBB", "CCC"))
    groups = CombinatorialPurged(4, 2).groups(dataset)
    times = [set(dataset.decision_time[rows]) for rows in groups]
    assert np.concatenate(groups).tolist() == list(range(301))
    assert all(not (left & right) for i, left in enumerate(times) for right in times[i + 1 :])


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ((6, 6), "n_folds is 6 and n_test_folds 6; n_test_folds must be at least 1 and less than n_folds"),
        ((6, 0), "n_test_folds 0"),
        ((1, 1), "n_folds is 1"),
        ((20, 10), "are 184,756 trainings; choose at most 5,000"),
    ],
)
def test_impossible_groups_are_refused(sizes: tuple[int, int], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        CombinatorialPurged(*sizes)


@pytest.mark.parametrize(
    ("dataset", "said"),
    [
        (make_dataset(100, k=1, instruments=[f"I{i}" for i in range(25)]), "4 distinct decision times cannot be cut"),
        (daily(100, horizon=80), "fold_1 has 0 training"),
    ],
)
def test_too_little_data_is_refused(dataset: Any, said: str) -> None:
    with pytest.raises(NotEnoughDataError, match=said):
        CombinatorialPurged(6, 2).split(dataset)

"""What every splitter promises, checked on every splitter."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from fakes.datasets import make_dataset

from trimtab.datasets import Dataset
from trimtab.errors import NotEnoughDataError
from trimtab.validation.folds import Fold, Splitter
from trimtab.validation.splitters import HoldOut, PurgedKFold, WalkForward

FORWARD = [
    WalkForward(),
    WalkForward(window="rolling"),
    WalkForward(window="rolling", initial_train=0.3, test=0.2, step=0.05),
    WalkForward(initial_train=0.5, test=0.1, step=0.15, embargo=timedelta(days=4)),
    HoldOut(),
    HoldOut(shares=(0.7, 0.15, 0.15), embargo=timedelta(days=4)),
]
AROUND = [PurgedKFold(), PurgedKFold(n_folds=2), PurgedKFold(n_folds=7, embargo=timedelta(days=4))]
DATASETS = {
    "one instrument": make_dataset(300, instruments=("AAA",)),
    "three instruments": make_dataset(601, instruments=("AAA", "BBB", "CCC")),
    "long labels": make_dataset(400, horizon=10),
}

every_splitter = pytest.mark.parametrize("splitter", [*FORWARD, *AROUND], ids=str)
every_dataset = pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS.keys())


def same(left: Fold, right: Fold) -> bool:
    return all(np.array_equal(getattr(left, name), getattr(right, name)) for name in left.__dataclass_fields__)


@every_splitter
@every_dataset
def test_rows_are_sorted_in_range_and_in_one_part_only(splitter: Splitter, dataset: Dataset) -> None:
    for fold in splitter.split(dataset):
        for part in (fold.train, fold.test):
            assert part.dtype == np.int64
            assert (np.diff(part) > 0).all()
            assert part[0] >= 0
            assert part[-1] < len(dataset)
        assert len(fold.train)
        assert len(fold.test)
        together = np.concatenate([fold.train, fold.test])
        assert len(np.unique(together)) == len(together)


@every_splitter
@every_dataset
def test_no_label_looks_at_a_price_move_of_a_later_part(splitter: Splitter, dataset: Dataset) -> None:
    start, end = dataset.label_start, dataset.label_end
    for fold in splitter.split(dataset):
        first, last = start[fold.test].min(), end[fold.test].max()
        assert not ((start[fold.train] < last) & (end[fold.train] > first)).any()


@every_splitter
@every_dataset
def test_a_session_is_never_split_between_two_parts(splitter: Splitter, dataset: Dataset) -> None:
    for fold in splitter.split(dataset):
        assert not np.intersect1d(dataset.decision_time[fold.train], dataset.decision_time[fold.test]).size


@every_splitter
@every_dataset
def test_the_same_dataset_gives_the_same_folds(splitter: Splitter, dataset: Dataset) -> None:
    once, again = splitter.split(dataset), splitter.split(dataset)
    assert len(once) == len(again) > 0
    assert all(same(left, right) for left, right in zip(once, again, strict=True))


@every_splitter
@every_dataset
def test_the_spans_are_those_of_the_rows(splitter: Splitter, dataset: Dataset) -> None:
    for fold in splitter.split(dataset):
        times = dataset.decision_time
        assert (fold.train_start, fold.train_end) == (times[fold.train].min(), times[fold.train].max())
        assert (fold.test_start, fold.test_end) == (times[fold.test].min(), times[fold.test].max())


@every_splitter
def test_fewer_than_a_hundred_samples_are_refused_with_both_numbers(splitter: Splitter) -> None:
    with pytest.raises(NotEnoughDataError, match=r"99 samples.*at least 100"):
        splitter.split(make_dataset(99))


@pytest.mark.parametrize("splitter", FORWARD, ids=str)
@every_dataset
def test_forward_training_knows_its_labels_before_the_first_decision_it_is_judged_on(
    splitter: WalkForward | HoldOut, dataset: Dataset
) -> None:
    for fold in splitter.split(dataset):
        realised = dataset.label_end[fold.train].max() + np.timedelta64(splitter.embargo, "us")
        assert realised <= dataset.decision_time[fold.test].min()
        assert fold.train_end < fold.test_start


@pytest.mark.parametrize("splitter", [s for s in FORWARD if isinstance(s, HoldOut)], ids=str)
@every_dataset
def test_a_hold_out_uses_every_sample_or_says_why_not(splitter: HoldOut, dataset: Dataset) -> None:
    (fold,) = splitter.split(dataset)
    assert len(fold.train) + len(fold.test) + fold.n_purged + fold.n_embargoed == len(dataset)
    assert fold.test[-1] == len(dataset) - 1
    assert fold.n_purged == dataset_purges(dataset, splitter)
    assert (fold.n_embargoed > 0) == (splitter.embargo > timedelta(0))


def dataset_purges(dataset: Dataset, splitter: HoldOut) -> int:
    """Samples of all instruments whose label of h days ends after the cut before the test."""
    return (dataset.horizon - 1) * len(dataset.instruments)


@pytest.mark.parametrize("splitter", AROUND, ids=str)
@every_dataset
def test_around_every_sample_is_judged_once_and_the_embargo_holds(splitter: PurgedKFold, dataset: Dataset) -> None:
    folds = splitter.split(dataset)
    assert np.array_equal(np.sort(np.concatenate([fold.test for fold in folds])), np.arange(len(dataset)))
    for fold in folds:
        start, last = dataset.label_start[fold.train], dataset.label_end[fold.test].max()
        after = start > dataset.label_start[fold.test].max()
        assert (start[after] > last + np.timedelta64(splitter.embargo, "us")).all()
        assert len(fold.train) + len(fold.test) + fold.n_purged + fold.n_embargoed == len(dataset)

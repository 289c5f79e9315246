"""What every splitter promises, checked on every splitter there is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from fakes.datasets import make_dataset

from trimtab.datasets import Dataset
from trimtab.errors import ConfigurationError, NotEnoughDataError
from trimtab.validation.folds import Fold, Splitter
from trimtab.validation.splitters import (
    SPLITTERS,
    CombinatorialPurged,
    HoldOut,
    MonteCarlo,
    PurgedKFold,
    TimeSeriesCV,
    WalkForward,
)

FOUR_DAYS = timedelta(days=4)
VARIANTS: list[Any] = [
    *(splitter() for splitter in SPLITTERS.values()),  # a new splitter is checked as soon as it has a name
    WalkForward(window="rolling"),
    WalkForward(window="rolling", initial_train=0.3, test=0.2, step=0.05),
    WalkForward(initial_train=0.5, test=0.1, step=0.15, embargo=FOUR_DAYS),
    WalkForward("rolling", initial_train=60, test=25, step=30),
    WalkForward("rolling", timedelta(days=70), timedelta(days=30), timedelta(days=45), FOUR_DAYS),
    WalkForward(initial_train=0.4, test=20, step=timedelta(days=25)),
    TimeSeriesCV(horizon=20, step=7, max_train_size=90, n_splits=4),
    TimeSeriesCV(horizon=timedelta(days=20), max_train_size=0.5, embargo=FOUR_DAYS),
    PurgedKFold(n_folds=2),
    PurgedKFold(n_folds=7, embargo=FOUR_DAYS),
    CombinatorialPurged(5, 1),
    CombinatorialPurged(5, 3, FOUR_DAYS),
    MonteCarlo(n_splits=5, train=70, test=timedelta(days=20), seed=3, embargo=FOUR_DAYS),
    HoldOut(shares=(0.7, 0.15, 0.15), embargo=FOUR_DAYS),
]
AROUND = [splitter for splitter in VARIANTS if isinstance(splitter, PurgedKFold | CombinatorialPurged)]
FORWARD = [splitter for splitter in VARIANTS if splitter not in AROUND]


def uneven() -> Dataset:
    """Gaps between sessions, sessions of one to three instruments, labels of 1 to 9 days that end out of order."""
    random = np.random.default_rng(11)
    base = make_dataset(420, k=1, instruments=("AAA", "BBB", "CCC"))
    day = np.cumsum(random.choice([0, 1, 1, 3], 420)).astype("timedelta64[D]")
    time = np.datetime64("2015-01-01", "us") + day
    delay = random.integers(0, 3, 420).astype("timedelta64[h]")
    length = random.integers(1, 10, 420).astype("timedelta64[D]")
    return replace(base, decision_time=time, label_start=time + delay, label_end=time + delay + length)


DATASETS = {
    "one instrument": make_dataset(300, k=1, instruments=("AAA",)),
    "three instruments": make_dataset(601, k=1, instruments=("AAA", "BBB", "CCC")),
    "overlapping labels": make_dataset(400, k=1, horizon=10),
    "uneven": uneven(),
}

every_splitter = pytest.mark.parametrize("splitter", VARIANTS, ids=str)
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
def test_no_training_label_looks_at_a_price_move_that_a_test_label_looks_at(
    splitter: Splitter, dataset: Dataset
) -> None:
    start, end = dataset.label_start, dataset.label_end
    for fold in splitter.split(dataset):
        train, test = fold.train[:, None], fold.test[None, :]  # every pair
        assert not ((start[train] < end[test]) & (end[train] > start[test])).any()


@every_splitter
@every_dataset
def test_a_session_is_never_split_between_two_parts(splitter: Splitter, dataset: Dataset) -> None:
    for fold in splitter.split(dataset):
        assert not np.intersect1d(dataset.decision_time[fold.train], dataset.decision_time[fold.test]).size


@every_splitter
@every_dataset
def test_a_session_that_judges_judges_with_all_its_instruments(splitter: Splitter, dataset: Dataset) -> None:
    for fold in splitter.split(dataset):
        times = dataset.decision_time
        assert np.isin(times, times[fold.test]).sum() == len(fold.test)


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
@every_dataset
def test_folds_have_names_of_their_own_and_come_in_order_of_time(splitter: Splitter, dataset: Dataset) -> None:
    folds = splitter.split(dataset)
    assert len({fold.name for fold in folds}) == len(folds)
    starts = [fold.test_start for fold in folds]
    assert starts == sorted(starts)


@every_splitter
@every_dataset
def test_only_labels_and_times_decide_where_the_cuts_lie(splitter: Splitter, dataset: Dataset) -> None:
    """Targets, weights and features of another market give the same folds."""
    other = replace(dataset, target=1.0 - dataset.target, weight=dataset.weight * 2, features=dataset.features + 1.0)
    pairs = zip(splitter.split(dataset), splitter.split(other), strict=True)
    assert all(same(left, right) for left, right in pairs)


@every_splitter
def test_fewer_than_a_hundred_samples_are_refused_with_both_numbers(splitter: Splitter) -> None:
    with pytest.raises(NotEnoughDataError, match=r"99 samples.*at least 100"):
        splitter.split(make_dataset(99))


@every_splitter
def test_one_session_of_many_instruments_is_refused_in_a_sentence(splitter: Splitter) -> None:
    names = tuple(f"I{number}" for number in range(120))
    with pytest.raises(NotEnoughDataError) as caught:
        splitter.split(make_dataset(120, k=1, instruments=names))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("splitter", SPLITTERS.values(), ids=SPLITTERS.keys())
def test_a_negative_embargo_is_refused(splitter: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"embargo is .* must not be negative"):
        splitter(embargo=timedelta(days=-1))


@pytest.mark.parametrize("splitter", FORWARD, ids=str)
@every_dataset
def test_forward_training_knows_its_labels_before_the_first_decision_it_is_judged_on(
    splitter: Any, dataset: Dataset
) -> None:
    for fold in splitter.split(dataset):
        realised = dataset.label_end[fold.train].max() + np.timedelta64(splitter.embargo, "us")
        assert realised <= dataset.decision_time[fold.test].min()
        assert fold.train_end < fold.test_start


@pytest.mark.parametrize("splitter", AROUND, ids=str)
@every_dataset
def test_around_a_test_no_training_label_touches_it_or_starts_within_the_embargo(
    splitter: Any, dataset: Dataset
) -> None:
    start, end = dataset.label_start, dataset.label_end
    embargo = np.timedelta64(splitter.embargo, "us")
    for fold in splitter.split(dataset):
        train, test = fold.train[:, None], fold.test[None, :]
        assert not ((start[train] <= end[test] + embargo) & (end[train] >= start[test])).any()
        assert len(fold.train) + len(fold.test) + fold.n_purged + fold.n_embargoed == len(dataset)


@pytest.mark.parametrize("splitter", AROUND, ids=str)
@every_dataset
def test_around_every_sample_is_judged_equally_often(splitter: Any, dataset: Dataset) -> None:
    judged = np.zeros(len(dataset), int)
    for fold in splitter.split(dataset):
        judged[fold.test] += 1
    assert set(judged) == {splitter.n_paths if isinstance(splitter, CombinatorialPurged) else 1}


@pytest.mark.parametrize("splitter", [s for s in FORWARD if isinstance(s, HoldOut)], ids=str)
@pytest.mark.parametrize("name", ["one instrument", "three instruments", "overlapping labels"])
def test_a_hold_out_uses_every_sample_or_says_why_not(splitter: HoldOut, name: str) -> None:
    dataset = DATASETS[name]
    (fold,) = splitter.split(dataset)
    assert len(fold.train) + len(fold.test) + fold.n_purged + fold.n_embargoed == len(dataset)
    assert fold.test[-1] == len(dataset) - 1
    # Samples of all instruments whose label of h days ends after the cut before the test.
    assert fold.n_purged == (dataset.horizon - 1) * len(dataset.instruments)
    assert (fold.n_embargoed > 0) == (splitter.embargo > timedelta(0))

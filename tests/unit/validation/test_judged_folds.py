from __future__ import annotations

import threading

import numpy as np
import pytest
from fakes.datasets import make_dataset
from fakes.forecasters import FirstFeatureForecaster

from trimtab.datasets import Dataset
from trimtab.errors import NotEnoughDataError
from trimtab.validation.folds import Fold
from trimtab.validation.judged_folds import judge_folds
from trimtab.validation.splitters import CombinatorialPurged, PurgedKFold, WalkForward
from trimtab.validation.walk_forward import walk_forward


def first_feature(train: Dataset, fold: Fold) -> FirstFeatureForecaster:
    return FirstFeatureForecaster(train.feature_names, train.task)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_measures_of_a_fold_are_those_of_the_walk_forward_report(task) -> None:
    dataset = make_dataset(600, task=task)
    report = walk_forward(dataset, first_feature, WalkForward())
    judged = judge_folds(dataset, first_feature, WalkForward().split(dataset))
    for theirs, ours in zip(report.folds, judged, strict=True):
        assert ours.fold.name == theirs.name
        assert ours.metrics == {name: theirs.metrics[name] for name in ours.metrics}
        assert {"accuracy", "baseline_accuracy", "majority_accuracy"} <= set(ours.metrics)


def test_forecasts_of_overlapping_folds_are_all_kept() -> None:
    dataset = make_dataset(300)
    folds = CombinatorialPurged(5, 2).split(dataset)
    judged = judge_folds(dataset, first_feature, folds)
    assert sum(len(each.value) for each in judged) == 4 * len(dataset)
    for each in judged:
        expected = first_feature(dataset, each.fold).predict(dataset.features[each.fold.test]).value
        assert np.array_equal(each.value, expected)


def test_a_training_is_given_the_training_rows_of_its_fold_and_no_others() -> None:
    dataset, seen = make_dataset(300), []

    def fit(train: Dataset, fold: Fold) -> FirstFeatureForecaster:
        seen.append(np.array_equal(train.target, dataset.target[fold.train]) and len(train) == len(fold.train))
        return first_feature(train, fold)

    judge_folds(dataset, fit, PurgedKFold(4).split(dataset))
    assert seen == [True] * 4


def test_threads_change_nothing() -> None:
    dataset = make_dataset(400)
    folds = PurgedKFold(4).split(dataset)
    met = threading.Barrier(2, timeout=20)

    def together(train: Dataset, fold: Fold) -> FirstFeatureForecaster:
        met.wait()  # would never be passed by one thread
        return first_feature(train, fold)

    alone, beside = judge_folds(dataset, first_feature, folds), judge_folds(dataset, together, folds, n_threads=2)
    assert [each.metrics for each in alone] == [each.metrics for each in beside]


def test_a_fold_that_cannot_be_trained_on_is_named() -> None:
    def fit(train: Dataset, fold: Fold) -> FirstFeatureForecaster:
        if fold.name == "fold_2":
            raise NotEnoughDataError("all 60 training rows have the target 1")
        return first_feature(train, fold)

    dataset = make_dataset(300)
    with pytest.raises(NotEnoughDataError, match=r"^fold_2: all 60 training rows have the target 1$"):
        judge_folds(dataset, fit, PurgedKFold(3).split(dataset))

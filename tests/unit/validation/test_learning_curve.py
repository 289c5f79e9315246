"""Learning curves: what is trained on, what is measured; validation curves from trials."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from fakes.datasets import make_dataset
from fakes.forecasters import FirstFeatureForecaster

from trimtab.datasets import Dataset
from trimtab.models.families import make_forecaster
from trimtab.models.protocol import FitContext, FittedForecaster
from trimtab.validation.folds import Fold
from trimtab.validation.learning_curve import learning_curve, newest_share, validation_curves
from trimtab.validation.splitters import WalkForward

DATASET = make_dataset(n=1000, k=4, signal=1.5)
FOLDS = WalkForward().split(DATASET)[-2:]


@dataclass
class Recording:
    """A fit that keeps what it was given."""

    given: list[tuple[int, Fold]]

    def __call__(self, train: Dataset, fold: Fold) -> FittedForecaster:
        self.given.append((len(train), fold))
        return FirstFeatureForecaster(train.feature_names)


def linear(train: Dataset, fold: Fold) -> FittedForecaster:
    return make_forecaster("linear", {}).fit(train, None, FitContext(seed=0, n_threads=1))


def test_the_newest_share_keeps_whole_decision_times() -> None:
    rows = FOLDS[0].train
    kept = newest_share(DATASET, rows, 0.25)
    times = np.unique(DATASET.decision_time[rows])
    assert np.array_equal(np.unique(DATASET.decision_time[kept]), times[-(len(times) // 4) :])
    assert len(kept) == 2 * (len(times) // 4)
    assert np.array_equal(newest_share(DATASET, rows, 1.0), rows)


def test_every_share_is_trained_once_per_fold_on_rows_of_its_fold() -> None:
    fit = Recording([])
    curve, _ = learning_curve(DATASET, FOLDS, fit, seed=0, shares=(0.5, 1.0))
    assert [n for n, _ in fit.given] == [len(newest_share(DATASET, f.train, s)) for s in (0.5, 1.0) for f in FOLDS]
    assert all(len(fold.train) == n for n, fold in fit.given)
    assert [point.share for point in curve] == [0.5, 1.0]
    assert curve[1].n_train == round(np.mean([len(fold.train) for fold in FOLDS]))


def test_test_accuracy_is_pooled_over_the_folds_and_more_rows_help() -> None:
    curve, trained = learning_curve(DATASET, FOLDS, linear, seed=0, shares=(0.02, 1.0))
    right = []
    for fold, known in zip(FOLDS, trained, strict=True):
        test = DATASET.take(fold.test)
        assert np.array_equal(known.test.target, test.target)
        right.append((known.model.predict(test.features).value > 0.5) == (test.target == 1.0))
    assert curve[1].test_accuracy == pytest.approx(np.concatenate(right).mean())
    assert curve[1].low < curve[1].test_accuracy < curve[1].high
    assert curve[0].test_accuracy < curve[1].test_accuracy
    seen = [(each.model.predict(each.train.features).value > 0.5) == (each.train.target == 1.0) for each in trained]
    assert curve[1].train_accuracy == pytest.approx(np.concatenate(seen).mean())


def test_threads_change_nothing() -> None:
    once, _ = learning_curve(DATASET, FOLDS, linear, seed=0)
    assert learning_curve(DATASET, FOLDS, linear, seed=0, n_threads=2)[0] == once


def test_a_validation_curve_needs_a_number_that_was_varied_and_a_score() -> None:
    trials = [
        ({"depth": 3, "rate": 0.1, "kind": "a", "fixed": 1}, 0.2),
        ({"depth": 2, "rate": 0.3, "kind": "b", "fixed": 1}, 0.1),
        ({"depth": 9, "rate": 0.3, "fixed": 1}, float("nan")),
    ]
    found = validation_curves(trials)
    assert [(curve.parameter, curve.points) for curve in found] == [
        ("depth", ((2.0, 0.1), (3.0, 0.2))),
        ("rate", ((0.1, 0.2), (0.3, 0.1))),
    ]
    assert validation_curves([]) == ()

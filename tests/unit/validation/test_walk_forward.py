from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from fakes.datasets import make_dataset
from fakes.forecasters import FirstFeatureForecaster
from sklearn.metrics import accuracy_score, roc_auc_score

from trimtab.datasets import Dataset
from trimtab.models.protocol import FittedForecaster
from trimtab.validation import walk_forward as walk_forward_module
from trimtab.validation.folds import Fold
from trimtab.validation.splitters import WalkForward
from trimtab.validation.verdict import Verdict
from trimtab.validation.walk_forward import walk_forward


def fit_first_feature(train: Dataset, fold: Fold) -> FittedForecaster:
    return FirstFeatureForecaster(train.feature_names, train.task)


def test_the_model_is_given_the_training_rows_and_nothing_else() -> None:
    dataset, given = make_dataset(500), []

    def remember(train: Dataset, fold: Fold) -> FittedForecaster:
        given.append((train, fold))
        return fit_first_feature(train, fold)

    walk_forward(dataset, remember, WalkForward())
    assert len(given) == 4
    for train, fold in given:
        assert np.array_equal(train.target, dataset.target[fold.train])
        assert np.array_equal(train.decision_time, dataset.decision_time[fold.train])


def test_each_fold_is_scored_on_its_own_test_part() -> None:
    dataset = make_dataset(800)
    report = walk_forward(dataset, fit_first_feature, WalkForward())
    value = fit_first_feature(dataset, None).predict(dataset.features).value
    for fold, result in zip(WalkForward().split(dataset), report.folds, strict=True):
        truth = dataset.target[fold.test]
        assert result.metrics["accuracy"] == pytest.approx(accuracy_score(truth, value[fold.test] > 0.5))
        assert result.metrics["roc_auc"] == pytest.approx(roc_auc_score(truth, value[fold.test]))
        assert result.metrics["baseline_accuracy"] == pytest.approx((truth == dataset.baseline[fold.test]).mean())
        majority = float(dataset.target[fold.train].mean() > 0.5)
        assert result.metrics["majority_accuracy"] == pytest.approx((truth == majority).mean())
        assert (result.n_train, result.n_test) == (len(fold.train), len(fold.test))


@pytest.mark.parametrize("most", [walk_forward_module.TRAINING_ROWS, 50])
def test_the_training_accuracy_is_that_of_rows_spread_over_the_training_part(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk_forward_module, "TRAINING_ROWS", most)
    dataset = make_dataset(800)
    report = walk_forward(dataset, fit_first_feature, WalkForward())
    value = fit_first_feature(dataset, None).predict(dataset.features).value
    for fold, result in zip(WalkForward().split(dataset), report.folds, strict=True):
        n = len(fold.train)
        rows = fold.train if n <= most else fold.train[[round(i * (n - 1) / (most - 1)) for i in range(most)]]
        expected = accuracy_score(dataset.target[rows], value[rows] > 0.5)
        assert result.metrics["train_accuracy"] == pytest.approx(expected)


def test_the_summary_is_made_of_the_folds() -> None:
    report = walk_forward(make_dataset(800), fit_first_feature, WalkForward())
    accuracies = [fold.metrics["accuracy"] for fold in report.folds]
    training = [fold.metrics["train_accuracy"] for fold in report.folds]
    assert report.accuracy == pytest.approx(np.mean(accuracies))
    assert report.std["accuracy"] == pytest.approx(np.std(accuracies))
    assert report.consistency == pytest.approx(1 - np.std(accuracies) / np.mean(accuracies))
    assert report.overfitting_gap == pytest.approx(np.mean(training) - np.mean(accuracies))
    assert report.best_fold == report.folds[int(np.argmax(accuracies))].name
    assert report.worst_fold == report.folds[int(np.argmin(accuracies))].name
    assert report.verdict is Verdict.GOOD


def test_pooled_measures_are_those_of_all_forecasts_at_once() -> None:
    report = walk_forward(make_dataset(800), fit_first_feature, WalkForward())
    kept = report.out_of_sample
    assert report.pooled["accuracy"] == pytest.approx(accuracy_score(kept.target, kept.value > 0.5))
    assert report.pooled["roc_auc"] == pytest.approx(roc_auc_score(kept.target, kept.value))


def test_noise_is_not_called_good() -> None:
    report = walk_forward(make_dataset(3000, signal=0.0), fit_first_feature, WalkForward())
    assert abs(report.accuracy - 0.5) < 0.05
    assert report.verdict in (Verdict.MARGINAL, Verdict.POOR)


def test_where_test_parts_overlap_the_latest_model_speaks() -> None:
    report = walk_forward(make_dataset(600), fit_first_feature, WalkForward(step=0.05))
    kept = report.out_of_sample
    assert (np.diff(kept.row) == 1).all()
    assert (np.diff(kept.fold) >= 0).all()
    assert kept.fold[-1] == len(report.folds) - 1
    second_start = WalkForward(step=0.05).split(make_dataset(600))[1].test[0]
    assert kept.fold[np.searchsorted(kept.row, second_start)] == 1


def test_in_regression_accuracy_is_about_direction() -> None:
    dataset = make_dataset(800, task="regression")
    report = walk_forward(dataset, fit_first_feature, WalkForward())
    kept = report.out_of_sample
    said = kept.value != 0
    assert report.pooled["accuracy"] == pytest.approx(((kept.value > 0) == (kept.target > 0))[said].sum() / len(said))
    assert report.pooled["mse"] == pytest.approx(((kept.value - kept.target) ** 2).mean())
    assert "log_loss" not in report.pooled


def test_a_baseline_that_says_nothing_is_unknown_not_zero() -> None:
    dataset = replace(make_dataset(400), baseline=np.full(400, np.nan))
    report = walk_forward(dataset, fit_first_feature, WalkForward())
    assert np.isnan(report.mean["baseline_accuracy"])
    assert report.to_json()["mean"]["baseline_accuracy"] is None


def test_the_report_is_json_with_iso_times() -> None:
    document = walk_forward(make_dataset(400), fit_first_feature, WalkForward()).to_json()
    again = json.loads(json.dumps(document, allow_nan=False))
    assert again["verdict"] in list(Verdict)
    assert again["folds"][0]["train_start"] == "2015-01-02T00:00:00Z"
    assert again["folds"][0]["metrics"]["accuracy"] == document["folds"][0]["metrics"]["accuracy"]


def test_progress_is_told_after_each_fold() -> None:
    told: list[tuple[int, int]] = []
    walk_forward(
        make_dataset(400), fit_first_feature, WalkForward(), progress=lambda done, total: told.append((done, total))
    )
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]

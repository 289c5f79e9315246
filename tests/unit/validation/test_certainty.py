from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.datasets import make_dataset
from fakes.forecasters import FirstFeatureForecaster
from sklearn.metrics import accuracy_score

from trimtab.datasets import Dataset
from trimtab.models.confident import ConfidentForecaster, FittedConfident
from trimtab.models.protocol import FitContext, Forecast
from trimtab.validation.certainty import certainty_measures, horizon_measures
from trimtab.validation.folds import Fold
from trimtab.validation.splitters import WalkForward
from trimtab.validation.walk_forward import WalkForwardReport, walk_forward

OWN = {
    "interval_coverage", "interval_width", "adaptive_coverage", "adaptive_width", "expected_calibration_error",
    "abstained_share", "accuracy_when_not_abstaining",
}  # fmt: skip


def fit_confident(train: Dataset, fold: Fold) -> FittedConfident:
    return ConfidentForecaster().fit(train, None, FitContext(0, 1))


def fit_isotonic(train: Dataset, fold: Fold) -> FittedConfident:
    asked = {"calibration": "isotonic", "coverage": 0.9}
    return ConfidentForecaster({"confidence": asked}).fit(train, None, FitContext(0, 1))


def fit_uncalibrated(train: Dataset, fold: Fold) -> FittedConfident:
    return ConfidentForecaster({"confidence": {"coverage": 0.9}}).fit(train, None, FitContext(0, 1))


def test_isotonic_calibration_changes_no_set_of_classes_of_a_walk_forward() -> None:
    dataset = make_dataset(900, signal=0.3)
    judged = [walk_forward(dataset, fit, WalkForward()).out_of_sample for fit in (fit_isotonic, fit_uncalibrated)]
    assert not np.array_equal(judged[0].value, judged[1].value)
    for name in ("low", "high", "adaptive_low", "adaptive_high"):
        assert np.array_equal(getattr(judged[0], name), getattr(judged[1], name))


def drifting(n: int = 3000) -> Dataset:
    """Errors grow fourfold from the second third on, and no feature tells."""
    dataset = make_dataset(n, task="regression", missing=0.0)
    noise = np.random.default_rng(1).standard_normal(n) * np.where(np.arange(n) < 0.65 * n, 1.0, 4.0)
    return replace(dataset, target=dataset.features[:, 0] + noise)


@pytest.fixture(scope="module")
def report() -> WalkForwardReport:
    return walk_forward(drifting(), fit_confident, WalkForward())


def test_a_model_that_says_nothing_of_its_certainty_is_not_measured_by_it() -> None:
    plain = walk_forward(
        make_dataset(400), lambda train, _: FirstFeatureForecaster(train.feature_names, train.task), WalkForward()
    )
    assert not OWN & set(plain.pooled) and not OWN & set(plain.mean)
    assert plain.out_of_sample.low is None and plain.out_of_sample.adaptive_low is None


def test_every_fold_and_all_forecasts_at_once_are_measured(report: WalkForwardReport) -> None:
    kept = report.out_of_sample
    for name in OWN:
        assert all(name in fold.metrics for fold in report.folds) and name in report.mean and name in report.pooled
    inside = (kept.low <= kept.target) & (kept.target <= kept.high)
    adapted = (kept.adaptive_low <= kept.target) & (kept.target <= kept.adaptive_high)
    assert report.pooled["interval_coverage"] == pytest.approx(inside.mean())
    assert report.pooled["adaptive_coverage"] == pytest.approx(adapted.mean())
    assert report.folds[1].metrics["adaptive_coverage"] == pytest.approx(adapted[kept.fold == 1].mean())
    assert report.to_json()["pooled"]["adaptive_width"] == pytest.approx(
        (kept.adaptive_high - kept.adaptive_low).mean()
    )


def test_when_the_market_turns_wild_static_intervals_miss_and_adaptive_ones_recover(report: WalkForwardReport) -> None:
    assert report.pooled["interval_coverage"] < 0.85
    assert report.pooled["adaptive_coverage"] > report.pooled["interval_coverage"] + 0.02
    last = report.folds[-1].metrics
    assert last["adaptive_coverage"] == pytest.approx(0.9, abs=0.05)


def test_abstaining_takes_a_row_out_of_the_accuracy() -> None:
    target, value = np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.9, 0.2, 0.1, 0.8])
    said = Forecast(value, novelty=np.array([0.5, 1.5, 1.0, 0.2]))
    measures = certainty_measures("classification", target, said)
    assert measures == {"abstained_share": 0.25, "accuracy_when_not_abstaining": pytest.approx(2 / 3)}


def test_where_a_model_always_abstains_its_accuracy_is_unknown() -> None:
    said = Forecast(np.array([0.9]), novelty=np.array([2.0]))
    assert np.isnan(certainty_measures("classification", np.array([1.0]), said)["accuracy_when_not_abstaining"])


def test_each_horizon_is_measured_on_the_samples_that_have_its_label() -> None:
    dataset = make_dataset(300, further=(5,))
    value = 1 / (1 + np.exp(-np.nan_to_num(dataset.features[:, 0])))
    said = Forecast(value, horizons={1: Forecast(value), 5: Forecast(1 - value)})
    measures = horizon_measures(dataset, said)
    own = dataset.at(5)
    known = ~np.isnan(dataset.by_horizon[1].target)
    assert len(own) < 300
    assert measures["accuracy@5"] == pytest.approx(accuracy_score(own.target, (1 - value[known]) > 0.5))
    assert measures["accuracy@1"] == pytest.approx(accuracy_score(dataset.target, value > 0.5))
    assert measures["baseline_accuracy@5"] == pytest.approx((own.baseline == own.target).mean())
    assert "interval_coverage@5" not in measures
    assert horizon_measures(dataset, Forecast(value)) == {}

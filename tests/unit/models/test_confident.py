from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from fakes.datasets import make_dataset, with_history
from safetensors.numpy import load as read_tensors
from safetensors.numpy import save as write_tensors

from trimtab.config.strategy import Confidence, Model
from trimtab.datasets import Dataset
from trimtab.errors import ArtifactError, ConfigurationError, NotEnoughDataError, UnknownNameError
from trimtab.metrics.calibration import expected_calibration_error
from trimtab.metrics.classification import log_loss, roc_auc
from trimtab.metrics.intervals import interval_coverage, interval_score, interval_width
from trimtab.models import certainty
from trimtab.models.confident import ConfidentForecaster, FittedConfident
from trimtab.models.configured import configured_forecaster
from trimtab.models.forecasting import forecast
from trimtab.models.protocol import FitContext, Forecast, Forecaster

CONTEXT = FitContext(0, 1)
# Grown deep on noisy labels: certain of what it has learnt by heart, wrong about the rest.
OVERCONFIDENT = {
    "family": "xgboost",
    "parameters": {"n_estimators": 60, "max_depth": 8, "learning_rate": 0.5, "min_child_weight": 1},
}


def fit(
    dataset: Dataset, family: str = "linear", parameters: dict[str, Any] | None = None, **asked: Any
) -> FittedConfident:
    given = {"confidence": asked, "family": family, "parameters": parameters or {}}
    return ConfidentForecaster(given).fit(dataset, None, CONTEXT)


@pytest.mark.parametrize("kind", ["sigmoid", "isotonic"])
def test_calibration_heals_an_overconfident_model_on_rows_it_has_not_seen(kind: str) -> None:
    train, test = make_dataset(1000, signal=0.5), make_dataset(1500, seed=1, signal=0.5)
    fitted = fit(train, **OVERCONFIDENT, calibration=kind)
    raw, said = fitted.inner.predict(test.features).value, fitted.predict(test.features)
    assert log_loss(test.target, said.value) < log_loss(test.target, raw) - 0.1
    right = ((said.value > 0.5) == test.target).astype(float)
    assert expected_calibration_error(right, said.confidence) < 0.06
    assert expected_calibration_error(right, np.maximum(raw, 1 - raw)) > 0.15
    assert roc_auc(test.target, said.value) == pytest.approx(roc_auc(test.target, raw), abs=0.01)


def test_calibration_learnt_from_rows_the_model_has_seen_would_heal_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted mistake: forecasts of the training rows in place of out-of-fold ones."""
    train, test = make_dataset(1000, signal=0.5), make_dataset(1500, seed=1, signal=0.5)
    honest = fit(train, **OVERCONFIDENT, calibration="sigmoid")

    def seen(forecaster: Forecaster, dataset: Dataset, n_parts: int, context: FitContext) -> np.ndarray:
        return forecaster.fit(dataset, None, context).predict(dataset.features).value

    monkeypatch.setattr(certainty, "out_of_fold", seen)
    fooled = fit(train, **OVERCONFIDENT, calibration="sigmoid")
    losses = [log_loss(test.target, model.predict(test.features).value) for model in (honest, fooled)]
    assert losses[0] < losses[1] - 0.1


@pytest.mark.parametrize("coverage", [0.8, 0.9])
@pytest.mark.parametrize("task", ["regression", "classification"])
def test_intervals_hold_the_share_they_promise(task: Any, coverage: float) -> None:
    train, test = make_dataset(2000, task=task), make_dataset(4000, seed=1, task=task)
    said = fit(train, coverage=coverage).predict(test.features)
    assert interval_coverage(test.target, said.low, said.high) == pytest.approx(coverage, abs=0.02)
    assert said.confidence is None and said.novelty is None


def test_intervals_of_an_overfitted_model_hold_too() -> None:
    train, test = make_dataset(2000, task="regression"), make_dataset(4000, seed=1, task="regression")
    said = fit(train, **OVERCONFIDENT, coverage=0.9).predict(test.features)
    assert interval_coverage(test.target, said.low, said.high) == pytest.approx(0.9, abs=0.025)


def uneven(n: int, seed: int) -> Dataset:
    """Errors that are as large as exp of the third feature."""
    dataset = make_dataset(n, seed=seed, task="regression", missing=0.0)
    noise = np.random.default_rng(seed + 50).standard_normal(n)
    return replace(dataset, target=dataset.features[:, 0] + np.exp(dataset.features[:, 2]) * noise)


def test_intervals_widen_where_errors_are_larger_and_are_better_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    train, test = uneven(2000, 0), uneven(4000, 1)
    said = fit(train, coverage=0.9).predict(test.features)
    wild = test.features[:, 2] > 0.5
    for rows in (wild, ~wild):
        assert interval_coverage(test.target[rows], said.low[rows], said.high[rows]) == pytest.approx(0.9, abs=0.04)
    monkeypatch.setattr(certainty, "tells_errors", lambda difficulty, errors, weight: False)
    flat = fit(train, coverage=0.9).predict(test.features)
    assert interval_width(said.low, said.high) < 0.9 * interval_width(flat.low, flat.high)
    scores = [interval_score(test.target, each.low, each.high, 0.9) for each in (said, flat)]
    assert scores[0] < 0.85 * scores[1]


def test_in_regression_the_confidence_is_how_often_the_direction_is_right() -> None:
    train, test = make_dataset(2000, task="regression"), make_dataset(4000, seed=1, task="regression")
    said = fit(train, calibration="sigmoid").predict(test.features)
    right = ((said.value > 0) == (test.target > 0)).astype(float)
    assert expected_calibration_error(right, said.confidence) < 0.03
    far, near = np.abs(said.value) > 1.0, np.abs(said.value) < 0.2
    assert said.confidence[far].min() > 0.7 > said.confidence[near].max()
    assert np.array_equal(said.value, fit(train, novelty=True).predict(test.features).value)  # values are not changed


def test_the_intervals_of_a_forecast_can_be_asked_for_at_another_coverage() -> None:
    for task in ("regression", "classification"):
        train, test = make_dataset(1500, task=task), make_dataset(3000, seed=1, task=task)
        fitted = fit(train, coverage=0.9, calibration="sigmoid")
        said = fitted.predict(test.features)
        assert np.allclose(fitted.at_coverage(said, 0.9), (said.low, said.high))
        for coverage in (0.6, 0.95):
            low, high = fitted.at_coverage(said, coverage)
            wanted = fit(train, coverage=coverage, calibration="sigmoid").predict(test.features)
            if task == "classification":  # a regression may choose its difficulty anew
                assert np.array_equal(low, wanted.low) and np.array_equal(high, wanted.high)
            covered = interval_coverage(test.target, low, high)
            # A set is never empty, so far below the accuracy more is covered than asked for.
            assert covered == pytest.approx(coverage, abs=0.03) or (task == "classification" and covered > coverage)


def test_sets_of_classes_hold_what_was_asked_for_whatever_the_calibration() -> None:
    """Isotonic calibration makes probabilities equal; sets of those would cover 0.95 here."""
    train, test = make_dataset(600, signal=0.15, missing=0.0), make_dataset(4000, seed=1, signal=0.15, missing=0.0)
    fitted = {kind: fit(train, coverage=0.9, calibration=kind) for kind in ("none", "sigmoid", "isotonic")}
    said = {kind: model.predict(test.features) for kind, model in fitted.items()}
    assert len(np.unique(said["isotonic"].value)) < len(np.unique(said["none"].value)) / 2
    for kind in ("sigmoid", "isotonic"):
        assert np.array_equal(said[kind].uncalibrated, said["none"].value)
        for coverage in (0.9, 0.95):  # so wide that no set is empty
            wanted = fitted["none"].at_coverage(said["none"], coverage)
            assert np.array_equal(fitted[kind].at_coverage(said[kind], coverage), wanted)
    low, high = said["isotonic"].low, said["isotonic"].high
    assert interval_coverage(test.target, low, high) == pytest.approx(0.9, abs=0.02)


def test_a_calibrated_forecast_that_lost_its_uncalibrated_value_gives_no_sets() -> None:
    fitted = fit(make_dataset(300), coverage=0.9, calibration="sigmoid")
    said = fitted.predict(make_dataset(300).features)
    with pytest.raises(ConfigurationError, match="as the model made it"):
        fitted.at_coverage(replace(said, uncalibrated=None), 0.9)


def test_a_regression_and_a_model_that_is_not_calibrated_say_nothing_uncalibrated() -> None:
    plain, moves = make_dataset(300), make_dataset(300, task="regression")
    assert fit(plain, coverage=0.9).predict(plain.features).uncalibrated is None
    assert fit(plain, calibration="sigmoid").predict(plain.features).uncalibrated is None
    assert fit(moves, coverage=0.9, calibration="sigmoid").predict(moves.features).uncalibrated is None


def test_a_model_without_intervals_says_so_when_asked_for_some() -> None:
    fitted = fit(make_dataset(300), novelty=True)
    with pytest.raises(ConfigurationError, match=r"confidence\.coverage"):
        fitted.at_coverage(fitted.predict(make_dataset(300).features), 0.9)


def test_far_from_the_training_rows_it_abstains_and_near_them_hardly_ever() -> None:
    train, test = make_dataset(1500), make_dataset(3000, seed=1)
    fitted = fit(train, novelty=True)
    assert fitted.predict(test.features).abstains.mean() == pytest.approx(0.01, abs=0.01)
    assert fitted.predict(test.features + 10.0).abstains.all()


def test_members_of_an_ensemble_inside_are_still_heard() -> None:
    members = {"members": {"linear": 1.0, "naive": 1.0}}
    said = fit(make_dataset(400), "ensemble", members, calibration="sigmoid").predict(make_dataset(50).features)
    assert set(said.members) == {"linear", "naive"}


@dataclass(frozen=True)
class WindowMean:
    """Forecasts the mean of the first feature over three bars; trains nothing."""

    feature_names: tuple[str, ...] = ()
    task: str = "regression"
    window: int = 3
    family: str = "window_mean"
    parameters: dict[str, Any] = field(default_factory=dict)

    def fit(self, train: Dataset, validation: Dataset | None, context: FitContext) -> WindowMean:
        return replace(self, feature_names=train.feature_names)

    def predict(self, features: np.ndarray) -> Forecast:
        return Forecast(np.nan_to_num(features[:, :, 0]).mean(axis=1))


class WindowOdds(WindowMean):
    """The same as the probability of a rise."""

    def predict(self, features: np.ndarray) -> Forecast:
        return Forecast(1.0 / (1.0 + np.exp(-super().predict(features).value)))


def test_around_a_model_of_windows_batches_keep_what_sets_of_classes_are_read_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dataset = make_dataset(300, history=True)
    forecaster = ConfidentForecaster({"confidence": {"coverage": 0.9, "calibration": "isotonic"}})
    forecaster.inner = WindowOdds(task="classification")
    fitted = forecaster.fit(dataset, None, CONTEXT)
    monkeypatch.setattr("trimtab.models.forecasting.BATCH", 64)
    said = forecast(fitted, dataset)
    assert np.array_equal(fitted.at_coverage(said, 0.9), (said.low, said.high))


def test_around_a_model_of_windows_the_newest_bar_decides_what_is_novel_and_how_wide_the_interval_is() -> None:
    dataset = with_history(make_dataset(600, task="regression"))
    forecaster = ConfidentForecaster({"confidence": {"coverage": 0.9, "novelty": True, "calibration": "sigmoid"}})
    forecaster.inner = WindowMean()
    fitted = forecaster.fit(dataset, None, CONTEXT)
    said = forecast(fitted, dataset)
    assert fitted.window == 3
    assert np.array_equal(said.novelty, fitted.certainty.novelty.of(dataset.features))
    assert interval_coverage(dataset.target, said.low, said.high) == pytest.approx(0.9, abs=0.03)
    windows = dataset.windows(3)
    windows[:, 0, 1:] += 50.0  # an older bar, in what the model itself does not read
    assert np.array_equal(fitted.predict(windows).novelty, said.novelty)


def test_nothing_of_the_test_rows_is_known_to_the_certainty() -> None:
    """Rows outside the training part change nothing: it is given none."""
    dataset = make_dataset(800)
    train = dataset.take(np.arange(600))
    changed = dataset.features.copy(order="F")
    changed[600:] *= 100.0
    again = replace(dataset, features=changed).take(np.arange(600))
    assert fit(train, calibration="sigmoid", coverage=0.9, novelty=True).save() == fit(again, calibration="sigmoid", coverage=0.9, novelty=True).save()  # fmt: skip


def test_the_table_of_a_strategy_file_makes_this_forecaster_and_an_empty_one_does_not() -> None:
    asked = Confidence(calibration="isotonic", coverage=0.8)
    forecaster = configured_forecaster(Model(algorithm="linear", parameters={"l2": 3.0}), confidence=asked)
    assert forecaster.parameters == {
        "confidence": {"calibration": "isotonic", "coverage": 0.8, "novelty": False, "n_parts": 5},
        "family": "linear",
        "parameters": {"l2": 3.0},
    }
    assert configured_forecaster(Model(algorithm="linear"), confidence=Confidence()).family == "linear"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"confidence": {"coverage": 0.2}}, "coverage"),
        ({"confidence": {"calibration": "platt"}}, "calibration"),
        ({"confidence": {"novel": True}}, "did you mean 'novelty'"),
        ({"family": "confident"}, "cannot wrap"),
        ({"family": "horizons"}, "cannot wrap"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        ConfidentForecaster(given)


def test_an_unknown_family_inside_is_named() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'linear'"):
        ConfidentForecaster({"family": "linera"})


def test_too_few_rows_for_the_parts_are_refused() -> None:
    with pytest.raises(NotEnoughDataError, match=r"fewer parts|more parts"):
        fit(make_dataset(20), calibration="sigmoid", n_parts=20)


def test_a_class_that_a_part_has_not_is_named_with_the_part() -> None:
    dataset = make_dataset(400)
    target = np.where(np.arange(400) < 200, 0.0, 1.0)
    with pytest.raises(NotEnoughDataError, match="part 1"):
        fit(replace(dataset, target=target), calibration="sigmoid", n_parts=2)


def test_stored_numbers_that_are_not_finite_or_do_not_fit_are_refused() -> None:
    files = fit(make_dataset(300, task="regression"), calibration="sigmoid", coverage=0.9, novelty=True).save()
    arrays = read_tensors(files["confidence.safetensors"])
    broken = [
        {**arrays, "scale": np.array([np.nan])},
        {**arrays, "scale": np.array([0.0])},
        {**arrays, "difficulty.weights": np.zeros(3)},
        {**arrays, "intervals.quantiles": arrays["intervals.quantiles"].astype(np.float32)},
        {name: array for name, array in arrays.items() if not name.startswith("calibration.")},
    ]
    for each in broken:
        with pytest.raises(ArtifactError, match="train"):
            FittedConfident.load({**files, "confidence.safetensors": write_tensors(each)})


def test_one_certainty_cannot_be_put_around_another_model() -> None:
    files, other = fit(make_dataset(300), novelty=True).save(), fit(make_dataset(300, k=4), novelty=True).save()
    inner = {name: content for name, content in other.items() if name.startswith("model/")}
    with pytest.raises(ArtifactError, match="other features"):
        FittedConfident.load({**files, **inner})

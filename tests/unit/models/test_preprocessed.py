from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from fakes.datasets import make_dataset
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from trimtab.datasets import Dataset
from trimtab.datasets.history import History
from trimtab.errors import ArtifactError, ConfigurationError, FeatureError, UnknownNameError
from trimtab.models.families import load_fitted, make_forecaster
from trimtab.models.forecasting import forecast
from trimtab.models.inputs import training_rows
from trimtab.models.preprocessed import FittedPreprocessed, PreprocessedForecaster
from trimtab.models.preprocessing import fit_preprocessing
from trimtab.models.protocol import FitContext, Forecast, Forecaster
from trimtab.models.selection import select_features
from trimtab.validation.folds import Fold
from trimtab.validation.splitters import WalkForward

CONTEXT = FitContext(0, 1)
METHODS = ("k_best_f", "k_best_mutual_information", "recursive", "lasso")


def select(method: str, n_selected: int = 3, **given: object) -> PreprocessedForecaster:
    return PreprocessedForecaster({"selection": method, "n_selected": n_selected, **given})


def test_the_validation_part_teaches_the_preprocessing_nothing() -> None:
    train, validation = make_dataset(300), make_dataset(200, seed=1)
    shifted = replace(validation, features=validation.features * 50.0 + 7.0)
    forecaster = select("recursive", family="xgboost", n_estimators=5)
    learned = [
        forecaster.fit(train, part, CONTEXT).save()["preprocessing.json"] for part in (None, validation, shifted)
    ]
    assert learned[0] == learned[1] == learned[2]


def test_the_inner_model_sees_transformed_rows_in_training_early_stopping_and_forecast() -> None:
    train, validation = make_dataset(300), make_dataset(200, seed=1)
    settings = {"n_estimators": 50, "early_stopping_rounds": 3}
    wrapped = PreprocessedForecaster({"family": "xgboost", "scaling": "robust", "imputation": "mean", **settings})
    learned = fit_preprocessing(train.features, "robust", "mean")
    by_hand = [replace(d, features=np.asfortranarray(learned.transform(d.features))) for d in (train, validation)]
    inner = make_forecaster("xgboost", settings).fit(by_hand[0], by_hand[1], CONTEXT)
    value = wrapped.fit(train, validation, CONTEXT).predict(validation.features).value
    assert np.array_equal(value, inner.predict(by_hand[1].features).value)


def test_imputation_scaling_selection_and_model_equal_a_pipeline_of_scikit_learn() -> None:
    train, test = make_dataset(500, k=12), make_dataset(200, k=12, seed=4)
    ours = select("k_best_f", 4, l2=2.0).fit(train, None, CONTEXT)
    # Scaling first: the deviation is that of the values there are, as ours.
    theirs = make_pipeline(
        SimpleImputer(strategy="median"), SelectKBest(f_classif, k=4), StandardScaler(), LogisticRegression(C=0.5, tol=1e-9)
    ).fit(train.features, train.target)  # fmt: skip
    kept = theirs[1].get_support(indices=True)
    assert ours.columns.tolist() == kept.tolist() and {0, 1} <= set(kept)
    assert np.abs(ours.predict(test.features).value - theirs.predict_proba(test.features)[:, 1]).max() < 1e-5


@pytest.mark.parametrize("method", METHODS)
def test_features_go_in_raw_and_the_dropped_ones_change_nothing(method: str) -> None:
    dataset = make_dataset(400, k=8)
    fitted = select(method, 2).fit(dataset, None, CONTEXT)
    assert fitted.feature_names == dataset.feature_names and fitted.inner.feature_names == ("feature_0", "feature_1")
    garbage = dataset.features.copy()
    garbage[:, 2:] = np.nan
    assert np.array_equal(fitted.predict(garbage).value, fitted.predict(dataset.features).value)
    with pytest.raises(FeatureError, match="trained on 8 features"):
        fitted.predict(dataset.features[:, :2])


def test_the_importance_of_a_dropped_feature_is_zero() -> None:
    shares = select("lasso", 2).fit(make_dataset(400), None, CONTEXT).importance()
    assert list(shares) == [f"feature_{j}" for j in range(6)]
    assert sum(shares.values()) == pytest.approx(1.0) and [name for name, share in shares.items() if share] == [
        "feature_0",
        "feature_1",
    ]
    assert select("lasso", 2, family="naive").fit(make_dataset(400), None, CONTEXT).importance() == {}


@pytest.mark.parametrize("method", METHODS)
def test_stored_it_names_what_is_kept_and_loads_to_the_same_bytes(method: str) -> None:
    dataset = make_dataset(300)
    fitted = select(method, 2).fit(dataset, None, CONTEXT)
    files = fitted.save()
    stored = json.loads(files["preprocessing.json"])
    assert stored["selected"] == ["feature_0", "feature_1"] and len(stored["center"]) == 2
    again = load_fitted(files)
    assert again.save() == files and again.importance() == fitted.importance()
    assert np.array_equal(again.predict(dataset.features).value, fitted.predict(dataset.features).value)


def test_the_model_inside_may_be_an_ensemble_and_each_member_speaks() -> None:
    dataset = make_dataset(300)
    members = {"members": {"linear": 1.0, "xgboost": 2.0}, "xgboost.n_estimators": 10}
    fitted = select("recursive", 2, family="ensemble", **members).fit(dataset, None, CONTEXT)
    said = fitted.predict(dataset.features)
    assert set(said.members) == {"linear", "xgboost"} and len(said.spread) == 300
    again = load_fitted(fitted.save())
    assert isinstance(again, FittedPreprocessed) and again.save() == fitted.save()


def test_with_everything_missing_or_constant_the_model_still_trains_and_forecasts() -> None:
    dataset = make_dataset(200)
    features = np.full_like(dataset.features, np.nan)
    features[:, 1::2] = 5.0
    fitted = select("recursive", 2).fit(replace(dataset, features=features), None, CONTEXT)
    assert fitted.inner.feature_names == ("feature_0", "feature_1")
    assert np.isfinite(fitted.predict(dataset.features).value).all()


def test_a_stored_selection_that_the_model_inside_does_not_have_is_refused() -> None:
    files = select("lasso", 2).fit(make_dataset(300), None, CONTEXT).save()
    other = files["preprocessing.json"].replace(b'"feature_0"', b'"feature_3"')
    with pytest.raises(ArtifactError, match="each feature of the model inside"):
        load_fitted({**files, "preprocessing.json": other})
    unknown = files["model.json"].replace(b'"feature_1"', b'"feature_9"')
    with pytest.raises(ArtifactError, match="expects other features"):
        load_fitted({**files, "model.json": unknown})


def test_what_goes_around_preprocessing_cannot_be_inside_it() -> None:
    for outside in ("preprocessed", "confident", "horizons"):
        with pytest.raises(ConfigurationError, match=f"cannot wrap '{outside}'"):
            PreprocessedForecaster({"family": outside})


def test_an_unknown_selection_and_no_feature_at_all_are_refused_before_training() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'lasso'"):
        select("laso")
    with pytest.raises(ConfigurationError, match="n_selected is 0"):
        select("lasso", 0)


class Recorder:
    """A family that keeps the dataset it was given, and looks at a window of bars."""

    family = "recorder"

    def __init__(self, window: int) -> None:
        self.window = window
        self.train: Dataset | None = None

    @property
    def parameters(self) -> dict[str, object]:
        return {}

    def fit(self, train: Dataset, validation: Dataset | None, context: FitContext) -> Recorder:
        self.train, self.feature_names, self.task = train, train.feature_names, train.task
        return self

    def predict(self, inputs: np.ndarray) -> Forecast:
        assert inputs.shape[1:] == (self.window, len(self.feature_names))
        return Forecast(inputs[:, 0, 0] + inputs[:, -1, -1])


def recorded(forecaster: PreprocessedForecaster, dataset: Dataset, window: int) -> tuple[FittedPreprocessed, Dataset]:
    forecaster.inner = Recorder(window)  # type: ignore[assignment]
    fitted = forecaster.fit(dataset, None, CONTEXT)
    return fitted, forecaster.inner.train  # type: ignore[attr-defined]


def test_a_window_model_is_given_windows_of_the_kept_columns_in_training_and_forecast() -> None:
    dataset = make_dataset(300, history=True)
    forecaster = select("k_best_f", 2)
    fitted, seen = recorded(forecaster, dataset, 4)
    assert forecaster.window == fitted.window == 4
    raw, kept = dataset.windows(4), seen.windows(4)
    assert kept.shape == (300, 4, 2)
    assert np.array_equal(kept, fitted.preprocessing.transform(raw[..., fitted.columns]))
    assert np.array_equal(forecast(fitted, dataset).value, kept[:, 0, 0] + kept[:, -1, -1])


def folds_with_garbage_outside(seed: int) -> Iterator[tuple[Dataset, Dataset, Fold]]:
    """Walk-forward folds of a dataset with 20 features, and the dataset with every other row replaced."""
    dataset = make_dataset(400, k=12, seed=seed, horizon=3, missing=0.05, history=True)
    for fold in WalkForward(initial_train=0.4, test=0.2, step=0.2).split(dataset):
        outside = np.ones(len(dataset), bool)
        outside[fold.train] = False
        yield dataset, with_garbage(dataset, outside), fold


def with_garbage(dataset: Dataset, rows: np.ndarray) -> Dataset:
    """Absurd features in some samples, and in their bars of the history: what would change any statistic."""
    assert dataset.history is not None and dataset.position is not None
    rng = np.random.default_rng(99)
    features, bars = dataset.features.copy(order="F"), dataset.history.features.copy()
    features[rows] = rng.choice([np.nan, 1e9, -1e9], (int(rows.sum()), features.shape[1]))
    features[rows, -1] = dataset.target[rows] * 1e9  # a column that tells the answer, outside the training part
    bars[dataset.position[rows]] = features[rows]
    return replace(dataset, features=features, history=History(bars, dataset.history.first))


@pytest.mark.parametrize("window", [1, 4])
@pytest.mark.parametrize("method", ["none", *METHODS])
def test_rows_outside_the_training_part_change_no_bit_of_what_training_sees(method: str, window: int) -> None:
    """The promise of docs/preprocessing.md; fitting on all rows instead makes every case fail."""
    n_folds = 0
    for dataset, garbage, fold in folds_with_garbage_outside(3):
        (one, seen), (other, again) = (
            recorded(select(method, 5, scaling="robust"), given.take(fold.train), window)
            for given in (dataset, garbage)
        )
        assert one.inner.feature_names == other.inner.feature_names
        assert one.preprocessing.to_bytes(seen.feature_names) == other.preprocessing.to_bytes(again.feature_names)
        assert seen.features.tobytes() == again.features.tobytes()
        n_folds += 1
    assert n_folds == 3


@pytest.mark.parametrize("method", METHODS)
def test_rows_outside_the_training_part_change_no_byte_of_the_stored_model(method: str) -> None:
    for dataset, garbage, fold in folds_with_garbage_outside(4):
        forecaster = select(method, 5, scaling="standard", imputation="mean")
        stored = [forecaster.fit(given.take(fold.train), None, CONTEXT).save() for given in (dataset, garbage)]
        assert stored[0] == stored[1]


@pytest.mark.parametrize("method", ["none", *METHODS])
def test_the_tests_above_can_fail_learnt_on_all_rows_everything_is_another(method: str) -> None:
    for dataset, garbage, fold in folds_with_garbage_outside(4):
        seen = []
        for given in (dataset, garbage):
            fitted = select(method, 5, family="naive").fit(given, None, CONTEXT)
            train = given.features[fold.train][:, fitted.columns]
            seen.append((fitted.inner.feature_names, fitted.preprocessing.transform(train).tobytes()))
        assert seen[0] != seen[1]
        assert (seen[0][0] != seen[1][0]) == (method != "none")


@pytest.mark.parametrize("method", ["k_best_f", "recursive", "lasso"])
def test_in_noise_features_chosen_before_the_folds_show_skill_and_inside_the_folds_none(method: str) -> None:
    dataset = make_dataset(1000, k=200, seed=6, signal=0.0, missing=0.0)
    chosen = select_features(training_rows(dataset), dataset.task, method, 20)  # type: ignore[arg-type]
    leaked = dataset.with_features(lambda rows: rows[:, chosen], [dataset.feature_names[j] for j in chosen])
    before = accuracy(make_forecaster("linear"), leaked)
    inside = accuracy(select(method, 20, imputation="none"), dataset)
    assert before > 0.57  # 400 forecasts: chance alone has a deviation of 0.025
    assert inside < 0.54


def accuracy(forecaster: Forecaster, dataset: Dataset) -> float:
    right = []
    for fold in WalkForward().split(dataset):
        test = dataset.take(fold.test)
        value = forecaster.fit(dataset.take(fold.train), None, CONTEXT).predict(test.features).value
        right.append((value > 0.5) == test.target)
    return float(np.concatenate(right).mean())

"""Our walk through a booster's trees says what the library itself says."""

from __future__ import annotations

from dataclasses import replace

import lightgbm
import numpy as np
import pytest
import xgboost
from fakes.datasets import make_dataset

from trimtab.datasets import Dataset
from trimtab.datasets.schema import Task
from trimtab.models.families import make_forecaster
from trimtab.models.inputs import bounded
from trimtab.models.protocol import FitContext, FittedForecaster

TASKS: tuple[Task, ...] = ("classification", "regression")
SINGLE = float(np.finfo(np.float32).eps)


def trained(family: str, dataset: Dataset) -> FittedForecaster:
    return make_forecaster(family, {"n_estimators": 60}).fit(dataset, None, FitContext(3, 1))


def hard_rows(dataset: Dataset) -> np.ndarray:
    """Rows of the dataset, and with them missing, infinite, tiny and zero values, and values of other rows."""
    rows = np.ascontiguousarray(dataset.features[:400])
    rng = np.random.default_rng(1)
    for value in (np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40):
        rows[rng.random(rows.shape) < 0.02] = value
    return np.ascontiguousarray(bounded(rows))


def theirs(family: str, fitted: FittedForecaster, rows: np.ndarray) -> np.ndarray:
    files = fitted.save()
    if family == "lightgbm":
        return lightgbm.Booster(model_str=files["booster.txt"].decode()).predict(rows, num_threads=1)
    booster = xgboost.Booster()
    booster.load_model(bytearray(files["booster.ubj"]))
    return booster.inplace_predict(rows, validate_features=False).astype(np.float64)


@pytest.mark.parametrize("missing", [0.0, 0.1])
@pytest.mark.parametrize("task", TASKS)
def test_lightgbm_says_the_same_bit_for_bit(task: Task, missing: float) -> None:
    dataset = make_dataset(1000, task=task, missing=missing)
    fitted, rows = trained("lightgbm", dataset), hard_rows(dataset)
    assert np.array_equal(fitted.predict(rows).value, theirs("lightgbm", fitted, rows))


@pytest.mark.parametrize("missing", [0.0, 0.1])
@pytest.mark.parametrize("task", TASKS)
def test_xgboost_says_the_same_to_the_last_bit_of_a_single(task: Task, missing: float) -> None:
    dataset = make_dataset(1000, task=task, missing=missing)
    fitted, rows = trained("xgboost", dataset), hard_rows(dataset)
    said = theirs("xgboost", fitted, rows)
    tolerance = SINGLE if task == "classification" else 0.0  # the exponential of another library rounds otherwise
    assert np.abs(fitted.predict(rows).value - said).max() <= tolerance


@pytest.mark.parametrize("family", ["lightgbm", "xgboost"])
def test_rows_that_lie_on_a_threshold_go_where_the_library_sends_them(family: str) -> None:
    dataset = make_dataset(600, missing=0.0)
    whole = replace(
        dataset, features=np.asfortranarray(np.round(dataset.features))
    )  # thresholds between and on numbers
    fitted = trained(family, whole)
    halves = np.ascontiguousarray(np.round(np.random.default_rng(0).uniform(-2, 2, (500, 6)) * 2) / 2)
    assert np.abs(fitted.predict(halves).value - theirs(family, fitted, halves)).max() <= SINGLE


@pytest.mark.parametrize("family", ["lightgbm", "xgboost"])
def test_the_gain_of_every_feature_is_that_of_the_library(family: str) -> None:
    fitted = trained(family, make_dataset(1000))
    files = fitted.save()
    if family == "lightgbm":
        gain = lightgbm.Booster(model_str=files["booster.txt"].decode()).feature_importance("gain")
    else:
        booster = xgboost.Booster()
        booster.load_model(bytearray(files["booster.ubj"]))
        scores = booster.get_score(importance_type="total_gain")
        gain = np.array([scores.get(f"f{j}", 0.0) for j in range(6)])
    np.testing.assert_allclose(list(fitted.importance().values()), gain / gain.sum(), rtol=1e-5)


@pytest.mark.parametrize("family", ["lightgbm", "xgboost"])
def test_features_that_say_nothing_give_one_number_for_all(family: str) -> None:
    dataset = make_dataset(300)
    fitted = trained(family, replace(dataset, features=np.ones((300, 6), order="F")))
    rows = hard_rows(dataset)
    assert len(np.unique(fitted.predict(rows).value)) == 1
    assert np.abs(fitted.predict(rows).value - theirs(family, fitted, rows)).max() <= SINGLE
    assert fitted.importance() == {}

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.datasets import make_dataset
from scipy.special import expit
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import StackingClassifier, StackingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from trimtab.datasets.purging import purged_parts
from trimtab.errors import NotEnoughDataError
from trimtab.models.families import make_forecaster
from trimtab.models.out_of_fold import out_of_fold
from trimtab.models.protocol import FitContext
from trimtab.models.stacking import EDGE, fit_stack, learn_stack, log_odds

CONTEXT = FitContext(0, 1)


def voices(n: int = 500, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What three members say, a target that leans on the first two, and weights."""
    rng = np.random.default_rng(seed)
    said = rng.standard_normal((n, 3))
    said[:, 1] += 0.7 * said[:, 0]
    return said, 0.6 * said[:, 0] + 0.3 * said[:, 1] + rng.standard_normal(n), rng.uniform(0.2, 2.0, n)


class RidgeTowards(RegressorMixin, BaseEstimator):
    """scikit-learn's ridge of what is left after the weights it is shrunk towards."""

    def __init__(self, shrinkage: float = 1.0, towards: tuple[float, ...] = ()) -> None:
        self.shrinkage, self.towards = shrinkage, towards

    def fit(self, x: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None) -> RidgeTowards:
        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        variance = np.average((y - np.average(y, weights=weight)) ** 2, weights=weight)
        rest = y - x @ np.array(self.towards)
        self.ridge_ = Ridge(alpha=self.shrinkage * variance).fit(x, rest, sample_weight=weight)
        self.coef_ = self.ridge_.coef_ + np.array(self.towards)
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        return self.ridge_.predict(x) + x @ np.array(self.towards)


@pytest.mark.parametrize("shrinkage", [0.01, 10.0, 1000.0])
def test_regression_weights_are_scikit_learns_ridge_around_the_weights_given(shrinkage: float) -> None:
    said, target, weight = voices()
    towards = np.array([0.2, 0.3, 0.5])
    found = fit_stack(said, target, weight, "regression", towards, shrinkage)
    oracle = RidgeTowards(shrinkage, tuple(towards)).fit(said, target, weight)
    assert (oracle.coef_ > 0).all()
    np.testing.assert_allclose(found.weights, oracle.coef_, rtol=1e-9)
    assert found.intercept == pytest.approx(oracle.ridge_.intercept_, rel=1e-9)


def test_a_regression_weight_that_would_be_negative_is_zero_as_in_scikit_learns_positive_ridge() -> None:
    said, target, weight = voices()
    target = target - 0.8 * said[:, 2]
    found = fit_stack(said, target, weight, "regression", np.zeros(3), 5.0)
    variance = np.average((target - np.average(target, weights=weight)) ** 2, weights=weight)
    oracle = Ridge(alpha=5.0 * variance, positive=True, tol=1e-12).fit(said, target, sample_weight=weight)
    assert found.weights[2] == 0.0
    np.testing.assert_allclose(found.weights, oracle.coef_, atol=1e-6)


def test_classification_weights_are_scikit_learns_logistic_regression_of_the_log_odds() -> None:
    said, score, weight = voices()
    target = (score > 0).astype(float)
    found = fit_stack(expit(said), target, weight, "classification", np.zeros(3), 4.0)
    logistic = LogisticRegression(C=0.25, tol=1e-12, max_iter=5000).fit(said, target, sample_weight=weight)
    assert (logistic.coef_ > 0).all() or logistic.coef_[0, 2] < 0
    if logistic.coef_[0, 2] < 0:  # the third member knows nothing: without it the two agree
        logistic.fit(said[:, :2], target, sample_weight=weight)
    np.testing.assert_allclose(found.weights[:2], logistic.coef_[0, :2], rtol=1e-5)
    assert found.intercept == pytest.approx(logistic.intercept_[0], abs=1e-5)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_classification_weights_satisfy_the_conditions_of_the_optimum(sign: float) -> None:
    said, score, weight = voices(seed=1)
    target = (score + sign * said[:, 2] > 0).astype(float)
    towards, shrinkage = np.array([0.2, 0.3, 0.5]), 7.0
    found = fit_stack(expit(said), target, weight, "classification", towards, shrinkage)
    w = np.array(found.weights)
    residual = weight * (expit(found.intercept + said @ w) - target)
    gradient = said.T @ residual + shrinkage * (w - towards)
    assert residual.sum() == pytest.approx(0.0, abs=1e-4)
    assert np.allclose(gradient[w > 0], 0.0, atol=1e-3)
    assert (gradient[w == 0] >= 0).all()
    assert (w[2] == 0) == (sign < 0)


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_with_boundless_shrinkage_the_weights_are_those_given(task) -> None:
    said, score, weight = voices()
    target = score if task == "regression" else (score > 0).astype(float)
    said = said if task == "regression" else expit(said)
    found = fit_stack(said, target, weight, task, np.array([0.4, 0.4, 0.2]), 1e9)
    np.testing.assert_allclose(found.weights, [0.4, 0.4, 0.2], atol=1e-5)


def test_a_constant_target_leaves_the_weights_given() -> None:
    said, _, weight = voices()
    found = fit_stack(said, np.full(500, 2.0), weight, "regression", np.array([0.4, 0.4, 0.2]), 10.0)
    assert found.weights == (0.4, 0.4, 0.2)
    mean = np.average(said, axis=0, weights=weight) @ [0.4, 0.4, 0.2]
    assert found.intercept + mean == pytest.approx(2.0)


def test_log_odds_of_flat_probabilities_are_bounded() -> None:
    np.testing.assert_allclose(expit(log_odds(np.array([0.0, 0.3, 1.0]))), [EDGE, 0.3, 1.0 - EDGE])


def test_the_whole_of_it_is_scikit_learns_stacking_regressor_over_the_purged_parts() -> None:
    dataset = make_dataset(300, task="regression", instruments=("AAA",), missing=0.0, horizon=1)
    penalties, given = (10.0, 500.0), (0.6, 0.4)
    members = [make_forecaster("linear", {"l2": l2}) for l2 in penalties]
    found = learn_stack(members, given, dataset, CONTEXT, n_parts=4, shrinkage=10.0)
    estimators = [(str(l2), make_pipeline(StandardScaler(), Ridge(alpha=l2))) for l2 in penalties]
    folds = purged_parts(dataset, 4)
    oracle = StackingRegressor(estimators, RidgeTowards(10.0, given), cv=folds).fit(dataset.features, dataset.target)
    assert (oracle.final_estimator_.coef_ > 0).all()
    np.testing.assert_allclose(found.weights, oracle.final_estimator_.coef_, rtol=1e-6)


def test_the_whole_of_it_is_scikit_learns_stacking_classifier_over_the_purged_parts() -> None:
    dataset = make_dataset(300, instruments=("AAA",), missing=0.0, horizon=1)
    penalties = (10.0, 500.0)
    members = [make_forecaster("linear", {"l2": l2}) for l2 in penalties]
    found = learn_stack(members, (0.0, 0.0), dataset, CONTEXT, n_parts=4, shrinkage=50.0)
    base = [LogisticRegression(C=1.0 / l2, tol=1e-10, max_iter=5000) for l2 in penalties]
    estimators = [(str(l2), make_pipeline(StandardScaler(), each)) for l2, each in zip(penalties, base, strict=True)]
    meta = make_pipeline(FunctionTransformer(log_odds), LogisticRegression(C=0.02, tol=1e-10, max_iter=5000))
    oracle = StackingClassifier(estimators, meta, cv=purged_parts(dataset, 4)).fit(dataset.features, dataset.target)
    coefficients = oracle.final_estimator_[-1].coef_[0]
    assert (coefficients > 0).all()
    np.testing.assert_allclose(found.weights, coefficients, rtol=1e-4)


def test_an_overfitted_member_wins_on_rows_it_has_learnt_and_loses_out_of_fold() -> None:
    """The planted leak: stacking on in-sample forecasts, which is why out-of-fold ones are used."""
    dataset = make_dataset(400, signal=0.4, instruments=("AAA",), missing=0.0)
    given = np.array([0.5, 0.5])
    deep = {"n_estimators": 30, "max_depth": 16, "min_samples_leaf": 1}
    members = [make_forecaster("linear"), make_forecaster("random_forest", deep)]
    leaking = np.column_stack([m.fit(dataset, None, CONTEXT).predict(dataset.features).value for m in members])
    leaked = fit_stack(leaking, dataset.target, dataset.weight, dataset.task, given, 10.0)
    honest = learn_stack(members, given, dataset, CONTEXT, n_parts=5, shrinkage=10.0)
    assert leaked.weights[1] > 2 * leaked.weights[0]
    assert honest.weights[0] > honest.weights[1]
    fresh = make_dataset(2000, signal=0.4, seed=9, instruments=("AAA",), missing=0.0)
    said = np.column_stack([log_odds(m.fit(dataset, None, CONTEXT).predict(fresh.features).value) for m in members])
    losses = [
        -np.log(expit((2 * fresh.target - 1) * (said @ s.weights + s.intercept))).mean() for s in (honest, leaked)
    ]
    assert losses[0] < 0.9 * losses[1]


def test_rows_of_weight_zero_are_as_if_they_were_not_there() -> None:
    dataset = make_dataset(300)
    weight = np.where(np.arange(300) % 3 == 0, 0.0, 1.0)
    members = [make_forecaster("linear"), make_forecaster("naive")]
    weighted = replace(dataset, weight=weight)
    found = [
        learn_stack(members, (0.5, 0.5), each, CONTEXT, n_parts=3, shrinkage=10.0)
        for each in (weighted, weighted.take(weight > 0))
    ]
    assert found[0] == found[1]


def test_each_member_is_trained_with_its_own_seed() -> None:
    dataset = make_dataset(200, instruments=("AAA",))
    forest = make_forecaster("random_forest", {"n_estimators": 5})
    found = learn_stack([forest, forest], (0.5, 0.5), dataset, FitContext(4, 1), n_parts=2, shrinkage=1.0)
    said = [out_of_fold(forest, dataset, 2, FitContext(seed, 1)) for seed in (4, 5)]
    assert found == fit_stack(np.column_stack(said), dataset.target, dataset.weight, dataset.task, np.full(2, 0.5), 1.0)


def test_too_few_rows_for_the_parts_are_refused_with_a_sentence() -> None:
    with pytest.raises(NotEnoughDataError, match="use fewer parts"):
        learn_stack([make_forecaster("linear")], (1.0,), make_dataset(8), CONTEXT, n_parts=5, shrinkage=1.0)

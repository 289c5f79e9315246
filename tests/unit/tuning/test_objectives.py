from __future__ import annotations

import numpy as np
import pytest
from fakes.datasets import make_dataset
from sklearn.metrics import accuracy_score, f1_score, log_loss

from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.models.families import make_forecaster
from trimtab.models.protocol import FitContext
from trimtab.tuning.objectives import OBJECTIVES, find_objectives, fold_scores, sign_sharpe_ratio

CONTEXT = FitContext(0, 1)


def test_scores_of_a_classification_equal_scikit_learns() -> None:
    train, test = make_dataset(400), make_dataset(200, seed=1)
    fitted = make_forecaster("linear").fit(train, None, CONTEXT)
    value = fitted.predict(test.features).value
    names = ("accuracy", "directional_accuracy", "f1", "log_loss", "information_coefficient")
    accuracy = accuracy_score(test.target, value > 0.5)
    expected = [accuracy, accuracy, f1_score(test.target, value > 0.5), log_loss(test.target, value)]
    expected.append(np.corrcoef(value, test.target)[0, 1])
    assert fold_scores(fitted, test, find_objectives(names, "classification")) == pytest.approx(expected)


def test_accuracy_of_a_regression_is_that_of_the_sign() -> None:
    train, test = make_dataset(400, task="regression"), make_dataset(200, seed=1, task="regression")
    fitted = make_forecaster("linear").fit(train, None, CONTEXT)
    right = (np.sign(fitted.predict(test.features).value) == np.sign(test.target)).mean()
    objectives = find_objectives(("directional_accuracy", "accuracy"), "regression")
    assert fold_scores(fitted, test, objectives) == pytest.approx((right, right))


def test_complexity_is_the_size_of_the_stored_model() -> None:
    dataset = make_dataset(300)
    small, large = (make_forecaster("lightgbm", {"n_estimators": n}).fit(dataset, None, CONTEXT) for n in (5, 50))
    sizes = [fold_scores(fitted, dataset, (OBJECTIVES["complexity"],))[0] for fitted in (small, large)]
    assert sizes[0] < sizes[1] == sum(len(content) for content in large.save().values())


def test_the_sharpe_ratio_of_a_regression_is_that_of_trading_the_sign_by_decision_time() -> None:
    import empyrical
    import pandas as pd

    test = make_dataset(200, seed=1, task="regression")
    value = np.random.default_rng(0).normal(size=200)
    value[:3] = 0.0, np.nan, -0.0  # no position
    earned = pd.Series(np.sign(np.nan_to_num(value)) * test.target)
    by_time = earned.groupby(test.decision_time).mean()
    expected = empyrical.sharpe_ratio(by_time, annualization=1)
    assert sign_sharpe_ratio(test, value) == pytest.approx(expected)


def test_the_sharpe_ratio_of_a_classification_bets_one_unit_on_every_call() -> None:
    test = make_dataset(100, seed=1, instruments=("AAA",))
    said = np.where(np.arange(100) < 30, test.target, 1.0 - test.target)  # 30 right, 70 wrong
    bets = np.where(np.arange(100) < 30, 1.0, -1.0)
    assert sign_sharpe_ratio(test, said) == pytest.approx(bets.mean() / bets.std(ddof=1))
    assert np.isnan(sign_sharpe_ratio(test, np.full(100, 0.5)))


def test_a_forecast_that_never_varies_has_no_skill_rather_than_no_score() -> None:
    dataset = make_dataset(200)
    fitted = make_forecaster("naive").fit(dataset, None, CONTEXT)
    assert fold_scores(fitted, dataset, (OBJECTIVES["information_coefficient"],)) == (0.0,)


def test_objectives_that_cannot_be_used_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'accuracy'"):
        find_objectives(["acuracy"], "classification")
    with pytest.raises(ConfigurationError, match="at least one objective"):
        find_objectives([], "classification")
    with pytest.raises(ConfigurationError, match="each once"):
        find_objectives(["f1", "f1"], "classification")
    with pytest.raises(ConfigurationError, match="needs probabilities"):
        find_objectives(["log_loss"], "regression")
    with pytest.raises(ConfigurationError, match="volatility_regime has none"):
        find_objectives(["f1", "sharpe_ratio"], "classification", "volatility_regime")

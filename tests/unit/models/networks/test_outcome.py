"""Losses against scikit-learn and SciPy; outcomes there and back."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import expit
from scipy.special import huber as scipy_huber
from sklearn.metrics import log_loss

from trimtab.models.networks.outcome import cross_entropy, fit_outcome, huber, loss_of, squared

RNG = np.random.default_rng(0)
OUTPUT, VALUE, WEIGHT = RNG.normal(0, 2, 50), RNG.normal(0, 2, 50), RNG.uniform(0.1, 3.0, 50)


def loss(function, target: np.ndarray) -> float:
    return function(torch.tensor(OUTPUT), torch.tensor(target), torch.tensor(WEIGHT)).item()


def test_cross_entropy_is_the_weighted_log_loss() -> None:
    target = (VALUE > 0).astype(float)
    theirs = log_loss(target, expit(OUTPUT), sample_weight=WEIGHT, normalize=False) / 50
    assert loss(cross_entropy, target) == pytest.approx(theirs)


def test_squared_and_huber_are_their_formulas() -> None:
    assert loss(squared, VALUE) == pytest.approx((WEIGHT * (OUTPUT - VALUE) ** 2).mean())
    assert loss(huber, VALUE) == pytest.approx((WEIGHT * scipy_huber(1.0, OUTPUT - VALUE)).mean())


def test_a_task_has_its_loss() -> None:
    assert loss_of("classification", "huber") is cross_entropy
    assert (loss_of("regression", "huber"), loss_of("regression", "squared")) == (huber, squared)


def test_a_regression_target_is_standardised_by_weight_and_comes_back() -> None:
    outcome = fit_outcome("regression", VALUE, WEIGHT)
    shown = outcome.to_network(VALUE)
    assert np.average(shown, weights=WEIGHT) == pytest.approx(0.0, abs=1e-12)
    assert np.average(shown**2, weights=WEIGHT) == pytest.approx(1.0)
    assert outcome.to_forecast(shown) == pytest.approx(VALUE)


def test_a_constant_target_comes_back_too() -> None:
    outcome = fit_outcome("regression", np.full(5, 3.0), np.ones(5))
    assert outcome.to_forecast(outcome.to_network(np.full(2, 3.0))).tolist() == [3.0, 3.0]


def test_a_class_is_shown_as_it_is_and_a_logit_becomes_a_probability() -> None:
    outcome = fit_outcome("classification", np.array([0.0, 1.0, 1.0]), np.ones(3))
    assert outcome.to_network(np.array([0.0, 1.0])).tolist() == [0.0, 1.0]
    assert outcome.to_forecast(np.array([0.0]))[0] == 0.5

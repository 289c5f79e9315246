from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.datasets import make_dataset
from sklearn.inspection import permutation_importance as sklearn_importance
from sklearn.linear_model import Ridge

from trimtab.metrics.regression import r2
from trimtab.models.families import make_forecaster
from trimtab.models.importance import correlated_groups, permutation_importance, share_by_feature
from trimtab.models.protocol import FitContext

CONTEXT = FitContext(0, 1)


def test_importance_agrees_with_scikit_learns() -> None:
    train, test = (
        make_dataset(2000, task="regression", missing=0),
        make_dataset(2000, seed=1, task="regression", missing=0),
    )
    fitted = make_forecaster("linear", {"l2": 1.0}).fit(train, None, CONTEXT)
    ours = permutation_importance(fitted, test, r2, seed=0, n_repeats=20)
    ridge = Ridge(alpha=1.0).fit(train.features, train.target)
    theirs = sklearn_importance(ridge, test.features, test.target, n_repeats=20, random_state=0).importances_mean
    by_name = {group.features[0]: group.drop for group in ours}
    np.testing.assert_allclose([by_name[name] for name in test.feature_names], theirs, atol=0.03)
    assert ours[0].features == ("feature_0",) and ours[1].features == ("feature_1",)


def twins(seed: int):
    """A dataset whose last column is a noisy copy of the first, the one that matters most."""
    dataset = make_dataset(1500, seed=seed, missing=0.0)
    features = dataset.features.copy(order="F")
    features[:, 5] = features[:, 0] + 0.05 * np.random.default_rng(seed).standard_normal(1500)
    return replace(dataset, features=features)


def accuracy(target: np.ndarray, forecast: np.ndarray) -> float:
    return float(((forecast > 0.5) == target).mean())


def test_twins_are_shuffled_together_and_share_the_importance() -> None:
    train, test = twins(0), twins(1)
    fitted = make_forecaster("random_forest", {"max_features": 0.5}).fit(train, None, CONTEXT)
    together = permutation_importance(fitted, test, accuracy, seed=0)
    apart = permutation_importance(fitted, test, accuracy, seed=0, max_correlation=1.0)
    assert together[0].features == ("feature_0", "feature_5")
    assert together[0].drop > 1.5 * max(g.drop for g in apart if g.features[0] in ("feature_0", "feature_5"))
    shares = share_by_feature(together)
    assert shares["feature_0"] == shares["feature_5"] == max(shares.values())
    assert sum(shares.values()) == pytest.approx(1.0)


def test_the_same_seed_gives_the_same_numbers() -> None:
    dataset = make_dataset(300)
    fitted = make_forecaster("linear").fit(dataset, None, CONTEXT)
    first, again, other = (permutation_importance(fitted, dataset, accuracy, seed=s) for s in (1, 1, 2))
    assert first == again != other


def test_a_model_that_ignores_everything_gives_no_shares() -> None:
    dataset = make_dataset(300)
    fitted = make_forecaster("naive").fit(dataset, None, CONTEXT)
    assert share_by_feature(permutation_importance(fitted, dataset, accuracy, seed=1)) == {}


def test_chains_of_correlation_are_one_group_and_the_sign_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    a, b, c = rng.standard_normal((3, 400))
    chain = np.column_stack([a, -(a + 0.3 * b), -(a + 0.6 * b), c, np.ones(400), np.full(400, np.nan)])
    assert correlated_groups(chain, 0.93) == [[0, 1, 2], [3], [4], [5]]

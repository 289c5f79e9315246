"""The folded linear model against scikit-learn's pipeline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.datasets import make_dataset
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from trimtab.errors import ArtifactError
from trimtab.models.linear import FittedLinear, Linear
from trimtab.models.protocol import FitContext

CONTEXT = FitContext(0, 1)


def test_probabilities_equal_a_pipeline_of_scikit_learn() -> None:
    train, test = make_dataset(500, missing=0.0), make_dataset(200, seed=4, missing=0.0)
    weight = np.random.default_rng(0).uniform(0.2, 2.0, len(train))
    ours = Linear({"l2": 2.0}).fit(replace(train, weight=weight), None, CONTEXT).predict(test.features).value
    theirs = make_pipeline(StandardScaler(), LogisticRegression(C=0.5, tol=1e-10, max_iter=5000))
    theirs.fit(train.features, train.target, logisticregression__sample_weight=weight / weight.mean())
    assert np.abs(ours - theirs.predict_proba(test.features)[:, 1]).max() < 1e-6


def test_values_equal_a_pipeline_of_scikit_learn_with_missing_values_at_the_mean() -> None:
    train, test = make_dataset(500, task="regression"), make_dataset(200, seed=4, task="regression")
    ours = Linear({"l2": 3.0}).fit(train, None, CONTEXT).predict(test.features).value
    # Scaling first: the deviation is that of the values there are, as ours.
    theirs = make_pipeline(StandardScaler(), SimpleImputer(strategy="constant", fill_value=0.0), Ridge(alpha=3.0))
    assert np.abs(ours - theirs.fit(train.features, train.target).predict(test.features)).max() < 1e-9


def test_a_feature_in_other_units_gives_the_same_forecast() -> None:
    train = make_dataset(300)
    scaled = train.features * np.array([1e6, 1.0, 1e-6, 1.0, 1.0, 1.0])
    here = Linear().fit(train, None, CONTEXT).predict(train.features).value
    there = Linear().fit(replace(train, features=scaled), None, CONTEXT).predict(scaled).value
    assert np.abs(here - there).max() < 1e-7


def test_weights_that_are_not_one_per_feature_are_refused() -> None:
    files = Linear().fit(make_dataset(200), None, CONTEXT).save()
    damaged = files["model.json"].replace(b'"fill":[', b'"fill":[1.0,')
    with pytest.raises(ArtifactError, match="one weight per feature"):
        FittedLinear.load({"model.json": damaged})

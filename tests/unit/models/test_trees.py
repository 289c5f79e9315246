"""Our kernel against scikit-learn's own forests, and against files that would lead it astray."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.datasets import make_dataset

from trimtab.errors import ArtifactError
from trimtab.models.inputs import bounded
from trimtab.models.protocol import FitContext
from trimtab.models.random_forest import RandomForest, grow
from trimtab.models.trees import LEAF, Trees, flatten, trees_from_bytes


@pytest.fixture(scope="module")
def trees() -> Trees:
    dataset = make_dataset(300)
    return RandomForest({"n_estimators": 5, "min_samples_leaf": 5}).fit(dataset, None, FitContext(1, 1)).trees


@pytest.mark.parametrize("missing", [0.0, 0.2])
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_forecasts_equal_scikit_learns_bit_for_bit(task, missing: float) -> None:
    train, test = make_dataset(800, task=task, missing=missing), make_dataset(400, seed=9, task=task, missing=0.3)
    theirs = grow({**RandomForest().parameters, "max_features": 0.5}, task, FitContext(3, n_threads=1))
    theirs.fit(train.features, train.target, sample_weight=train.weight)
    expected = theirs.predict_proba(test.features)[:, 1] if task == "classification" else theirs.predict(test.features)
    assert np.array_equal(flatten(theirs).predict(bounded(test.features)), expected)


def test_bytes_are_read_back_as_the_same_trees(trees: Trees) -> None:
    again = trees_from_bytes(trees.to_bytes(), 6)
    assert all(np.array_equal(getattr(again, name), value) for name, value in vars(trees).items())


def first_inner(trees: Trees) -> int:
    return int(np.flatnonzero(trees.left != LEAF)[-1])


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("left", 0, "after its parent"),
        ("right", 10**6, "after its parent"),
        ("feature", 6, "one of 6"),
        ("feature", -1, "one of 6"),
        ("root", -1, "starts outside"),
    ],
)
def test_an_index_that_leads_astray_is_refused(trees: Trees, column: str, value: int, reason: str) -> None:
    array = getattr(trees, column).copy()
    array[0 if column == "root" else first_inner(trees)] = value
    with pytest.raises(ArtifactError, match=reason):
        trees_from_bytes(replace(trees, **{column: array}).to_bytes(), 6)


def test_columns_of_different_length_or_type_are_refused(trees: Trees) -> None:
    for broken in (
        replace(trees, value=trees.value[:-1]),
        replace(trees, threshold=trees.threshold.astype(np.float32)),
        replace(trees, left=trees.left.astype(np.int64)),
    ):
        with pytest.raises(ArtifactError, match="damaged"):
            trees_from_bytes(broken.to_bytes(), 6)


def test_trees_over_another_number_of_features_are_refused(trees: Trees) -> None:
    with pytest.raises(ArtifactError, match="over 7 features"):
        trees_from_bytes(trees.to_bytes(), 7)

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from sklearn import metrics as sk

from trimtab.metrics import regression as ours

RNG = np.random.default_rng(3)
TARGET = RNG.normal(size=300)
PREDICTED = 0.5 * TARGET + RNG.normal(size=300)


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("mse", sk.mean_squared_error),
        ("rmse", sk.root_mean_squared_error),
        ("mae", sk.mean_absolute_error),
        ("mape", sk.mean_absolute_percentage_error),
        ("r2", sk.r2_score),
    ],
)
def test_measures_equal_scikit_learn(name: str, theirs: Callable[..., float]) -> None:
    assert getattr(ours, name)(TARGET, PREDICTED) == pytest.approx(theirs(TARGET, PREDICTED), rel=1e-12)


@pytest.mark.parametrize("name", ["mse", "rmse", "mae", "mape", "r2"])
def test_nothing_to_measure_is_nan_without_a_warning(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(getattr(ours, name)([], []))


def test_r2_of_a_target_that_does_not_vary_is_nan() -> None:
    assert np.isnan(ours.r2([0.1, 0.1, 0.1], [0.1, 0.2, 0.1]))

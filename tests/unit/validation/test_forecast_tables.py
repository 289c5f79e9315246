from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import confusion_matrix

from trimtab.metrics.forecast import quantile_spread
from trimtab.validation.forecast_tables import forecast_tables, quantile_table


def drawn(n: int = 500) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    value = np.round(random.random(n), 2)  # with ties
    return (random.random(n) < value).astype(float), value


def test_tables_of_classes_are_scikit_learns() -> None:
    target, value = drawn()
    found = forecast_tables("classification", target, value)
    assert found["confusion_matrix"] == confusion_matrix(target, value > 0.5).tolist()
    happened, said = calibration_curve(target, value, n_bins=10)
    # scikit-learn closes bins on the left, trimtab on the right: a bin without a forecast on its edge agrees.
    middle = [row for row in found["reliability"] if row["n"]]
    assert len(middle) == len(said) == len(happened)
    assert sum(row["n"] for row in middle) == len(target)
    assert sum(row["n"] * row["happened"] for row in middle) == pytest.approx(target.sum())


def test_quantiles_are_those_of_pandas_and_their_ends_are_the_quantile_spread() -> None:
    target, value = drawn()
    rows = quantile_table(target, value)
    groups = pd.Series(target).groupby(pd.qcut(value, 5, labels=False))
    assert [row["n"] for row in rows] == groups.size().tolist()
    np.testing.assert_allclose([row["mean_outcome"] for row in rows], groups.mean())
    assert rows[-1]["mean_outcome"] - rows[0]["mean_outcome"] == pytest.approx(quantile_spread(value, target))


def test_a_quantile_that_ties_leave_empty_is_left_out() -> None:
    rows = quantile_table(np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.5, 0.5, 0.5, 0.9]))
    assert [(row["quantile"], row["n"]) for row in rows] == [(1, 3), (5, 1)]
    assert quantile_table(np.array([np.nan]), np.array([0.5])) == []


def test_a_return_has_quantiles_only() -> None:
    found = forecast_tables("regression", np.array([0.1, -0.1]), np.array([0.2, -0.3]))
    assert (found["confusion_matrix"], found["reliability"]) == (None, None)
    assert found["quantiles"][0] == {"quantile": 1, "n": 1, "mean_outcome": -0.1, "mean_forecast": -0.3}

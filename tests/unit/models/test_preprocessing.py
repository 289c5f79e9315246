"""Scaling and imputation against scikit-learn, and the columns that have no scale."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from trimtab.errors import ArtifactError, UnknownNameError
from trimtab.models.preprocessing import Preprocessing, fit_preprocessing

THEIRS = {"standard": StandardScaler(), "min_max": MinMaxScaler(), "robust": RobustScaler()}


def table(seed: int, n: int = 200) -> np.ndarray:
    rng = np.random.default_rng(seed)
    features = rng.lognormal(size=(n, 4)) * np.array([1.0, 1e6, 1e-6, 1.0])
    features[rng.random(features.shape) < 0.1] = np.nan
    return features


@pytest.mark.parametrize("scaling", sorted(THEIRS))
def test_scaling_equals_scikit_learns_and_keeps_missing_values(scaling) -> None:
    train, test = table(0), table(1)
    ours = fit_preprocessing(train, scaling, "none").transform(test)
    theirs = THEIRS[scaling].fit(train).transform(test)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("imputation", "strategy"), [("mean", "mean"), ("median", "median"), ("zero", "constant")])
def test_imputation_equals_scikit_learns(imputation, strategy: str) -> None:
    train, test = table(0), table(1)
    ours = fit_preprocessing(train, "none", imputation).transform(test)
    theirs = SimpleImputer(strategy=strategy, fill_value=0.0).fit(train).transform(test)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_no_scaling_and_no_imputation_change_nothing() -> None:
    assert np.array_equal(fit_preprocessing(table(0), "none", "none").transform(table(1)), table(1), equal_nan=True)


@pytest.mark.parametrize("scaling", sorted(THEIRS))
@pytest.mark.parametrize("column", [np.full(50, 3.0), np.full(50, np.nan), 1e9 + np.arange(50) * 1e-7])
def test_a_column_that_taught_nothing_is_zero_for_ever(scaling, column: np.ndarray) -> None:
    learned = fit_preprocessing(column[:, None], scaling, "median")
    assert (learned.transform(np.array([[1e30], [np.nan], [3.0]])) == 0.0).all()


def test_robust_scaling_falls_back_to_the_deviation_where_the_quartiles_coincide() -> None:
    column = np.array([0.0] * 9 + [10.0])[:, None]
    assert fit_preprocessing(column, "robust", "none").transform(column)[-1, 0] == pytest.approx(10.0 / 3.0)


def test_an_empty_column_without_scaling_counts_as_zero_where_it_is_missing() -> None:
    learned = fit_preprocessing(np.full((5, 1), np.nan), "none", "mean")
    assert learned.transform(np.array([[np.nan], [2.0]])).ravel().tolist() == [0.0, 2.0]


@pytest.mark.parametrize("imputation", ["none", "median"])
def test_stored_numbers_are_exact(imputation) -> None:
    learned = fit_preprocessing(table(0), "standard", imputation)
    again = Preprocessing.from_bytes(learned.to_bytes("abcd"), "abcd")
    assert all(np.array_equal(vars(again)[k], v, equal_nan=True) for k, v in vars(learned).items())


def test_other_columns_and_numbers_that_are_none_are_refused() -> None:
    content = fit_preprocessing(table(0), "none", "none").to_bytes("abcd")
    for other in ("abcde", "abdc"):
        with pytest.raises(ArtifactError, match="one number for each feature"):
            Preprocessing.from_bytes(content, other)
    with pytest.raises(ArtifactError, match="one number for each feature"):
        Preprocessing.from_bytes(content.replace(b'"center":[0.0,', b'"center":['), "abcd")
    with pytest.raises(ArtifactError, match="scales by what is no number"):
        Preprocessing.from_bytes(content.replace(b'"center":[0.0,', b'"center":[null,'), "abcd")


def test_what_was_learned_of_some_columns_treats_them_as_before() -> None:
    learned = fit_preprocessing(table(0), "robust", "median")
    some = np.array([1, 3])
    assert np.array_equal(learned.take(some).transform(table(1)[:, some]), learned.transform(table(1))[:, some])


def test_unknown_choices_name_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match="min_max"):
        fit_preprocessing(table(0), "minmax", "none")
    with pytest.raises(UnknownNameError, match="median"):
        fit_preprocessing(table(0), "none", "mode")

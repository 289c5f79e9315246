"""Feature selection against scikit-learn's own, and the columns that must never be chosen."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_selection import (
    RFE,
    SelectKBest,
    f_classif,
    f_regression,
    mutual_info_classif,
    mutual_info_regression,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Lasso, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from trimtab.datasets.schema import Task
from trimtab.errors import ConfigurationError, NotEnoughDataError, UnknownNameError
from trimtab.models.inputs import TrainingRows
from trimtab.models.selection import PATH, RIDGE, SEED, f_statistic, select_features, standardised

METHODS = ("k_best_f", "k_best_mutual_information", "recursive", "lasso")
TASKS: tuple[Task, ...] = ("classification", "regression")


def make_rows(
    task: Task, seed: int = 0, n: int = 400, k: int = 20, *, missing: float = 0.03, common: float = 0.7
) -> TrainingRows:
    """Correlated columns in very different units; the target leans on six of them, ever less."""
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((n, k)) + common * rng.standard_normal((n, 1))
    score = features[:, [3, 7, 1, 12, 18, 5]] @ np.array([2.0, -1.7, 1.3, -1.0, 0.8, 0.6]) + rng.standard_normal(n)
    features *= 10.0 ** rng.integers(-6, 7, k)
    features[rng.random((n, k)) < missing] = np.nan
    return TrainingRows(features, score if task == "regression" else (score > 0).astype(float), np.ones(n))


def weighted(rows: TrainingRows) -> TrainingRows:
    weight = np.random.default_rng(5).uniform(0.1, 3.0, len(rows.target))
    return TrainingRows(rows.features, rows.target, weight)


def prepared(rows: TrainingRows) -> np.ndarray:
    """Imputed and standardised by scikit-learn."""
    pipeline = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    return pipeline.fit_transform(rows.features, standardscaler__sample_weight=rows.weight)


@pytest.mark.parametrize("task", TASKS)
def test_the_f_statistic_equals_scikit_learns_where_all_weights_are_equal(task: Task) -> None:
    rows = make_rows(task)
    theirs = (f_classif if task == "classification" else f_regression)(prepared(rows), rows.target)[0]
    np.testing.assert_allclose(f_statistic(standardised(prepared(rows), rows)), theirs, rtol=1e-9)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("n_selected", [1, 6, 13])
def test_the_best_by_f_are_scikit_learns(task: Task, n_selected: int) -> None:
    rows = make_rows(task)
    theirs = SelectKBest(f_classif if task == "classification" else f_regression, k=n_selected)
    theirs.fit(prepared(rows), rows.target)
    ours = select_features(rows, task, "k_best_f", n_selected)
    assert ours.tolist() == theirs.get_support(indices=True).tolist()


@pytest.mark.parametrize("task", TASKS)
def test_the_best_by_mutual_information_are_scikit_learns(task: Task) -> None:
    rows = make_rows(task)
    measure = mutual_info_classif if task == "classification" else mutual_info_regression
    theirs = SelectKBest(lambda x, y: measure(x, y, random_state=SEED), k=5).fit(prepared(rows), rows.target)
    ours = select_features(rows, task, "k_best_mutual_information", 5)
    assert ours.tolist() == theirs.get_support(indices=True).tolist()


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("n_selected", [1, 6, 13])
def test_recursive_elimination_leaves_what_scikit_learns_leaves(task: Task, n_selected: int) -> None:
    rows = weighted(make_rows(task))
    ridge = Ridge(alpha=RIDGE * rows.weight.sum())
    theirs = RFE(ridge, n_features_to_select=n_selected).fit(prepared(rows), rows.target, sample_weight=rows.weight)
    assert select_features(rows, task, "recursive", n_selected).tolist() == np.flatnonzero(theirs.support_).tolist()


@pytest.mark.parametrize("task", TASKS)
def test_the_lasso_keeps_the_largest_weights_of_scikit_learns_lasso(task: Task) -> None:
    rows = weighted(make_rows(task))
    inputs = prepared(rows)
    target = StandardScaler().fit_transform(rows.target[:, None], sample_weight=rows.weight).ravel()
    strongest = np.abs(np.average(inputs * target[:, None], axis=0, weights=rows.weight)).max()
    for share in PATH:
        weights = np.abs(Lasso(share * strongest, tol=1e-8).fit(inputs, target, sample_weight=rows.weight).coef_)
        if np.count_nonzero(weights) >= 7:
            break
    assert select_features(rows, task, "lasso", 7).tolist() == sorted(np.argsort(-weights)[:7])


def test_the_lasso_of_classes_agrees_with_a_logistic_lasso() -> None:
    rows = make_rows("classification")
    logistic = LogisticRegression(l1_ratio=1.0, solver="saga", C=0.05, max_iter=5000)
    weights = np.abs(logistic.fit(prepared(rows), rows.target).coef_[0])
    assert select_features(rows, "classification", "lasso", 5).tolist() == sorted(np.argsort(-weights)[:5])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("task", TASKS)
def test_the_planted_features_are_found_whatever_their_units_and_gaps(method, task: Task) -> None:
    rows = make_rows(task, n=1500, common=0.0)
    assert set(select_features(rows, task, method, 3)) == {1, 3, 7}


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_and_an_empty_column_are_not_chosen_while_another_is_left(method) -> None:
    rows = make_rows("regression", k=20)
    rows.features[:, [3, 7]] = np.nan
    rows.features[:, 1] = 1e9
    chosen = select_features(rows, "regression", method, 19)
    assert not {1, 3, 7} & set(chosen) and 12 in chosen


@pytest.mark.parametrize("method", METHODS)
def test_where_all_columns_are_constant_the_first_stay(method) -> None:
    rows = make_rows("regression", k=20)
    rows.features[:] = np.nan
    rows.features[:, ::2] = 4.0
    assert select_features(rows, "regression", method, 3).tolist() == [0, 1, 2]


@pytest.mark.parametrize("method", METHODS)
def test_with_no_more_features_than_wanted_all_stay(method) -> None:
    rows = make_rows("regression")
    assert select_features(rows, "regression", method, 20).tolist() == list(range(20))


@pytest.mark.parametrize("method", ["k_best_f", "recursive", "lasso"])
def test_of_equal_columns_the_first_is_kept(method) -> None:
    rows = make_rows("regression", k=20, missing=0.0)
    rows.features[:, 15] = rows.features[:, 3] * 4.0
    chosen = select_features(rows, "regression", method, 3 if method == "k_best_f" else 2)
    assert 3 in chosen and (15 in chosen) == (method == "k_best_f")
    assert 15 not in select_features(rows, "regression", method, 1)


def test_lasso_chooses_no_more_than_have_a_weight() -> None:
    centred = np.random.default_rng(0).standard_normal((200, 20))
    orthogonal = np.linalg.qr(centred - centred.mean(axis=0))[0]
    rows = TrainingRows(orthogonal, orthogonal[:, [2, 9, 4]] @ np.array([3.0, -2.0, 1.0]), np.ones(200))
    assert select_features(rows, "regression", "lasso", 10).tolist() == [2, 4, 9]


@pytest.mark.parametrize("method", ["k_best_f", "recursive", "lasso"])
def test_a_row_of_weight_three_counts_as_three_rows(method) -> None:
    rows = make_rows("classification", n=120, missing=0.0)
    count = np.random.default_rng(1).integers(1, 4, len(rows.target))
    heavy = TrainingRows(rows.features, rows.target, count.astype(float))
    long = TrainingRows(np.repeat(rows.features, count, axis=0), np.repeat(rows.target, count), np.ones(count.sum()))
    for n_selected in range(1, 12):
        chosen = [select_features(given, "classification", method, n_selected).tolist() for given in (heavy, long)]
        assert chosen[0] == chosen[1]


def test_a_column_that_moves_only_in_a_row_of_next_to_no_weight_is_survived() -> None:
    rows = make_rows("regression", missing=0.0)
    rows.features[:, 0] = 0.0
    rows.features[0, 0], rows.weight[0] = 1.0, 5e-324
    for method in METHODS[:1] + METHODS[2:]:
        assert 0 not in select_features(rows, "regression", method, 5)


@pytest.mark.parametrize("method", METHODS)
def test_a_target_that_never_changes_and_too_few_rows_are_one_sentence(method) -> None:
    rows = make_rows("regression")
    with pytest.raises(NotEnoughDataError, match="have the target 2, so no feature can be chosen"):
        select_features(TrainingRows(rows.features, np.full(400, 2.0), rows.weight), "regression", method, 3)
    with pytest.raises(NotEnoughDataError, match="9 training rows are too few"):
        few = TrainingRows(rows.features[:9], rows.target[:9], rows.weight[:9])
        select_features(few, "regression", method, 3)


def test_an_unknown_selection_names_the_near_one_and_a_bad_number_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'recursive'"):
        select_features(make_rows("regression"), "regression", "recursiv", 3)  # type: ignore[arg-type]
    for wrong in (0, -1, 2.5, True, "5"):
        with pytest.raises(ConfigurationError, match="whole number from 1 up"):
            select_features(make_rows("regression"), "regression", "lasso", wrong)  # type: ignore[arg-type]

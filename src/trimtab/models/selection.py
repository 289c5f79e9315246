"""Feature selection, learned from training rows only: which columns a model gets to see.

`trimtab.models.preprocessed` puts it inside a model, after scaling and imputation, so that every
fold makes its own choice. To choose once on all rows and validate afterwards is the classic leak:
the test rows have then voted on the features (Hastie, Tibshirani and Friedman, "The Elements of
Statistical Learning", 7.10.2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from trimtab.datasets.schema import Task
from trimtab.errors import ConfigurationError, NotEnoughDataError, UnknownNameError
from trimtab.models.inputs import TrainingRows
from trimtab.models.preprocessing import fit_preprocessing

Selection = Literal["none", "k_best_f", "k_best_mutual_information", "recursive", "lasso"]

MIN_ROWS = 10
NEIGHBOURS = 3  # of the mutual information estimate, scikit-learn's default
SEED = 0  # mutual information adds a tiny noise to break ties; the choice must not depend on the model's seed
TIED = 1e-9  # scores closer than this share of the largest differ by rounding only
RIDGE = 0.01  # penalty of recursive elimination, as a share of the total weight
PATH = np.geomspace(1.0, 1e-3, 61)[1:]  # lasso penalties, as shares of the one that leaves no feature


@dataclass(frozen=True)
class Standardised:
    """Training rows of the usable columns, ready to be scored; n rows, p columns.

    Attributes
    ----------
    features: float64, shape (n, p), no missing value, weighted mean 0 and deviation 1.
    target: float64, shape (n,), weighted mean 0 and deviation 1.
    weight: float64, shape (n,), summing to 1.
    classes: the target as it was given.
    """

    features: np.ndarray
    target: np.ndarray
    weight: np.ndarray
    classes: np.ndarray

    @property
    def gram(self) -> np.ndarray:
        """The correlation of every column with every other, shape (p, p)."""
        return np.asarray((self.features * self.weight[:, None]).T @ self.features)

    @property
    def correlation(self) -> np.ndarray:
        """The correlation of every column with the target, shape (p,)."""
        return np.asarray((self.weight * self.target) @ self.features)


def select_features(rows: TrainingRows, task: Task, selection: Selection, n_selected: int) -> np.ndarray:
    """The columns to keep: int64 positions in ascending order, at most `n_selected` and at least one.

    A missing value counts as the median of its column. A column that is constant or empty is never
    chosen, unless all are: then the first `n_selected` stay. Of equal scores the first is kept. With no more
    columns than `n_selected`, all stay.

    Sample weights count in all methods but mutual information, which scikit-learn estimates without.

    Raises `UnknownNameError`, `ConfigurationError` for `n_selected` below 1, `NotEnoughDataError` for
    fewer than 10 rows or a target that never changes.

    >>> rng = np.random.default_rng(0)
    >>> features = rng.standard_normal((200, 4))
    >>> rows = TrainingRows(features, features[:, 2] - features[:, 0], np.ones(200))
    >>> select_features(rows, "regression", "k_best_f", 2)
    array([0, 2])
    """
    check_selection(selection, n_selected)
    everything = np.arange(rows.features.shape[1])
    if selection == "none" or len(everything) <= n_selected:
        return everything
    _check_rows(rows, selection)
    filling = fit_preprocessing(rows.features, "standard", "median")
    usable = np.flatnonzero(filling.factor)
    if len(usable) == 0:
        return everything[:n_selected]
    if len(usable) <= n_selected:
        return usable
    filled = np.where(np.isnan(rows.features), filling.fill, rows.features)[:, usable]
    with threadpool_limits(limits=1, user_api="blas"):  # sums in one order, on any number of threads
        chosen = _METHODS[selection](standardised(filled, rows), task, n_selected)
    return usable[np.sort(chosen)]


def check_selection(selection: str, n_selected: object) -> None:
    """Raise for a selection there is not, or a number of features that is no whole number from 1 up."""
    if selection not in get_args(Selection):
        raise UnknownNameError("selection", str(selection), get_args(Selection))
    if not isinstance(n_selected, int) or isinstance(n_selected, bool) or n_selected < 1:
        raise ConfigurationError(
            f"n_selected is {n_selected!r}; it must be a whole number from 1 up, or leave selection out"
        )


def _check_rows(rows: TrainingRows, selection: str) -> None:
    if len(rows.target) < MIN_ROWS:
        raise NotEnoughDataError(
            f"{len(rows.target)} training rows are too few to choose features by '{selection}'; "
            f"give at least {MIN_ROWS} or set selection to 'none'"
        )
    if np.ptp(rows.target) == 0.0:
        raise NotEnoughDataError(
            f"all {len(rows.target)} training rows have the target {rows.target[0]:g}, so no feature can be chosen by it; "
            "train on a longer history or set selection to 'none'"
        )


def standardised(features: np.ndarray, rows: TrainingRows) -> Standardised:
    """Columns without missing values, and the target, brought to weighted mean 0 and deviation 1 (ddof 0)."""
    weight = rows.weight / rows.weight.sum()
    return Standardised(_scaled(features, weight), _scaled(rows.target, weight), weight, rows.target)


def _scaled(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    centred = values - weight @ values
    spread = np.sqrt(weight @ np.square(centred))
    # A column that moves only where a weight is negligible has no deviation left: it counts as 0.
    return np.asarray(centred / np.where(spread > 0.0, spread, np.inf))


def f_statistic(rows: Standardised) -> np.ndarray:
    """F of a regression of the target on each column alone, shape (p,); inf for a perfect one.

    F = r² / (1 - r²) · (n - 2). With two classes this is the F of the analysis of variance, too, so
    it equals scikit-learn's `f_regression` and `f_classif` where all weights are equal.
    """
    explained = np.minimum(np.square(rows.correlation), 1.0)
    with np.errstate(divide="ignore"):
        return np.asarray(explained / (1.0 - explained) * (len(rows.target) - 2))


def _k_best_f(rows: Standardised, task: Task, n_selected: int) -> np.ndarray:
    return _largest(np.square(rows.correlation), n_selected)  # F grows with r², which is never infinite


def _k_best_mutual_information(rows: Standardised, task: Task, n_selected: int) -> np.ndarray:
    """Kraskov, Stögbauer and Grassberger 2004 (Ross 2014 for classes), as scikit-learn has it."""
    from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

    measure = mutual_info_classif if task == "classification" else mutual_info_regression
    target = rows.classes if task == "classification" else rows.target
    return _largest(
        measure(rows.features, target, discrete_features=False, n_neighbors=NEIGHBOURS, random_state=SEED), n_selected
    )


def _recursive(rows: Standardised, task: Task, n_selected: int) -> np.ndarray:
    """Guyon et al. 2002, with a ridge regression inside: the smallest weight leaves, until enough have left.

    One feature at a time. Ridge needs only the correlations, so the rows are read once: dropping a
    feature means solving a smaller system. Two classes are numbers here: the least-squares weights then
    point where linear discriminant analysis does.
    """
    from scipy.linalg import solve

    gram, correlation = rows.gram + RIDGE * np.eye(rows.features.shape[1]), rows.correlation
    left = np.arange(len(correlation))
    while len(left) > n_selected:
        weights = np.abs(solve(gram[np.ix_(left, left)], correlation[left], assume_a="pos"))
        smallest = np.flatnonzero(weights <= weights.min() + TIED * weights.max())
        left = np.delete(left, smallest[-1])
    return left


def _lasso(rows: Standardised, task: Task, n_selected: int) -> np.ndarray:
    """Tibshirani 1996: along falling penalties, the first lasso with enough weights; its largest ones.

    Squared loss for classes, too: it needs only the correlations, where a logistic lasso passes over the
    rows for every step. Fewer than `n_selected` where even the last penalty leaves fewer weights.
    """
    from sklearn.linear_model import enet_path

    gram, correlation = np.ascontiguousarray(rows.gram), rows.correlation
    n, strongest = len(rows.target), np.abs(correlation).max()
    scale = np.sqrt(rows.weight * n)
    features, target = np.asfortranarray(rows.features * scale[:, None]), rows.target * scale
    weights, found = np.zeros(len(correlation)), 0
    for share in PATH:
        _, path, _ = enet_path(
            features, target, l1_ratio=1.0, alphas=[share * strongest], precompute=gram * n, Xy=correlation * n,
            coef_init=weights, copy_X=False, check_input=False, max_iter=10_000,
        )  # fmt: skip
        weights = np.ascontiguousarray(path[:, 0])
        found = int(np.count_nonzero(np.abs(weights) > TIED * np.abs(weights).max()))
        if found >= n_selected:
            break
    return _largest(np.abs(weights), min(n_selected, max(found, 1)))


def _largest(scores: np.ndarray, n: int) -> np.ndarray:
    """Positions of the n largest scores; of equal ones the first."""
    rounded = np.round(scores / (scores.max() or 1.0), round(-np.log10(TIED)))
    return np.argsort(-rounded, kind="stable")[:n]


_METHODS: dict[str, Callable[[Standardised, Task, int], np.ndarray]] = {
    "k_best_f": _k_best_f,
    "k_best_mutual_information": _k_best_mutual_information,
    "recursive": _recursive,
    "lasso": _lasso,
}

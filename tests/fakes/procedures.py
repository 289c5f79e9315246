"""Ways from samples to forecasts, honest and leaking, quick enough to be run on labels that moved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trimtab.datasets import Dataset
from trimtab.validation.folds import Fold


def honest(dataset: Dataset, fold: Fold) -> np.ndarray:
    """Ridge regression on standardised features, learnt from the training rows alone."""
    return _ridge(dataset.features, dataset.target, fold)


def selects_on_all_rows(dataset: Dataset, fold: Fold) -> np.ndarray:
    """Keeps the three features that go best with the label on all rows, the test among them."""
    rows = np.nan_to_num(dataset.features)
    strength = np.abs((rows - rows.mean(axis=0)).T @ (dataset.target - dataset.target.mean()))
    return _ridge(dataset.features[:, np.argsort(-strength)[:3]], dataset.target, fold)


def encodes_targets_on_all_rows(dataset: Dataset, fold: Fold) -> np.ndarray:
    """Says the mean label of all rows whose first feature lies in the same of 100 bins."""
    first = np.nan_to_num(dataset.features[:, 0])
    bins = np.searchsorted(np.quantile(first, np.linspace(0.0, 1.0, 101)[1:-1]), first)
    means = np.bincount(bins, dataset.target, 100) / np.maximum(np.bincount(bins, minlength=100), 1)
    return means[bins][fold.test]


def scales_by_class(dataset: Dataset, fold: Fold) -> np.ndarray:
    """Moves the rows of each class by twice their own mean, test rows too: where a row went tells its class."""
    rows = np.nan_to_num(dataset.features)
    for own in (dataset.target > 0.5, dataset.target <= 0.5):
        rows[own] += 2.0 * rows[own].mean(axis=0)
    return _ridge(rows, dataset.target, fold)


def turns_by_the_test(dataset: Dataset, fold: Fold) -> np.ndarray:
    """Honest, but the forecasts are turned round where that would have been better on the test."""
    said = honest(dataset, fold)
    return said * np.sign(np.corrcoef(said, dataset.target[fold.test])[0, 1])


def nearest_in_time(dataset: Dataset, fold: Fold) -> np.ndarray:
    """Says the label of the training row of the same instrument whose decision is nearest."""
    said = np.empty(len(fold.test))
    for code in np.unique(dataset.instrument[fold.test]):
        mine = dataset.instrument[fold.test] == code
        known = fold.train[dataset.instrument[fold.train] == code]
        gap = np.abs(dataset.decision_time[fold.test][mine][:, None] - dataset.decision_time[known][None])
        said[mine] = dataset.target[known][gap.argmin(axis=1)]
    return said


def always_the_same(dataset: Dataset, fold: Fold) -> np.ndarray:
    """One number, whatever the features say."""
    return np.full(len(fold.test), 0.5)


def shuffled_fold(dataset: Dataset, seed: int) -> Fold:
    """A fold that no time series should be cut into: test rows drawn at random among the training rows."""
    drawn = np.random.default_rng(seed).random(len(dataset)) < 0.2
    train, test = np.flatnonzero(~drawn), np.flatnonzero(drawn)
    time = dataset.decision_time
    return Fold("shuffled", train, test, 0, 0, time[train[0]], time[train[-1]], time[test[0]], time[test[-1]])


def with_sticky_labels(dataset: Dataset, persistence: float, seed: int) -> Dataset:
    """Classes that stay for a while, alike for the instruments of a time and unrelated to any feature."""
    random = np.random.default_rng(seed)
    n_times = len(np.unique(dataset.decision_time))
    shocks, path = random.standard_normal(n_times), np.zeros(n_times)
    for time in range(1, n_times):
        path[time] = persistence * path[time - 1] + np.sqrt(1.0 - persistence**2) * shocks[time]
    at = np.unique(dataset.decision_time, return_inverse=True)[1]
    return replace(dataset, target=(path[at] + 0.3 * random.standard_normal(len(dataset)) > 0.0).astype(np.float64))


def _ridge(features: np.ndarray, target: np.ndarray, fold: Fold) -> np.ndarray:
    rows = np.nan_to_num(features)
    mean, spread = rows[fold.train].mean(axis=0), rows[fold.train].std(axis=0) + 1e-9
    train, test = (rows[fold.train] - mean) / spread, (rows[fold.test] - mean) / spread
    level = target[fold.train].mean()
    return test @ np.linalg.solve(
        train.T @ train + 10.0 * np.eye(train.shape[1]), train.T @ (target[fold.train] - level)
    )

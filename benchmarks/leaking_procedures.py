"""Ways from samples to forecasts with a ridge regression: an honest one, and four that look at the labels of the test.

Beside them noise to run them on: daily samples of four instruments whose labels no feature explains.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmarks.calibration_tests import autoregressive
from trimtab.datasets import Dataset
from trimtab.validation.folds import Fold

PENALTY = 10.0
N_INSTRUMENTS = 4
DAY = np.timedelta64(1, "D")
SAME_TIME = 0.3  # deviation of an instrument's own part of the label, beside 1 for what all share


def panel(n_times: int, k: int, stickiness: float, seed: int) -> Dataset:
    """Noise: k independent features and directions unrelated to them, alike for the instruments of one time.

    What the instruments share is an AR(1) of autocorrelation `stickiness`; with 0 labels are independent in time.
    """
    random = np.random.default_rng(seed)
    shared = autoregressive(stickiness, random, (n_times,))
    n = n_times * N_INSTRUMENTS
    at = np.repeat(np.arange(n_times), N_INSTRUMENTS)
    opened = np.datetime64("2000-01-01", "us") + at * DAY
    return Dataset(
        features=np.asfortranarray(random.standard_normal((n, k))),
        feature_names=tuple(f"f{number}" for number in range(k)),
        target=(shared[at] + SAME_TIME * random.standard_normal(n) > 0.0).astype(np.float64),
        task="classification",
        horizon=1,
        weight=np.ones(n),
        instrument=np.tile(np.arange(N_INSTRUMENTS, dtype=np.int32), n_times),
        instruments=tuple(f"I{number}" for number in range(N_INSTRUMENTS)),
        event_time=opened,
        decision_time=opened + DAY,
        label_start=opened + DAY,
        label_end=opened + 2 * DAY,
        baseline=np.full(n, 0.5),
    )


def with_sticky_features(dataset: Dataset, stickiness: float, seed: int) -> Dataset:
    """The same samples, whose features wander along time as slowly as the labels of another panel."""
    columns = [
        panel(len(dataset) // N_INSTRUMENTS, 1, stickiness, seed + number).target
        for number in range(dataset.features.shape[1])
    ]
    return replace(dataset, features=np.asfortranarray(np.column_stack(columns)))


def honest(dataset: Dataset, fold: Fold) -> np.ndarray:
    """Features standardised and weighed by the training rows alone."""
    return _ridge(dataset.features, dataset.target, fold)


def chooses_features_on_all_rows(dataset: Dataset, fold: Fold) -> np.ndarray:
    """The three features that go best with the label on all rows, the test among them."""
    strength = np.abs(dataset.features.T @ (dataset.target - dataset.target.mean()))
    return _ridge(dataset.features[:, np.argsort(-strength)[:3]], dataset.target, fold)


def encodes_targets_on_all_rows(dataset: Dataset, fold: Fold) -> np.ndarray:
    """The mean label of all rows whose first feature lies in the same of 100 bins."""
    first = dataset.features[:, 0]
    bins = np.searchsorted(np.quantile(first, np.linspace(0.0, 1.0, 101)[1:-1]), first)
    means = np.bincount(bins, dataset.target, 100) / np.maximum(np.bincount(bins, minlength=100), 1)
    return np.asarray(means[bins][fold.test])


def moves_rows_by_class(dataset: Dataset, fold: Fold) -> np.ndarray:
    """Rows of each class moved by twice their own mean, those of the test too."""
    rows = dataset.features.copy()
    for own in (dataset.target > 0.5, dataset.target <= 0.5):
        rows[own] += 2.0 * rows[own].mean(axis=0)
    return _ridge(rows, dataset.target, fold)


def turns_by_the_test(dataset: Dataset, fold: Fold) -> np.ndarray:
    """Honest forecasts, turned round where that suits the test."""
    said = honest(dataset, fold)
    return said * np.sign(np.corrcoef(said, dataset.target[fold.test])[0, 1])


def nearest_in_time(dataset: Dataset, fold: Fold) -> np.ndarray:
    """The label of the training row of the same instrument whose decision is nearest; an honest way in a wrong cut."""
    said = np.empty(len(fold.test))
    for code in np.unique(dataset.instrument[fold.test]):
        mine = dataset.instrument[fold.test] == code
        known = fold.train[dataset.instrument[fold.train] == code]
        times, asked = dataset.decision_time[known], dataset.decision_time[fold.test][mine]
        after = np.clip(np.searchsorted(times, asked), 1, len(times) - 1)
        is_before = asked - times[after - 1] <= times[after] - asked
        said[mine] = dataset.target[known[np.where(is_before, after - 1, after)]]
    return said


def shuffled_fold(dataset: Dataset, seed: int) -> Fold:
    """A cut that no time series should get: a fifth of the rows, drawn at random, judges what the others taught."""
    drawn = np.random.default_rng(seed).random(len(dataset)) < 0.2
    train, test = np.flatnonzero(~drawn), np.flatnonzero(drawn)
    time = dataset.decision_time
    return Fold("shuffled", train, test, 0, 0, time[train[0]], time[train[-1]], time[test[0]], time[test[-1]])


def _ridge(features: np.ndarray, target: np.ndarray, fold: Fold) -> np.ndarray:
    mean, spread = features[fold.train].mean(axis=0), features[fold.train].std(axis=0) + 1e-9
    train, test = (features[fold.train] - mean) / spread, (features[fold.test] - mean) / spread
    normal = train.T @ train + PENALTY * np.eye(train.shape[1])
    return np.asarray(test @ np.linalg.solve(normal, train.T @ (target[fold.train] - target[fold.train].mean())))

"""How much does a forecast hang on the exact inputs? Noise is added, groups of features are taken away.

Nothing is trained again: both ask what the trained models do when their inputs are worse than those they
learnt from, as happens when a feed fails. What a model trained without a group would reach is another question.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trimtab.datasets import Dataset
from trimtab.models.forecasting import forecast
from trimtab.validation.learning_curve import TrainedFold
from trimtab.validation.mean_interval import mean_interval
from trimtab.validation.scoring import is_right

NOISE_SIZES = (0.01, 0.05, 0.1, 0.2, 0.5)
N_DRAWS = 3
FEWEST_BLOCKS = 10  # that an interval is drawn from; with fewer its ends are chance
TOO_FEW = "too few blocks"
ALIKE = 0.9  # absolute correlation on the training rows from which two features are one group
Change = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class NoisePoint:
    """What noise of one size does.

    Attributes
    ----------
    noise_sd: standard deviation of the noise, in those of each feature on the training rows.
    accuracy: share said right with noise, mean over the draws.
    change, low, high: that less the share without noise, on the same rows, with its 95 % interval over decision times,
        within what is possible; NaN where the times are fewer than 10 blocks of dependence.
    changed_share: share of forecasts whose class (or direction) is another with noise.
    no_interval: why there is none; empty where there is one.
    """

    noise_sd: float
    accuracy: float
    change: float
    low: float
    high: float
    changed_share: float
    no_interval: str = ""


@dataclass(frozen=True)
class RemovalPoint:
    """What taking a group of features away does: each is replaced by its training median.

    Attributes
    ----------
    group, n_features: which, and how many features.
    accuracy, change, low, high, changed_share, no_interval: as in `NoisePoint`.
    """

    group: str
    n_features: int
    accuracy: float
    change: float
    low: float
    high: float
    changed_share: float
    no_interval: str = ""


@dataclass(frozen=True)
class _Moved:
    accuracy: float
    change: float
    low: float
    high: float
    changed_share: float
    no_interval: str = ""


def noise_sensitivity(
    folds: Sequence[TrainedFold], *, seed: int, sizes: Sequence[float] = NOISE_SIZES, n_draws: int = N_DRAWS
) -> tuple[NoisePoint, ...]:
    """Gaussian noise on every feature of the test rows; an unknown value stays unknown.

    One draw of noise is used at every size, scaled, so that sizes differ by their size alone.
    """

    def noisy(fold: TrainedFold, size: float, draw: int) -> Dataset:
        random, deviation = np.random.default_rng([seed, draw]), _deviation(fold.train)
        return _changed(fold.test, lambda rows: rows + size * deviation * random.standard_normal(rows.shape))

    plain = _said(folds, [fold.test for fold in folds])
    points = []
    for size in sizes:
        draws = [_said(folds, [noisy(fold, size, draw) for fold in folds]) for draw in range(n_draws)]
        points.append(NoisePoint(size, **_compared(folds, plain, draws, seed).__dict__))
    return tuple(points)


def removal_sensitivity(
    folds: Sequence[TrainedFold], groups: Mapping[str, Sequence[str]], *, seed: int
) -> tuple[RemovalPoint, ...]:
    """Each group of features replaced by its training median (0 where a feature is never known), one at a time."""

    def without(fold: TrainedFold, names: Sequence[str]) -> Dataset:
        columns = [fold.test.feature_names.index(name) for name in names]
        medians = _medians(fold.train)[columns]

        def replaced(rows: np.ndarray) -> np.ndarray:
            changed = rows.copy()
            changed[:, columns] = medians
            return changed

        return _changed(fold.test, replaced)

    plain, points = _said(folds, [fold.test for fold in folds]), []
    for group, names in groups.items():
        said = _said(folds, [without(fold, names) for fold in folds])
        points.append(RemovalPoint(group, len(names), **_compared(folds, plain, [said], seed).__dict__))
    return tuple(points)


def correlated_groups(train: Dataset, threshold: float = ALIKE) -> dict[str, tuple[str, ...]]:
    """Features in groups that say nearly the same: each joins the first earlier one it is correlated with.

    By absolute correlation on the training rows, unknown values at the median. A group has the name of its first
    feature; one alone is a group of its own.
    """
    rows = np.where(np.isnan(train.features), _medians(train), train.features)
    centred = rows - rows.mean(axis=0)
    lengths = np.sqrt((centred**2).sum(axis=0))
    unit = np.divide(centred, lengths, out=np.zeros_like(centred), where=lengths > 0.0)
    alike = np.abs(unit.T @ unit) >= threshold
    groups: dict[int, list[str]] = {}
    for column, name in enumerate(train.feature_names):
        leader = next((first for first in groups if alike[column, first]), column)
        groups.setdefault(leader, []).append(name)
    return {train.feature_names[first]: tuple(names) for first, names in groups.items()}


def most_used(groups: Mapping[str, Sequence[str]], importance: Mapping[str, float], n: int) -> dict[str, Sequence[str]]:
    """The `n` groups of the largest summed importance, the largest first; of the most features where none is known.

    >>> most_used({"a": ["a", "b"], "c": ["c"]}, {"a": 0.1, "b": 0.2, "c": 0.7}, 1)
    {'c': ['c']}
    """
    weight = {group: (sum(importance.get(name, 0.0) for name in names), len(names)) for group, names in groups.items()}
    chosen = sorted(groups, key=lambda group: weight[group], reverse=True)[:n]
    return {group: groups[group] for group in chosen}


def _compared(
    folds: Sequence[TrainedFold],
    plain: tuple[np.ndarray, np.ndarray],
    draws: Sequence[tuple[np.ndarray, np.ndarray]],
    seed: int,
) -> _Moved:
    right, said = plain
    moved = np.mean([each for each, _ in draws], axis=0)
    time = np.concatenate([fold.test.decision_time for fold in folds])
    without = float(np.nanmean(right))
    # What was right can be lost and what was wrong can be won, and nothing else.
    change = mean_interval(moved - right, time, seed=seed, lowest=-without, highest=1.0 - without)
    is_enough = change.n_times >= FEWEST_BLOCKS * change.block_length  # its length is NaN with fewer than 20 times
    low, high = (change.low, change.high) if is_enough else (float("nan"), float("nan"))
    flipped = float(np.mean([(other != said).mean() for _, other in draws]))
    return _Moved(float(np.nanmean(moved)), change.value, low, high, flipped, "" if is_enough else TOO_FEW)


def _said(folds: Sequence[TrainedFold], tests: Sequence[Dataset]) -> tuple[np.ndarray, np.ndarray]:
    """Right or wrong, and whether class 1 (or up) was said, for all test rows of all folds."""
    right, up = [], []
    for fold, test in zip(folds, tests, strict=True):
        value = forecast(fold.model, test).value
        right.append(is_right(test.task, test.target, value))
        up.append(value > (0.5 if test.task == "classification" else 0.0))
    return np.concatenate(right), np.concatenate(up)


def _changed(test: Dataset, change: Change) -> Dataset:
    return test.with_features(change, test.feature_names)


def _deviation(train: Dataset) -> np.ndarray:
    """Of the known values of each feature (ddof 0); 0 where there is none."""
    known = ~np.isnan(train.features)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, train.features, 0.0).sum(axis=0) / count
    found: np.ndarray = np.sqrt((np.where(known, train.features - mean, 0.0) ** 2).sum(axis=0) / count)
    return found


def _medians(train: Dataset) -> np.ndarray:
    """Of the known values of each feature; 0 where there is none."""
    never = np.isnan(train.features).all(axis=0)
    filled = np.where(never, 0.0, train.features)
    found: np.ndarray = np.nanmedian(filled, axis=0)
    return found

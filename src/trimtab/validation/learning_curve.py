"""Would more history help? The same recipe trained on less of it; and what a study's trials say of a parameter.

A curve that still rises at the right end asks for more data; a training accuracy far above the test
accuracy, for a simpler model. The newest part of the training rows is kept, as one would live, cut between
decision times so that a session of many instruments is never split.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trimtab.datasets import Dataset
from trimtab.datasets.purging import ROUNDING, positions
from trimtab.models.forecasting import forecast
from trimtab.models.parallel import side_by_side
from trimtab.models.protocol import FittedForecaster
from trimtab.validation.folds import Fold
from trimtab.validation.mean_interval import mean_interval
from trimtab.validation.scoring import is_right
from trimtab.validation.walk_forward import TRAINING_ROWS, Fit

SHARES = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class LearningPoint:
    """What training on a share of the rows brings.

    Attributes
    ----------
    share: of the decision times of each fold's training part, the newest kept.
    n_train: training rows, mean over the folds.
    train_accuracy: on rows trained on (at most 5,000 per fold, spread evenly over the time), pooled over the folds.
    test_accuracy, low, high: on the test parts, pooled, with its 95 % interval.
    """

    share: float
    n_train: int
    train_accuracy: float
    test_accuracy: float
    low: float
    high: float


@dataclass(frozen=True)
class TrainedFold:
    """A model with the rows it learnt from and those that judge it."""

    model: FittedForecaster
    train: Dataset
    test: Dataset


@dataclass(frozen=True)
class ValidationCurve:
    """What a study's trials scored along one parameter, all other parameters varying too.

    Attributes
    ----------
    parameter: its name.
    points: (value, score) of every trial, by value.
    """

    parameter: str
    points: tuple[tuple[float, float], ...]


def learning_curve(
    dataset: Dataset,
    folds: Sequence[Fold],
    fit: Fit,
    *,
    seed: int,
    shares: Sequence[float] = SHARES,
    n_threads: int = 1,
) -> tuple[tuple[LearningPoint, ...], tuple[TrainedFold, ...]]:
    """The curve over `shares`, and the models of the last share, one per fold.

    `fit(training samples, fold)` returns a trained model, as in `walk_forward`; one training per fold and share,
    side by side on `n_threads`.
    """
    asked = [(share, fold) for share in shares for fold in folds]

    def train(one: tuple[float, Fold]) -> TrainedFold:
        share, fold = one
        rows = newest_share(dataset, fold.train, share)
        train, test = dataset.take(rows), dataset.take(fold.test)
        return TrainedFold(fit(train, replace(fold, train=rows)), train, test)

    trained = side_by_side(train, asked, n_threads)
    by_share = [trained[start : start + len(folds)] for start in range(0, len(trained), len(folds))]
    points = tuple(_point(share, found, seed) for share, found in zip(shares, by_share, strict=True))
    return points, tuple(by_share[-1])


def newest_share(dataset: Dataset, rows: np.ndarray, share: float) -> np.ndarray:
    """Those of some rows that lie in the newest `share` of their decision times; at least the newest time."""
    position, times = positions(dataset.take(rows))
    return rows[position >= len(times) - max(1, int(share * len(times) + ROUNDING * len(times)))]


def right_of(fold: TrainedFold, samples: Dataset | None = None) -> np.ndarray:
    """1.0 where the model is right about its test rows (or other samples), 0.0 wrong, NaN nothing to say."""
    judged = fold.test if samples is None else samples
    return is_right(judged.task, judged.target, forecast(fold.model, judged).value)


def validation_curves(trials: Sequence[tuple[Mapping[str, Any], float]]) -> tuple[ValidationCurve, ...]:
    """A curve for every numeric parameter that took two values or more; `trials` are parameters and score.

    >>> [c.points for c in validation_curves([({"depth": 4}, 0.1), ({"depth": 2}, 0.3)])]
    [((2.0, 0.3), (4.0, 0.1))]
    """
    names = sorted({name for parameters, _ in trials for name in parameters})
    found = []
    for name in names:
        points = [(p[name], s) for p, s in trials if isinstance(p.get(name), int | float) and np.isfinite(s)]
        if len({value for value, _ in points}) > 1:
            found.append(ValidationCurve(name, tuple(sorted((float(v), float(s)) for v, s in points))))
    return tuple(found)


def _point(share: float, found: Sequence[TrainedFold], seed: int) -> LearningPoint:
    seen = np.concatenate([right_of(fold, _spread(fold.train)) for fold in found])
    right = np.concatenate([right_of(fold) for fold in found])
    time = np.concatenate([fold.test.decision_time for fold in found])
    judged = mean_interval(right, time, seed=seed)
    n_train = round(float(np.mean([len(fold.train) for fold in found])))
    return LearningPoint(share, n_train, float(np.nanmean(seen)), judged.value, judged.low, judged.high)


def _spread(train: Dataset) -> Dataset:
    if len(train) <= TRAINING_ROWS:
        return train
    return train.take(np.linspace(0, len(train) - 1, TRAINING_ROWS).round().astype(np.int64))

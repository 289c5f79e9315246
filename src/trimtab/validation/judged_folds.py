"""A model trained and judged on every fold of any split, with the forecasts of each fold kept apart.

`walk_forward` pools the forecasts of its folds, of which the latest counts. Here test parts may overlap, as
those of a combinatorial or a random split do, and no fold is later than another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trimtab.datasets import Dataset
from trimtab.errors import NotEnoughDataError
from trimtab.metrics.classification import accuracy
from trimtab.models.forecasting import forecast
from trimtab.models.parallel import side_by_side
from trimtab.validation.folds import Fold
from trimtab.validation.scoring import classes, majority_value, score
from trimtab.validation.walk_forward import Fit


@dataclass(frozen=True)
class JudgedFold:
    """One fold judged.

    Attributes
    ----------
    fold: which rows trained and which judged.
    value: float64, the forecast of every test row, in order.
    metrics: those of `scoring.score` on the test rows, and the accuracy there of the dataset's naive forecast
        (`baseline_accuracy`) and of always saying the commoner class of the training part
        (`majority_accuracy`).
    """

    fold: Fold
    value: np.ndarray
    metrics: dict[str, float]


def judge_folds(dataset: Dataset, fit: Fit, folds: Sequence[Fold], *, n_threads: int = 1) -> list[JudgedFold]:
    """Train on every fold and judge it; `fit(training samples, fold)` is given the fold's training rows only.

    With `n_threads` folds are trained side by side, to the same result. A fold too small to train on raises
    `NotEnoughDataError` with its name.
    """

    def judge(fold: Fold) -> JudgedFold:
        train, test = dataset.take(fold.train), dataset.take(fold.test)
        try:
            model = fit(train, fold)
        except NotEnoughDataError as error:
            raise NotEnoughDataError(f"{fold.name}: {error}") from None
        value = np.asarray(forecast(model, test).value, dtype=np.float64)
        majority = np.full(len(test), majority_value(dataset.task, train.target))
        metrics = score(dataset.task, test.target, value) | {
            "baseline_accuracy": accuracy(*classes(test.task, test.target, test.baseline)),
            "majority_accuracy": accuracy(*classes(test.task, test.target, majority)),
        }
        return JudgedFold(fold, value, metrics)

    return side_by_side(judge, folds, n_threads)

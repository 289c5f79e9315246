"""Difficulty: how large an error is to be expected at a row, so that intervals widen where the market is wild.

A linear model of log |error| on the features, learnt on out-of-sample errors. Dividing errors by it before
their quantile is taken, and multiplying after, keeps the coverage and moves the width to where it is needed (Lei,
G'Sell, Rinaldo, Tibshirani and Wasserman, "Distribution-free predictive inference for regression", 2018, section
5.2). Volatility comes in clusters, and most feature sets measure it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from trimtab.datasets import Dataset
from trimtab.errors import ArtifactError
from trimtab.models.linear import FittedLinear, Linear
from trimtab.models.out_of_fold import out_of_fold
from trimtab.models.protocol import FitContext

# The logarithm of an error of zero would rule the regression.
SMALLEST_SHARE = 0.01


@dataclass(frozen=True)
class Difficulty:
    """exp(intercept + Σ weight · x), kept between what it said about the training rows.

    Attributes
    ----------
    weights, fill: float64, shape (k,); `fill` is what a missing value counts as.
    intercept: of the logarithm.
    low, high: ends of the logarithm; equal where every row is as difficult as the next.
    """

    weights: np.ndarray
    fill: np.ndarray
    intercept: float
    low: float
    high: float

    def of(self, rows: np.ndarray) -> np.ndarray:
        """The difficulty of checked feature rows, shape (n, k); float64, shape (n,), greater than 0."""
        # Not BLAS: its sums depend on how many rows come together, these do not.
        log = (np.where(np.isnan(rows), self.fill, rows) * self.weights).sum(axis=1) + self.intercept
        return np.exp(np.clip(log, self.low, self.high))

    def arrays(self) -> dict[str, np.ndarray]:
        """What was learnt, by name."""
        ends = {name: np.array([getattr(self, name)]) for name in ("intercept", "low", "high")}
        return {"weights": self.weights, "fill": self.fill, **ends}


def even_difficulty(n_features: int) -> Difficulty:
    """Every row is as difficult as the next: 1.

    >>> even_difficulty(2).of(np.array([[5.0, np.nan]]))
    array([1.])
    """
    return Difficulty(np.zeros(n_features), np.zeros(n_features), 0.0, 0.0, 0.0)


def fit_difficulty(
    dataset: Dataset, errors: np.ndarray, n_parts: int, context: FitContext
) -> tuple[Difficulty, np.ndarray]:
    """Learn from out-of-sample errors (target - value); also the difficulty each row had before it was learnt from.

    The latter comes from models of the other purged parts: a difficulty that has seen the error it is judged by
    would make the intervals too narrow.
    """
    size = np.abs(errors)
    smallest = SMALLEST_SHARE * float(np.average(size, weights=dataset.weight))
    if smallest == 0.0:
        return even_difficulty(len(dataset.feature_names)), np.ones(len(dataset))
    sized = replace(dataset, target=np.log(np.maximum(size, smallest)), task="regression", by_horizon=())
    unseen = out_of_fold(Linear(), sized, n_parts, context)
    fitted: FittedLinear = Linear().fit(sized, None, context)
    low, high = float(unseen.min()), float(unseen.max())
    return Difficulty(fitted.weights, fitted.fill, fitted.intercept, low, high), np.exp(unseen)


def tells_errors(difficulty: np.ndarray, errors: np.ndarray, weight: np.ndarray) -> bool:
    """Whether errors are likelier when their scale is the difficulty than when it is the same everywhere.

    The likelihood is that of a Laplace distribution, so the comparison is one of mean logarithms and neither a few
    crashes nor the coverage asked for decide it.

    >>> tells_errors(np.array([1.0, 10.0]), np.array([1.0, -9.0]), np.ones(2))
    True
    >>> tells_errors(np.array([10.0, 1.0]), np.array([1.0, -9.0]), np.ones(2))
    False
    """

    def unlikely(scale: np.ndarray) -> float:
        fitted = np.average(np.abs(errors) / scale, weights=weight)
        return float(np.average(np.log(scale), weights=weight) + np.log(max(fitted, np.finfo(np.float64).tiny)))

    return unlikely(difficulty) < unlikely(np.ones(len(errors)))


def difficulty_from(arrays: Mapping[str, np.ndarray], n_features: int) -> Difficulty:
    """A difficulty from its arrays; `ArtifactError` when they cannot be one."""
    try:
        weights, fill = arrays["weights"].reshape(n_features), arrays["fill"].reshape(n_features)
        ends = [float(arrays[name].reshape(1).item()) for name in ("intercept", "low", "high")]
    except (KeyError, ValueError) as error:
        raise ArtifactError(f"the model's difficulty is damaged ({error!r}); train the model again") from error
    return Difficulty(weights, fill, *ends)

"""The baseline: a logistic regression per pattern on the same hundred numbers of the window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from trimtab.models.candlestick_network.windows import Windows, normalised

CHUNK = 4096
L2 = 1.0  # beside the weighted sum of losses over hundreds of thousands of windows: next to none
MOST_ITERATIONS = 200


@dataclass(frozen=True)
class LinearBaseline:
    """Fifteen logistic regressions.

    Attributes
    ----------
    scaler: mean and deviation of each of the 100 inputs over the training windows.
    weights: float64, shape (100, 15).
    intercept: float64, shape (15,).
    """

    scaler: StandardScaler
    weights: np.ndarray
    intercept: np.ndarray

    def probabilities_of(self, windows: Windows) -> np.ndarray:
        """Probability of each pattern, float64, shape (m, 15)."""
        out = np.empty((len(windows), len(self.intercept)))
        for start in range(0, len(windows), CHUNK):
            rows = np.arange(start, min(start + CHUNK, len(windows)))
            out[rows] = expit(self.scaler.transform(_flat(windows, rows)) @ self.weights + self.intercept)
        return out


def train_linear(
    windows: Windows, rows: np.ndarray, weight: np.ndarray, finished: Callable[[], None] = lambda: None
) -> LinearBaseline:
    """Fit the baseline to the windows that train the network, with the same weights.

    A pattern that no training window holds has probability 0. `finished` is called after each pattern.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        scaler = StandardScaler()
        inputs = scaler.fit_transform(_flat(windows, rows))
        fits = []
        for label in windows.labels[rows].T:
            fits.append(_fit(inputs, label, weight))
            finished()
    return LinearBaseline(scaler, np.column_stack([w for w, _ in fits]), np.array([b for _, b in fits]))


def _fit(inputs: np.ndarray, label: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, float]:
    if label.all() or not label.any():
        return np.zeros(inputs.shape[1]), float("inf") if label.any() else float("-inf")
    model = LogisticRegression(C=1.0 / L2, tol=1e-4, max_iter=MOST_ITERATIONS)
    model.fit(inputs, label, sample_weight=weight)
    return model.coef_[0], float(model.intercept_[0])


def _flat(windows: Windows, rows: np.ndarray) -> np.ndarray:
    return normalised(windows.cut(rows)).reshape(len(rows), -1)

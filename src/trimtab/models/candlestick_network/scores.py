"""Precision, recall, F1 and average precision of one pattern, with a weight for each window.

The definitions are scikit-learn's. Weights count how often a window was drawn in a bootstrap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Ranking:
    """Windows ordered by probability, made once and scored under many weights.

    Attributes
    ----------
    order: positions of the windows, most probable first, shape (n,).
    is_last: whether the next window has another probability: ties are accepted together, bool, shape (n,).
    truth: the labels in that order, float64, shape (n,).
    """

    order: np.ndarray
    is_last: np.ndarray
    truth: np.ndarray

    @classmethod
    def of(cls, label: np.ndarray, probability: np.ndarray) -> Ranking:
        """Rank windows of one pattern."""
        order = np.argsort(-probability, kind="stable")
        said = probability[order]
        return cls(order, np.append(said[1:] != said[:-1], True)[: len(said)], label[order].astype(np.float64))

    def average_precision(self, weight: np.ndarray | None = None) -> float:
        """Mean precision over the recalls reached, Σ (R_k - R_{k-1}) P_k; NaN without a case.

        >>> Ranking.of(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])).average_precision()
        0.8333333333333333
        """
        weights = np.ones(len(self.order)) if weight is None else weight[self.order]
        hits = np.cumsum(weights * self.truth)[self.is_last]
        said = np.cumsum(weights)[self.is_last]
        if not len(hits) or hits[-1] <= 0.0:
            return float("nan")
        precision = np.divide(hits, said, out=np.zeros_like(hits), where=said > 0.0)
        return float((np.diff(hits, prepend=0.0) * precision).sum() / hits[-1])

    def best_threshold(self, probability: np.ndarray) -> float:
        """The probability from which on to say "present" for the highest F1; the higher one of equals."""
        hits = np.cumsum(self.truth)[self.is_last]
        said = np.flatnonzero(self.is_last) + 1.0
        best = int(np.argmax(2.0 * hits / (said + self.truth.sum())))
        return float(probability[self.order[int(said[best]) - 1]])


def precision_recall_f1(hits: float, said: float, present: float) -> tuple[float, float, float]:
    """From windows said rightly, said, and present; NaN where there is nothing to divide by.

    >>> precision_recall_f1(6, 8, 10)
    (0.75, 0.6, 0.6666666666666666)
    """
    nan = float("nan")
    return (
        hits / said if said else nan,
        hits / present if present else nan,
        2.0 * hits / (said + present) if said + present else nan,
    )

"""`InputScaling`: raw features as the small numbers a network wants, with statistics of training rows only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.models.inputs import LARGEST, bounded
from trimtab.models.preprocessing import fit_preprocessing

FARTHEST = 10.0  # deviations: an outlier says no more than this
_BLOCK = 8192  # rows scaled at once: the float64 in between stays small however long a history is


@dataclass(frozen=True)
class InputScaling:
    """(x minus `center`) times `factor`, at most 10 deviations from 0; a missing value becomes 0.

    A missing value counts as the mean and gets no column of its own: nearly all of them are the warm-up of a
    feature, where a second column per feature would double the network to tell it the age of a series.

    Attributes
    ----------
    center, factor: float64, shape (k,); the factor is 0 for a column that was constant or empty in training.
    """

    center: np.ndarray
    factor: np.ndarray

    def transform(self, features: np.ndarray) -> np.ndarray:
        """Scaled rows or windows as float32 of the same shape, C order; infinities are allowed.

        >>> InputScaling(np.array([1.0]), np.array([0.5])).transform(np.array([[3.0], [np.nan], [np.inf]]))
        array([[ 1.], [ 0.], [10.]], dtype=float32)
        """
        scaled = np.empty(features.shape, np.float32)
        for start in range(0, len(features), _BLOCK):
            with np.errstate(over="ignore"):
                block = (bounded(features[start : start + _BLOCK]) - self.center) * self.factor
            block[np.isnan(block)] = 0.0
            scaled[start : start + _BLOCK] = np.clip(block, -FARTHEST, FARTHEST)
        return scaled


def fit_scaling(features: np.ndarray) -> InputScaling:
    """Mean and deviation of each column; float64, shape (n, k), NaN and infinities are left out.

    An infinite value would make the deviation so large that every other value counted as 0.
    """
    usable = np.where(np.abs(features) < LARGEST, features, np.nan)
    learned = fit_preprocessing(usable, "standard", "mean")
    return InputScaling(learned.center, learned.factor)

"""`History`: the feature rows of every bar, which windows for sequence models are cut from.

A window is a gather of rows, made batch by batch: the table is kept once, however many windows share a row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class History:
    """Feature rows, instrument by instrument, each in order of time; N rows, k features.

    Attributes
    ----------
    features: float64, shape (N, k), C order; NaN where a feature has no value.
    first: int64, shape (N,): the row at which the instrument of each row begins.
    """

    features: np.ndarray
    first: np.ndarray

    def windows(self, position: np.ndarray, length: int) -> np.ndarray:
        """The last `length` rows up to each position, oldest first; shape (m, length, k), NaN before the beginning.

        >>> history = History(np.array([[1.0], [2.0], [7.0]]), np.array([0, 0, 2]))
        >>> history.windows(np.array([1, 2]), 2)[:, :, 0]
        array([[ 1.,  2.],
               [nan,  7.]])
        """
        rows = position[:, None] + np.arange(1 - length, 1)
        found = self.features[np.maximum(rows, 0)]
        found[rows < self.first[position][:, None]] = np.nan
        return found

"""`History`: the feature rows of every bar, which windows for sequence models are cut from.

A window is a gather of rows, made batch by batch: the table is kept once, however many windows share a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class History:
    """Feature rows, instrument by instrument, each in order of time; N rows, k features.

    Attributes
    ----------
    features: float64, shape (N, k), C order; NaN where a feature has no value.
    first: int64, shape (N,): the row at which the instrument of each row begins.
    before: float64, shape (k,): what a bar before the beginning says; absent, NaN. A transformed history says
        here what the transformation makes of a bar without any value, as it does when a model forecasts.
    """

    features: np.ndarray
    first: np.ndarray
    before: np.ndarray | None = None

    def transformed(self, transform: Callable[[np.ndarray], np.ndarray]) -> History:
        """The same bars with other features, those before the beginning included."""
        nothing = np.full((1, self.features.shape[1]), np.nan) if self.before is None else self.before[None]
        return History(np.ascontiguousarray(transform(self.features)), self.first, transform(nothing)[0])

    def windows(self, position: np.ndarray, length: int) -> np.ndarray:
        """The last `length` rows up to each position, oldest first; shape (m, length, k), `before` ahead of the first.

        >>> history = History(np.array([[1.0], [2.0], [7.0]]), np.array([0, 0, 2]))
        >>> history.windows(np.array([1, 2]), 2)[:, :, 0]
        array([[ 1.,  2.],
               [nan,  7.]])
        """
        rows = position[:, None] + np.arange(1 - length, 1)
        found = self.features[np.maximum(rows, 0)]
        found[rows < self.first[position][:, None]] = np.nan if self.before is None else self.before
        return found

"""One column of features held against what the catalogue promises of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from trimtab.features.catalogue import Feature, catalogue
from trimtab.features.engine import FeatureBlock


@dataclass(frozen=True)
class JudgedColumn:
    """The rows of one feature after its look-back.

    Attributes
    ----------
    feature: as in the catalogue.
    first_row: where they begin in the block.
    present: rows with a number, infinite ones too, bool, shape (n - first_row,).
    infinite, outside: those that are infinite, or finite and outside the declared bounds, same shape.
    """

    feature: Feature
    first_row: int
    present: np.ndarray
    infinite: np.ndarray
    outside: np.ndarray

    @property
    def missing(self) -> int:
        """Rows without a number although the feature never goes without one."""
        return 0 if self.feature.unknown_when else int(len(self.present) - self.present.sum())

    @property
    def expected(self) -> np.ndarray:
        """Rows that should have a number: all, but where a reason excuses its absence only those that have one."""
        return self.present if self.feature.unknown_when else np.ones(len(self.present), bool)

    @property
    def good(self) -> np.ndarray:
        """Rows with a finite number inside the bounds."""
        return self.present & ~self.infinite & ~self.outside


def judged_columns(block: FeatureBlock, rows_before: int = 0) -> Iterator[JudgedColumn]:
    """Every column of a block whose first row has `rows_before` rows of history before it."""
    known = catalogue()
    for column, name in enumerate(block.names):
        feature = known[name]
        first_row = min(max(feature.lookback - rows_before, 0), len(block))
        values = block.values[first_row:, column]
        infinite = np.isinf(values)
        yield JudgedColumn(feature, first_row, ~np.isnan(values), infinite, _outside(values, feature) & ~infinite)


def _outside(values: np.ndarray, feature: Feature) -> np.ndarray:
    low, high = feature.bounds
    outside = np.zeros(len(values), bool)
    if low is not None:
        outside |= values < low
    if high is not None:
        outside |= values > high
    return outside

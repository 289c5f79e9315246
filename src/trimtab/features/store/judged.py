"""One column of features held against what the catalogue promises of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from trimtab.features.catalogue import Feature, catalogue
from trimtab.features.engine import FeatureBlock


@dataclass(frozen=True)
class JudgedColumn:
    """All rows of one feature; arrays are bool, shape (n,).

    Attributes
    ----------
    feature: as in the catalogue.
    first_row: the first row after the look-back; in those before it there must be no number.
    present: rows with a number, infinite ones too.
    infinite, outside: those that are infinite, or finite and outside the declared bounds.
    """

    feature: Feature
    first_row: int
    present: np.ndarray
    infinite: np.ndarray
    outside: np.ndarray

    @property
    def after(self) -> np.ndarray:
        """Rows after the look-back."""
        return np.arange(len(self.present)) >= self.first_row

    @property
    def early(self) -> int:
        """Rows inside the look-back that have a number although there cannot be one yet."""
        return int(self.present[: self.first_row].sum())

    @property
    def missing(self) -> int:
        """Rows after the look-back without a number although the feature never goes without one."""
        return 0 if self.feature.unknown_when else int((~self.present[self.first_row :]).sum())

    @property
    def expected(self) -> np.ndarray:
        """Rows that should have a number: all after the look-back, but where a reason excuses its absence those that have one."""
        return self.after & self.present if self.feature.unknown_when else self.after

    @property
    def good(self) -> np.ndarray:
        """Rows after the look-back with a finite number inside the bounds."""
        return self.after & self.present & ~self.infinite & ~self.outside


def judged_columns(block: FeatureBlock, rows_before: int = 0) -> Iterator[JudgedColumn]:
    """Every column of a block whose first row has `rows_before` rows of history before it."""
    known = catalogue()
    for column, name in enumerate(block.names):
        feature, values = known[name], block.values[:, column]
        first_row = min(max(feature.lookback - rows_before, 0), len(block))
        infinite = np.isinf(values)
        outside = outside_bounds(values, feature) & ~infinite
        yield JudgedColumn(feature, first_row, ~np.isnan(values), infinite, outside)


def outside_bounds(values: np.ndarray, feature: Feature) -> np.ndarray:
    """Values below or above the bounds of a feature, bool; never those that are absent.

    The float32 nearest to a bound is inside: a value on the bound becomes it in a table that is float32 at
    rest, and rounding keeps the order, so no other value is carried over a bound.
    """
    low, high = feature.bounds
    outside = np.zeros(len(values), bool)
    if low is not None:
        outside |= (values < low) & (values != np.float32(low))
    if high is not None:
        outside |= (values > high) & (values != np.float32(high))
    return outside

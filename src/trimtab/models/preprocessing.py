"""Scaling and imputation, learned from training rows only.

`trimtab.models.preprocessed` puts them inside a model, so that every fold learns its own. Which
columns are kept is the matter of `trimtab.models.selection`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from trimtab.errors import ArtifactError, UnknownNameError
from trimtab.storage.hashing import canonical_json

Scaling = Literal["none", "standard", "min_max", "robust"]
Imputation = Literal["none", "zero", "mean", "median"]

FILE = "preprocessing.json"
# Columns whose values differ by less than this share of their size differ by rounding only.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Preprocessing:
    """(x with NaN replaced by `fill`, minus `center`) times `factor`, column by column.

    Attributes
    ----------
    center, factor: float64, shape (k,). A factor of 0 makes the column 0 whatever comes later.
    fill: float64, shape (k,): what a missing value counts as, in raw units; NaN keeps it missing.
    """

    center: np.ndarray
    factor: np.ndarray
    fill: np.ndarray

    def transform(self, features: np.ndarray) -> np.ndarray:
        """New rows of the same shape, k in the last place; each value depends on its own column and row only."""
        return np.asarray((np.where(np.isnan(features), self.fill, features) - self.center) * self.factor)

    def take(self, columns: np.ndarray) -> Preprocessing:
        """What was learned of some columns, by position."""
        return Preprocessing(self.center[columns], self.factor[columns], self.fill[columns])

    def to_bytes(self, feature_names: Sequence[str]) -> bytes:
        """The names of the columns and their numbers as JSON, floats exact; a fill of NaN is written as null."""
        fill = [None if np.isnan(value) else value for value in self.fill.tolist()]
        numbers = {"center": self.center.tolist(), "factor": self.factor.tolist(), "fill": fill}
        return canonical_json({"selected": list(feature_names), **numbers}).encode()

    @classmethod
    def from_bytes(cls, content: bytes, feature_names: Sequence[str]) -> Preprocessing:
        """Read the numbers back; `ArtifactError` when they are damaged or of other columns."""
        try:
            values = json.loads(content)
            selected = values["selected"]
            columns = [np.array(values[name], dtype=np.float64) for name in ("center", "factor", "fill")]
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise ArtifactError(f"the model's {FILE} is damaged ({error!r}); train the model again") from error
        if selected != list(feature_names) or any(column.shape != (len(selected),) for column in columns):
            raise ArtifactError(
                f"the model's {FILE} has not one number for each feature of the model inside; train the model again"
            )
        if not all(np.isfinite(column).all() for column in columns[:2]):
            raise ArtifactError(f"the model's {FILE} scales by what is no number; train the model again")
        return cls(*columns)


def fit_preprocessing(features: np.ndarray, scaling: Scaling, imputation: Imputation) -> Preprocessing:
    """Learn scaling and imputation from training rows; shape (n, k), NaN where a value is missing.

    standard: mean 0, deviation 1 (ddof 0); min_max: 0 to 1; robust: median 0, interquartile range 1,
    or the deviation where the quartiles coincide. Statistics ignore missing values. With any
    scaling but "none", a column that is constant in training (rounding aside) or has no value
    there becomes 0 for ever: it taught the model nothing. A missing value of a column without
    any value counts as 0.

    >>> learned = fit_preprocessing(np.array([[1.0, 7.0], [3.0, 7.0], [np.nan, 7.0]]), "standard", "mean")
    >>> learned.transform(np.array([[3.0, 9.0], [np.nan, 7.0]]))
    array([[1., 0.],
           [0., 0.]])
    """
    check_choices(scaling, imputation)
    columns = [_fit_column(features[:, j], scaling, imputation) for j in range(features.shape[1])]
    center, factor, fill = np.array(columns, dtype=np.float64).reshape(-1, 3).T
    return Preprocessing(center.copy(), factor.copy(), fill.copy())


def _fit_column(column: np.ndarray, scaling: Scaling, imputation: Imputation) -> tuple[float, float, float]:
    """Center, factor and fill of one column."""
    values = column[~np.isnan(column)]
    fill = _fill(values, imputation)
    if scaling == "none":
        return 0.0, 1.0, fill
    if len(values) == 0:
        return 0.0, 0.0, fill
    if values.max() - values.min() <= ROUNDING * np.abs(values).max():
        return float(values[0]), 0.0, fill
    center, spread = _center_and_spread(values, scaling)
    return center, 1.0 / max(spread, np.finfo(np.float64).tiny), fill


def _fill(values: np.ndarray, imputation: Imputation) -> float:
    if imputation == "none":
        return float("nan")
    if imputation == "zero" or len(values) == 0:
        return 0.0
    return float(values.mean() if imputation == "mean" else np.median(values))


def _center_and_spread(values: np.ndarray, scaling: Scaling) -> tuple[float, float]:
    if scaling == "min_max":
        return float(values.min()), float(values.max() - values.min())
    if scaling == "robust":
        low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
        return float(middle), float(high - low) if high > low else float(values.std())
    return float(values.mean()), float(values.std())


def check_choices(scaling: str, imputation: str) -> None:
    """Raise `UnknownNameError` for a scaling or imputation there is not."""
    if scaling not in get_args(Scaling):
        raise UnknownNameError("scaling", scaling, get_args(Scaling))
    if imputation not in get_args(Imputation):
        raise UnknownNameError("imputation", imputation, get_args(Imputation))

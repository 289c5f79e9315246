"""What every family asks of its inputs, said once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit

from trimtab.datasets import Dataset
from trimtab.datasets.weights import counted_rows
from trimtab.errors import DatasetError, FeatureError, NotEnoughDataError

# The boosters and forests compute in float32: a larger number would become infinite there.
LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class TrainingRows:
    """The rows a family learns from: those with a positive weight.

    Attributes
    ----------
    features: float64, shape (n, k), finite or NaN.
    target, weight: float64, shape (n,); the weights are 1.0 on average.
    """

    features: np.ndarray
    target: np.ndarray
    weight: np.ndarray


def training_rows(dataset: Dataset) -> TrainingRows:
    """The usable rows of a dataset.

    Rows of weight zero are left out altogether: a booster would ignore them in its sums, but
    still let them choose its histogram bins. The others get weights that are 1.0 on average over these rows: a
    penalty weighs against the sum of weights, so a fold of a dataset in which old rows count little would
    otherwise be judged with a stronger one than the model that was trained on that day. What was restated later
    than the last label here still counts in full (`counted_rows`). Raises `NotEnoughDataError` without rows, or when
    a classification has one class only; `DatasetError` for a target or weight that is no number.
    """
    if not (np.isfinite(dataset.target).all() and np.isfinite(dataset.weight).all()) or (dataset.weight < 0).any():
        raise DatasetError(
            "training targets must be numbers and weights must be numbers from 0 up; build the dataset again"
        )
    rows = counted_rows(dataset)
    _check_target(rows.target, rows.task)
    return TrainingRows(bounded(rows.features), rows.target, rows.weight)


def checked_features(
    features: np.ndarray, feature_names: Sequence[str], window: int = 1, *, any_order: bool = False
) -> np.ndarray:
    """Inputs to forecast as C-ordered float64, infinities bounded; `FeatureError` for another shape.

    Their shape is (n, k), or (n, window, k) for a model that looks at several bars. With `any_order` a table
    in Fortran order stays so: turning it round takes as long as a small model takes to read it.
    """
    rows = np.asarray(features, dtype=np.float64)
    wanted = (len(feature_names),) if window == 1 else (window, len(feature_names))
    if rows.ndim != 1 + len(wanted) or rows.shape[1:] != wanted:
        shape = "(rows, features)" if window == 1 else f"(rows, {window} bars, features)"
        raise FeatureError(
            f"rows of shape {rows.shape} were given, the model was trained on {len(feature_names)} features; "
            f"give an array of shape {shape} with the model's feature_names in their order"
        )
    rows = bounded(rows)
    return rows if any_order and rows.flags.f_contiguous else np.ascontiguousarray(rows)


def bounded(features: np.ndarray) -> np.ndarray:
    """Values beyond the range of float32, infinities among them, moved to its ends; NaN stays.

    Without such a value the very array that was given: tables are large, and nearly all have none.

    >>> bounded(np.array([np.inf, 1.0])).astype(np.float32)
    array([3.4028235e+38, 1.0000000e+00], dtype=float32)
    """
    flat = features.ravel(order="K") if features.flags.forc else features.ravel()
    if _is_bounded(flat):
        return features
    return np.minimum(np.maximum(features, -LARGEST), LARGEST)


@njit(cache=True, nogil=True)
def _is_bounded(values):  # type: ignore[no-untyped-def]  # numba infers types
    for value in values:  # noqa: SIM110 - numba has no generators; a NaN is not beyond anything
        if value > LARGEST or value < -LARGEST:
            return False
    return True


def _check_target(target: np.ndarray, task: str) -> None:
    if len(target) == 0:
        raise NotEnoughDataError("there is no training row with a positive weight; give more samples")
    if task == "regression":
        return
    classes = np.unique(target)
    if not np.isin(classes, (0.0, 1.0)).all():
        raise DatasetError(f"a classification target is 0 or 1, not {classes[:4].tolist()}; use the task 'regression'")
    if len(classes) < 2:
        raise NotEnoughDataError(
            f"all {len(target)} training rows have the target {classes[0]:g}; both classes are needed, train on a longer history"
        )

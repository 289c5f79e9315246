"""Whole paths through time, put together from the folds of a combinatorial split.

Every group of time is judged in several folds, each by a model trained on other groups. Taking each group from
one of them gives a path over all of the time, as one backtest would; there are as many as folds per group, and
their spread says how much the result of one path hangs on what the models were trained on. All paths judge the same
outcomes, so the spread is no standard error: what other outcomes would have given, it cannot show.

Source: López de Prado, Advances in Financial Machine Learning (2018), chapter 12; the order is skfolio's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trimtab.datasets import Dataset
from trimtab.validation.splitters.combinatorial import CombinatorialPurged


@dataclass(frozen=True)
class Path:
    """One path over all of the time.

    Attributes
    ----------
    folds: int64, shape (n groups,): the fold, from 0, that judges each group of time.
    row: int64, every row position of the dataset, increasing.
    value: float64, the forecast of each row by the model of its group's fold.
    """

    folds: np.ndarray
    row: np.ndarray
    value: np.ndarray


def recombined_paths(n_folds: int, n_test_folds: int) -> np.ndarray:
    """Which fold supplies each group to each path; int64, shape (n_folds, n_paths), folds from 0.

    The folds that judge a group are handed to the paths in order, so every forecast is used exactly once.

    >>> recombined_paths(4, 2)
    array([[0, 1, 2],
           [0, 3, 4],
           [1, 3, 5],
           [2, 4, 5]])
    """
    splitter = CombinatorialPurged(n_folds, n_test_folds)
    judged = np.zeros((n_folds, splitter.n_splits), bool)
    for number, groups in enumerate(splitter.test_groups):
        judged[list(groups), number] = True
    return np.nonzero(judged)[1].reshape(n_folds, splitter.n_paths)


def assemble_paths(splitter: CombinatorialPurged, dataset: Dataset, values: Sequence[np.ndarray]) -> list[Path]:
    """The paths of the forecasts of every fold.

    `values` are the forecasts of each fold of `splitter.split(dataset)`, in its order, each for the fold's test
    rows in their order.
    """
    lengths = [len(rows) for rows in splitter.groups(dataset)]
    said: dict[tuple[int, int], np.ndarray] = {}
    for number, (chosen, forecasts) in enumerate(zip(splitter.test_groups, values, strict=True)):
        ends = np.cumsum([lengths[group] for group in chosen])  # test rows are in order of time, group after group
        said |= {(number, group): part for group, part in zip(chosen, np.split(forecasts, ends[:-1]), strict=True)}
    row = np.arange(len(dataset), dtype=np.int64)
    return [
        Path(supplied, row, np.concatenate([said[number, group] for group, number in enumerate(supplied)]))
        for supplied in recombined_paths(splitter.n_folds, splitter.n_test_folds).T
    ]

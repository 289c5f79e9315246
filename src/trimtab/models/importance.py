"""Permutation importance: how much worse a forecast gets when a feature is shuffled.

Breiman, "Random Forests", 2001. Correlated features stand in for one another, so shuffling one
of them says little: they are shuffled together, as a group.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from trimtab.datasets import Dataset
from trimtab.models.forecasting import inputs_of
from trimtab.models.protocol import FittedForecaster

Metric = Callable[[np.ndarray, np.ndarray], float]


@dataclass(frozen=True)
class GroupImportance:
    """What shuffling one group of features costs.

    Attributes
    ----------
    features: the names of the group.
    drop: metric on the rows as they are minus metric with the group shuffled, mean of the repeats.
    spread: standard deviation of the repeats (ddof 0).
    """

    features: tuple[str, ...]
    drop: float
    spread: float


def permutation_importance(
    fitted: FittedForecaster,
    dataset: Dataset,
    metric: Metric,
    *,
    seed: int,
    n_repeats: int = 5,
    max_correlation: float = 0.9,
) -> tuple[GroupImportance, ...]:
    """Importance on given rows, which should not be the training rows; the largest drop first.

    `metric(target, forecast)` must be larger for a better forecast. An undefined metric (a
    forecast that became constant) counts as 0, the value of a forecast without skill.
    """
    rng = np.random.default_rng(seed)
    inputs = inputs_of(fitted, dataset)
    base = _score(fitted, inputs, dataset.target, metric)
    found = []
    for group in correlated_groups(dataset.features, max_correlation):
        scores = np.array(
            [_shuffled_score(fitted, inputs, dataset.target, group, metric, rng) for _ in range(n_repeats)]
        )
        names = tuple(dataset.feature_names[j] for j in group)
        found.append(GroupImportance(names, float(base - scores.mean()), float(scores.std())))
    return tuple(sorted(found, key=lambda group: (-group.drop, group.features)))


def share_by_feature(groups: Sequence[GroupImportance]) -> dict[str, float]:
    """Shares that sum to 1: a group's drop is divided evenly among its features; a gain counts as 0.

    >>> share_by_feature([GroupImportance(("a", "b"), 3.0, 0.0), GroupImportance(("c",), 1.0, 0.0)])
    {'a': 0.375, 'b': 0.375, 'c': 0.25}
    """
    total = sum(max(group.drop, 0.0) for group in groups)
    if not total > 0:
        return {}
    return {name: max(g.drop, 0.0) / total / len(g.features) for g in groups for name in g.features}


def correlated_groups(features: np.ndarray, max_correlation: float) -> list[list[int]]:
    """Columns joined by chains of absolute correlations above a limit; every column in one group.

    Missing values count as their column's mean; a constant column stands alone.

    >>> x = np.array([0.0, 1.0, 2.0, 3.0])
    >>> correlated_groups(np.column_stack([x, [1.0, 0.0, 0.0, 1.0], -x]), 0.9)
    [[0, 2], [1]]
    """
    known = ~np.isnan(features)
    counts = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, features, 0.0).sum(axis=0) / counts
    centred = np.where(known, features - mean, 0.0)
    norm = np.sqrt((centred**2).sum(axis=0))
    unit = np.divide(centred, norm, out=np.zeros_like(centred), where=norm > 0)
    linked = csr_array(np.abs(unit.T @ unit) > max_correlation)
    _, label = connected_components(linked, directed=False)
    groups: dict[int, list[int]] = {}
    for column, number in enumerate(label.tolist()):
        groups.setdefault(number, []).append(column)
    return sorted(groups.values())


def _shuffled_score(
    fitted: FittedForecaster,
    inputs: np.ndarray,
    target: np.ndarray,
    group: list[int],
    metric: Metric,
    rng: np.random.Generator,
) -> float:
    shuffled = inputs.copy(order="F")
    order = rng.permutation(len(inputs))
    shuffled[..., group] = inputs[..., group][order]
    return _score(fitted, shuffled, target, metric)


def _score(fitted: FittedForecaster, inputs: np.ndarray, target: np.ndarray, metric: Metric) -> float:
    value = metric(target, fitted.predict(inputs).value)
    return float(value) if np.isfinite(value) else 0.0

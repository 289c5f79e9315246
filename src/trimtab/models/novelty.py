"""Novelty: how far an input lies from the rows a model was trained on; 1 is their edge.

Rows are scaled robustly and looked at in two ways that process monitoring has used since Jackson and Mudholkar
("Control procedures for residuals associated with principal component analysis", 1979): how far they lie along the
directions in which training rows vary most (Hotelling's T²), and how far off these directions, where features that
always moved together no longer do (Q). A third way counts missing values. Each is divided by what the training
rows reach, and the largest of the three is the novelty.

The edge is the 99th percentile over training rows, each judged by what was learnt from the other parts of time: a
row always lies close to rows of its own week.

FreqAI's dissimilarity index divides the distance to the nearest training row by the mean distance between training
rows. It keeps all rows and compares with each, and its threshold is left to the user; here a model keeps a few
directions, a row costs the same however long the training was, and the threshold has a meaning. In return it sees
one cloud of training rows: a gap between two clusters is inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from trimtab.datasets import Dataset
from trimtab.datasets.purging import purged_parts
from trimtab.errors import ArtifactError

EDGE = 0.99  # share of the training rows that lie inside
MOST_DIRECTIONS = 16
USUAL_MISSING = 0.05  # a dataset lets this share of a row be missing
ORDINARY = 5.0  # deviations; what lies beyond neither tilts the directions nor
LARGEST = 1e6  # counts for more than this many
MOST_ROWS = 4096  # more of them, spread over the time, say nothing new about medians and directions
BATCH = 1024  # rows projected at once: 1,024 x 16 directions x 200 features are 26 MB


@dataclass(frozen=True)
class Novelty:
    """What training rows looked like.

    Attributes
    ----------
    center, scale: float64, shape (k,): median and robust deviation of every feature.
    directions: float64, shape (r, k): unit vectors, the one with the largest variance first.
    variance: float64, shape (r,): of the scaled training rows along each direction.
    edges: float64, shape (3,): what T², Q and the count of missing values are divided by.
    """

    center: np.ndarray
    scale: np.ndarray
    directions: np.ndarray
    variance: np.ndarray
    edges: np.ndarray

    def of(self, rows: np.ndarray) -> np.ndarray:
        """The novelty of feature rows, shape (n, k), NaN where missing; float64, shape (n,), in [0, inf)."""
        return (self.distances(rows) / self.edges).max(axis=1)

    def distances(self, rows: np.ndarray) -> np.ndarray:
        """T², Q and the count of missing values of every row; float64, shape (n, 3)."""
        starts = range(0, max(len(rows), 1), BATCH)
        return np.concatenate([self._distances(rows[start : start + BATCH]) for start in starts])

    def _distances(self, rows: np.ndarray) -> np.ndarray:
        missing = np.isnan(rows)
        scaled = _scaled(rows, self.center, self.scale)
        # Not BLAS: its sums depend on how many rows come together, these do not.
        along = (scaled[:, None, :] * self.directions).sum(axis=2)
        off = (scaled * scaled).sum(axis=1) - (along * along).sum(axis=1)
        far = (along * along / self.variance).sum(axis=1)
        return np.column_stack([far, np.maximum(off, 0.0), missing.sum(axis=1)])

    def arrays(self) -> dict[str, np.ndarray]:
        """What was learnt, by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def fit_novelty(dataset: Dataset, n_parts: int) -> Novelty:
    """Learn from the rows of a dataset, the edge from purged parts of them."""
    learnt = _learn(dataset.features)
    unseen = np.empty((len(dataset), 3))
    for train, test in purged_parts(dataset, n_parts):
        unseen[test] = _learn(dataset.features[train]).distances(dataset.features[test])
    least = np.array([1e-9, 1e-9, max(1.0, USUAL_MISSING * dataset.features.shape[1])])
    edges = np.maximum(np.quantile(unseen, EDGE, axis=0), least)
    # A row need only lie outside in one way, so the three edges together let too many out: widen them alike.
    together = float(np.quantile((unseen / edges).max(axis=1), EDGE))
    return replace(learnt, edges=edges * max(together, 1e-9))


def _learn(features: np.ndarray) -> Novelty:
    """Everything but the edges."""
    if len(features) > MOST_ROWS:
        features = features[np.linspace(0, len(features) - 1, MOST_ROWS).round().astype(np.int64)]
    center, scale = _robust(features)
    scaled = np.clip(_scaled(features, center, scale), -ORDINARY, ORDINARY)
    n_directions = max(1, min(MOST_DIRECTIONS, features.shape[1] // 2))
    # One BLAS thread: sums in one order give one result.
    with threadpool_limits(limits=1, user_api="blas"):
        variance, vectors = np.linalg.eigh(scaled.T @ scaled / len(scaled))
    variance, directions = variance[::-1][:n_directions], vectors.T[::-1][:n_directions]
    largest = directions[np.arange(n_directions), np.abs(directions).argmax(axis=1)]
    directions = np.ascontiguousarray(directions * np.sign(largest)[:, None])
    return Novelty(center, scale, directions, np.maximum(variance, 1e-6), np.ones(3))


def _scaled(rows: np.ndarray, center: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """In robust deviations; a missing value counts as the median."""
    with np.errstate(over="ignore"):
        scaled = (np.where(np.isnan(rows), center, rows) - center) / scale
    return np.ascontiguousarray(np.clip(scaled, -LARGEST, LARGEST))


def _robust(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Median and deviation of every column between its 0.5 % and 99.5 % quantiles; 0 and 1 of an empty one.

    The quartiles would call every event of a pattern that is rare a surprise without end.
    """
    center, scale = np.zeros(features.shape[1]), np.ones(features.shape[1])
    for j, column in enumerate(features.T):
        known = column[~np.isnan(column)]
        if len(known) == 0:
            continue
        low, center[j], high = np.quantile(known, (0.005, 0.5, 0.995))
        deviation = np.clip(known, low, high).std() or known.std()
        # A constant column: a change by its own size, or by 1, is a surprise.
        scale[j] = deviation if deviation > 0.0 else max(abs(center[j]), 1.0)
    return center, scale


def novelty_from(arrays: Mapping[str, np.ndarray], n_features: int) -> Novelty:
    """A novelty from its arrays; `ArtifactError` when they cannot be one."""
    try:
        found = Novelty(**{each.name: arrays[each.name] for each in fields(Novelty)})
    except KeyError as error:
        raise ArtifactError(f"the model's novelty lacks {error}; train the model again") from error
    r = len(found.variance)
    shapes = (found.center.shape, found.scale.shape, found.directions.shape, found.variance.shape, found.edges.shape)
    if shapes != ((n_features,), (n_features,), (r, n_features), (r,), (3,)):
        raise ArtifactError(f"the model's novelty has arrays of shapes {shapes}; train the model again")
    if min(found.scale.min(), found.variance.min(initial=1.0), found.edges.min()) <= 0.0:
        raise ArtifactError("the model's novelty has a deviation that is not above zero; train the model again")
    return found

"""`Trees`: the decision trees of a forest as flat arrays, and the kernel that walks them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from safetensors import SafetensorError
from safetensors.numpy import load as read_tensors
from safetensors.numpy import save as write_tensors

from trimtab.errors import ArtifactError

_TYPES = {
    "root": np.int32, "left": np.int32, "right": np.int32, "feature": np.int32,
    "threshold": np.float64, "missing_left": np.uint8, "value": np.float64, "importance": np.float64,
}  # fmt: skip
LEAF = -1


@dataclass(frozen=True)
class Trees:
    """All nodes of all trees one after the other; t trees, m nodes, k features.

    Attributes
    ----------
    root: int32, shape (t,): the node each tree starts at.
    left, right: int32, shape (m,): children, always at a later position; `LEAF` in a leaf.
    feature: int32, shape (m,): the column a node looks at; 0 in a leaf.
    threshold: float64, shape (m,): values up to it go left, compared as float32.
    missing_left: uint8, shape (m,): 1 where a missing value goes left.
    value: float64, shape (m,): what a leaf says: the share of class 1, or the mean.
    importance: float64, shape (k,): mean decrease of impurity, summing to 1; zeros without splits.
    """

    root: np.ndarray
    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    missing_left: np.ndarray
    value: np.ndarray
    importance: np.ndarray

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """The mean over the trees; rows are finite or NaN, shape (n, k); result float64 (n,)."""
        narrow = np.ascontiguousarray(rows, dtype=np.float32)  # scikit-learn's trees compare float32
        columns = (self.root, self.left, self.right, self.feature, self.threshold, self.missing_left, self.value)
        return _walk(narrow, columns)

    def to_bytes(self) -> bytes:
        """The arrays as safetensors; equal trees give equal bytes."""
        return write_tensors({name: np.ascontiguousarray(getattr(self, name)) for name in _TYPES})


def flatten(forest: Any) -> Trees:
    """The trees of a fitted scikit-learn forest (binary classifier or one-output regressor)."""
    trees = [estimator.tree_ for estimator in forest.estimators_]
    counts = np.array([tree.node_count for tree in trees])
    root = np.concatenate([[0], np.cumsum(counts)[:-1]])

    def gather(name: str) -> np.ndarray:
        return np.concatenate([getattr(tree, name) for tree in trees])

    def children(name: str) -> np.ndarray:
        raw = gather(name)
        return np.where(raw < 0, LEAF, raw + np.repeat(root, counts))

    columns = {
        "root": root,
        "left": children("children_left"),
        "right": children("children_right"),
        "feature": np.maximum(gather("feature"), 0),
        "threshold": gather("threshold"),
        "missing_left": gather("missing_go_to_left"),
        "value": gather("value")[:, 0, -1],
        "importance": forest.feature_importances_,
    }
    return Trees(**{name: np.ascontiguousarray(columns[name], dtype=kind) for name, kind in _TYPES.items()})


def trees_from_bytes(content: bytes, n_features: int) -> Trees:
    """Read trees back; `ArtifactError` unless walking them is safe and ends.

    The kernel does not check bounds, so every index is checked here, and children must come
    after their parent, which rules out a walk without end.
    """
    try:
        arrays = read_tensors(content)
    except SafetensorError as error:
        raise ArtifactError(f"the forest's trees are no safetensors file ({error}); train the model again") from error
    problem = _problem(arrays, n_features)
    if problem:
        raise ArtifactError(f"the forest's trees are damaged: {problem}; train the model again")
    return Trees(**arrays)


def _problem(arrays: dict[str, np.ndarray], n_features: int) -> str:
    """What is wrong with arrays read from a file; empty when nothing is."""
    if {name: array.dtype for name, array in arrays.items()} != {n: np.dtype(t) for n, t in _TYPES.items()}:
        return "their names or types differ"
    per_node = [array.shape for name, array in arrays.items() if name not in ("root", "importance")]
    if len(set(per_node)) != 1 or len(per_node[0]) != 1 or arrays["importance"].shape != (n_features,):
        return f"their lengths differ, or they are not over {n_features} features"
    return _bad_index(arrays, n_features)


def _bad_index(arrays: dict[str, np.ndarray], n_features: int) -> str:
    n_nodes, root, feature = len(arrays["value"]), arrays["root"], arrays["feature"]
    inner = np.flatnonzero(arrays["left"] != LEAF)
    if root.ndim != 1 or len(root) == 0 or root.min() < 0 or root.max() >= n_nodes:
        return "a tree starts outside its nodes"
    for child in (arrays["left"][inner], arrays["right"][inner]):
        if (child <= inner).any() or (child >= n_nodes).any():
            return "a child is not after its parent"
    if (feature < 0).any() or (feature >= n_features).any():
        return f"a node looks at a column that is not one of {n_features}"
    return ""


@njit(cache=True)
def _walk(rows, trees):  # type: ignore[no-untyped-def]  # numba infers types
    root, left, right, feature, threshold, missing_left, value = trees
    n_trees = root.shape[0]
    result = np.empty(rows.shape[0], dtype=np.float64)
    for i in range(rows.shape[0]):
        total = 0.0
        for tree in range(n_trees):
            node = root[tree]
            while left[node] != LEAF:
                x = rows[i, feature[node]]
                goes_left = missing_left[node] == 1 if np.isnan(x) else x <= threshold[node]
                node = left[node] if goes_left else right[node]
            total += value[node]
        result[i] = total / n_trees
    return result

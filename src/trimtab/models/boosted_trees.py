"""`BoostedTrees`: the trees of a booster as flat arrays, and the kernel that walks them.

One row through the library's own call costs 40 to 250 µs, most of it before the first tree; this kernel takes
less than the walk itself takes there. It also means that a stored file is never handed to a native parser:
it is read by the checking readers of `lightgbm_text` and `ubjson`, and walked here.

Sums are made tree by tree in the precision of the library (double in LightGBM, single in XGBoost), so forecasts
are those of the library to the last bit or next to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numba import njit

Output = Literal["identity", "logistic"]
LEAF = -1
_BLOCK = 64  # rows that go through one tree together, so that its nodes stay in the cache


@dataclass(frozen=True)
class Tree:
    """One tree as a library numbers its nodes, the root at 0; m nodes.

    Attributes
    ----------
    left, right: int, shape (m,): children; `LEAF` in a leaf.
    feature: int, shape (m,): the column a node looks at; any number in a leaf.
    threshold: shape (m,): where a node splits, or what a leaf says.
    missing_left: bool, shape (m,): whether a missing value goes left.
    """

    left: np.ndarray
    right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    missing_left: np.ndarray


@dataclass(frozen=True)
class BoostedTrees:
    """All trees, the two children of a node side by side, so that a step reads one place; m nodes.

    Attributes
    ----------
    n_trees: the roots are the first nodes.
    left: int32, shape (m,): the left child, the right one follows it; `LEAF` in a leaf.
    feature: int32, shape (m,): the column.
    missing_left: uint8, shape (m,).
    threshold: float64 or float32, shape (m,): where a node splits, or what a leaf says.
    start: what the sum begins with, in the type of `threshold`.
    is_closed: whether a value equal to the threshold goes left (LightGBM), or right (XGBoost).
    output: what is made of the sum: nothing, or 1 / (1 + exp(-sum)).
    """

    n_trees: int
    left: np.ndarray
    feature: np.ndarray
    missing_left: np.ndarray
    threshold: np.ndarray = field(repr=False)
    start: np.floating
    is_closed: bool
    output: Output

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Rows of shape (n, k), C or Fortran order, finite or NaN; float64, shape (n,)."""
        narrow = rows.astype(self.threshold.dtype, copy=False)
        nodes = (self.left, self.feature, self.missing_left, self.threshold)
        return _walk(narrow, self.n_trees, nodes, self.start, self.is_closed, self.output == "logistic")


def lay_out(
    trees: Sequence[Tree], kind: type[np.floating], start: float, *, is_closed: bool, output: Output
) -> BoostedTrees:
    """Put the nodes of all trees level by level, brothers side by side. Every tree must be walkable.

    Raises `ValueError` when a leaf says no finite number.

    >>> no_split = np.array([LEAF])
    >>> one = Tree(no_split, no_split, np.array([0]), np.array([0.25]), np.array([False]))
    >>> lay_out([one, one], np.float64, 0.5, is_closed=True, output="identity").predict(np.zeros((1, 3)))
    array([1.])
    """
    sizes = np.array([len(tree.left) for tree in trees])
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    column = {name: np.concatenate([getattr(tree, name) for tree in trees]) for name in Tree.__dataclass_fields__}
    if not np.isfinite(column["threshold"][column["left"] == LEAF]).all():
        raise ValueError("a leaf says no number")
    offset = np.repeat(roots, sizes)
    order, left, level, placed = [roots], np.full(int(sizes.sum()), LEAF), roots, len(trees)
    while len(level):
        inner = level[column["left"][level] != LEAF]
        left[inner] = placed + 2 * np.arange(len(inner))
        pairs = [column[side][inner] + offset[inner] for side in ("left", "right")]
        level = np.stack(pairs, axis=1).ravel()
        order.append(level)
        placed += len(level)
    found = np.concatenate(order)
    return BoostedTrees(
        n_trees=len(trees),
        left=left[found].astype(np.int32),
        feature=np.maximum(column["feature"][found], 0).astype(np.int32),
        missing_left=column["missing_left"][found].astype(np.uint8),
        threshold=column["threshold"][found].astype(kind),
        start=kind(start),
        is_closed=is_closed,
        output=output,
    )


@njit(cache=True, nogil=True)
def _walk(rows, n_trees, nodes, start, is_closed, is_logistic):  # type: ignore[no-untyped-def]  # numba infers types
    left, feature, missing_left, threshold = nodes
    n = rows.shape[0]
    total = np.full(n, start, dtype=threshold.dtype)
    for first in range(0, n, _BLOCK):
        for tree in range(n_trees):
            for i in range(first, min(first + _BLOCK, n)):
                node = tree
                while left[node] != LEAF:
                    x = rows[i, feature[node]]
                    split = threshold[node]
                    goes_left = missing_left[node] == 1 if np.isnan(x) else x < split or (is_closed and x == split)
                    node = left[node] + (0 if goes_left else 1)
                total[i] += threshold[node]
    if is_logistic:
        one = start - start + 1  # 1 in the type of the sum
        for i in range(n):
            total[i] = one / (one + np.exp(-total[i]))
    return total.astype(np.float64)

"""Checking LightGBM's model text before LightGBM reads it: its parser trusts indices and lengths.

Measured with three random bytes changed: without this check the parser, or a walk along a tree
that leads back to itself, crashed or hung the process.
"""

from __future__ import annotations

import re

import numpy as np

_SECTION = re.compile(r"^Tree=(\d+)\n(.*?)\n\n", re.MULTILINE | re.DOTALL)
# Columns of a tree: whole numbers or not, and whether there is one per leaf or one per split.
_COLUMNS = {
    "split_feature": (int, "split"),
    "threshold": (float, "split"),
    "decision_type": (int, "split"),
    "left_child": (int, "split"),
    "right_child": (int, "split"),
    "leaf_value": (float, "leaf"),
}
# A number split is 0, 2, 8 or 10 (missing: none or NaN; default left or right); nothing here is categorical.
_CATEGORICAL = 1


def check_text(text: str, n_features: int) -> None:
    """Raise `ValueError` unless the text is a whole model whose trees can be walked safely."""
    header, _, body = text.partition("\n\n")
    fields = _fields(header)
    if fields.get("max_feature_idx") != str(n_features - 1) or fields.get("num_class") != "1":
        raise ValueError(f"its header is not that of one output over {n_features} features")
    sizes = _numbers(fields.get("tree_sizes", ""), int)
    trees, separator, _ = body.partition("end of trees")
    if not separator or sizes.sum() != len(trees.encode().rstrip(b"\n")) + 2:
        # The text after the last tree ends with two newlines more than the sizes count.
        _check_sizes(sizes, trees)
    found = _SECTION.findall(trees)
    if [int(number) for number, _ in found] != list(range(len(sizes))):
        raise ValueError(f"it holds {len(found)} trees, its header says {len(sizes)}")
    for number, content in found:
        _check_tree(f"tree {number}", _fields(content), n_features)


def _check_sizes(sizes: np.ndarray, trees: str) -> None:
    raise ValueError("its trees are cut")

"""Reading LightGBM's model text, trusting nothing in it.

LightGBM's own parser trusts lengths and indices: three changed bytes can crash the process or send a
forecast round in circles. So it never sees a stored file; the trees are read here and walked by our kernel.
"""

from __future__ import annotations

import re

import numpy as np

from trimtab.models.boosted_trees import LEAF, BoostedTrees, Output, Tree, lay_out

OBJECTIVES = ("binary sigmoid:1", "regression")
_END = "end of trees\n"
_DEFAULT_LEFT, _MISSING_IS_NAN = 2, 8  # bits of decision_type
_PER_SPLIT = (
    "split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child",
    "internal_value", "internal_weight", "internal_count",
)  # fmt: skip
_PER_LEAF = ("leaf_value", "leaf_weight", "leaf_count")
_PER_TREE = ("Tree", "num_leaves", "num_cat", "is_linear", "shrinkage")
_HEADER = frozenset(
    {
        "version", "num_class", "num_tree_per_iteration", "label_index", "max_feature_idx",
        "objective", "feature_names", "feature_infos", "tree_sizes",
    }
)  # fmt: skip
_INFO = re.compile(r"none|\[-?[0-9.e+-]+:-?[0-9.e+-]+\]")


def only_trees(text: str) -> str:
    """The text up to its last tree.

    What LightGBM writes after it (the parameters, the thread count among them) changes no
    forecast, and is where its parser is most easily led astray; `model.json` has the parameters.
    """
    return text[: text.index(_END) + len(_END)]


def read_booster(text: str, n_features: int) -> tuple[BoostedTrees, np.ndarray]:
    """The trees of a model and the gain of every feature (float64, shape (k,)).

    The text is as LightGBM 4 writes it, cut by `only_trees`: a header, then the trees one after the
    other, with their sizes in bytes in the header. Raises `ValueError` unless it is a whole model whose
    trees can be walked safely.
    """
    fields, sections = _checked(text, n_features)
    gain = np.zeros(n_features)
    for section in sections:
        if int(section["num_leaves"]) > 1:
            np.add.at(gain, _whole(section["split_feature"]), _numbers(section["split_gain"]))
    output: Output = "logistic" if fields["objective"] == OBJECTIVES[0] else "identity"
    trees = [_tree(section) for section in sections]
    return lay_out(trees, np.float64, 0.0, is_closed=True, output=output), gain


def _tree(section: dict[str, str]) -> Tree:
    """Splits first, then the leaves, which the text counts as -1, -2, ..."""
    n, leaves = int(section["num_leaves"]), _numbers(section["leaf_value"])
    none = np.full(n, LEAF)
    if n == 1:
        return Tree(none, none, np.zeros(1, np.int64), leaves, np.zeros(1, bool))

    def children(name: str) -> np.ndarray:
        child = _whole(section[name])
        return np.concatenate([np.where(child >= 0, child, n - 1 + ~child), none])

    kind, threshold = _whole(section["decision_type"]), _numbers(section["threshold"])
    # A split that saw no missing value in training treats one as 0; the others have learnt a side.
    missing_left = np.where(kind & _MISSING_IS_NAN, (kind & _DEFAULT_LEFT) > 0, threshold >= 0.0)
    return Tree(
        children("left_child"),
        children("right_child"),
        np.concatenate([_whole(section["split_feature"]), np.zeros(n, np.int64)]),
        np.concatenate([threshold, leaves]),
        np.concatenate([missing_left, np.zeros(n, bool)]),
    )


def _checked(text: str, n_features: int) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Header and trees of a text that is what it should be; `ValueError` otherwise."""
    if not text.isascii():
        raise ValueError("it holds characters that are not ASCII")
    header, _, body = text.partition("\n\n")
    first, _, rest = header.partition("\n")
    fields = _fields(rest)
    if (
        first != "tree"
        or fields.keys() != _HEADER
        or fields["version"] != "v4"
        or fields["objective"] not in OBJECTIVES
    ):
        raise ValueError("its header is not one that LightGBM 4 writes for one output")
    if [fields[name] for name in ("num_class", "num_tree_per_iteration", "label_index")] != ["1", "1", "0"]:
        raise ValueError("its header is not that of a model with one output")
    names, ranges = fields["feature_names"].split(" "), fields["feature_infos"].split(" ")
    if fields["max_feature_idx"] != str(n_features - 1) or len(names) != n_features or len(ranges) != n_features:
        raise ValueError(f"its header is not that of a model over {n_features} features")
    if not all(_INFO.fullmatch(text) for text in ranges):
        raise ValueError("the ranges of its features are not numbers")
    trees = _trees(fields["tree_sizes"], body)
    for number, tree in enumerate(trees):
        _check_tree(number, tree, n_features)
    return fields, trees


def _trees(sizes: str, body: str) -> list[dict[str, str]]:
    """The fields of every tree, cut where the header says, as LightGBM does."""
    found, at = [], 0
    for number, size in enumerate(_whole(sizes)):
        section = body[at : at + size]
        if size < 1 or not section.startswith(f"Tree={number}\n"):
            raise ValueError(f"tree {number} is not where the header says")
        found.append(_fields(section))
        at += size
    if not found or body[at:] != _END:
        raise ValueError("its trees do not end where the header says")
    return found


def _check_tree(number: int, tree: dict[str, str], n_features: int) -> None:
    if set(tree) - {*_PER_TREE, *_PER_SPLIT, *_PER_LEAF} or [tree.get(n) for n in ("num_cat", "is_linear")] != [
        "0",
        "0",
    ]:
        raise ValueError(f"tree {number} is not a tree of number splits and constant leaves")
    n = int(tree.get("num_leaves", "0"))
    for name in (*_PER_SPLIT, *_PER_LEAF, "shrinkage"):
        count = len(tree.get(name, "").split())  # what is used is read as numbers further down, the rest is only told
        expected = 1 if name == "shrinkage" else n - 1 if name in _PER_SPLIT else n
        # A tree of one leaf has nothing to walk, and leaves out some of its columns.
        if count != expected and not (n == 1 and name != "leaf_value"):
            raise ValueError(f"tree {number} has {count} values of {name}, and {n} leaves")
    if n < 1 or (n > 1 and not _is_walkable(tree, n, n_features)):
        raise ValueError(f"tree {number} points outside itself or outside the features")


def _is_walkable(tree: dict[str, str], n_leaves: int, n_features: int) -> bool:
    """Splits come after their parent, leaves are counted as -1, -2, ..., nothing is categorical."""
    feature, kind = _whole(tree["split_feature"]), _whole(tree["decision_type"])
    children = np.concatenate([_whole(tree["left_child"]), _whole(tree["right_child"])])
    parents = np.tile(np.arange(n_leaves - 1), 2)
    split, leaf = children >= 0, ~children
    return bool(
        (children[split] > parents[split]).all()
        and (children[split] < n_leaves - 1).all()
        and (leaf[~split] < n_leaves).all()
        and ((feature >= 0) & (feature < n_features)).all()
        and np.isin(kind, (0, 2, 8, 10)).all()
    )


def _fields(section: str) -> dict[str, str]:
    """Lines of the form name=value, and empty ones after them; a name that occurs twice is refused."""
    pairs = [line.partition("=") for line in section.rstrip("\n").split("\n")]
    found = {name: value for name, separator, value in pairs if separator}
    if len(found) != len(pairs):
        raise ValueError("a line occurs twice or is not one that LightGBM writes")
    return found


def _whole(numbers: str) -> np.ndarray:
    return np.array([int(text) for text in numbers.split(" ") if text], dtype=np.int64)


def _numbers(numbers: str) -> np.ndarray:
    return np.array([float(text) for text in numbers.split(" ") if text], dtype=np.float64)

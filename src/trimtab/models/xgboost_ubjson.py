"""Reading XGBoost's trees from UBJSON, trusting nothing in it; XGBoost's own parser never sees a stored file."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from trimtab.models.boosted_trees import BoostedTrees, Output, Tree, lay_out
from trimtab.models.ubjson import read_ubjson

_OUTPUTS: dict[str, Output] = {"binary:logistic": "logistic", "reg:squarederror": "identity"}
_COLUMNS = ("left_children", "right_children", "split_indices", "split_conditions", "default_left")


def read_booster(raw: bytes, n_features: int) -> tuple[BoostedTrees, np.ndarray]:
    """The trees of a model and the gain of every feature (float64, shape (k,)).

    Raises `ValueError` unless this is a whole model over `n_features` features whose trees can be walked safely.
    """
    content = read_ubjson(raw)
    try:
        learner = content["learner"]
        trees = learner["gradient_booster"]["model"]["trees"]
        found = int(learner["learner_model_param"]["num_feature"])
        if found != n_features:
            raise ValueError(f"it has {found} features, its description {n_features}")
        if not trees or not all(_is_walkable(tree, n_features) for tree in trees):
            raise ValueError("a tree points outside itself or outside the features")
        output = _OUTPUTS[learner["objective"]["name"]]
        start = _start(learner["learner_model_param"]["base_score"], output)
        laid_out = [Tree(*(np.asarray(tree[name]) for name in _COLUMNS)) for tree in trees]
        gain = _gain(trees, n_features)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(f"it lacks what a booster has: {error!r}") from error
    return lay_out(laid_out, np.float32, start, is_closed=False, output=output), gain


def _start(base_score: Any, output: Output) -> float:
    """What every sum begins with: the base score, for probabilities its log odds, in single precision."""
    scores = json.loads(str(base_score).lower())
    base = np.float32(scores[0] if isinstance(scores, list) else scores)
    if output == "identity":
        if not np.isfinite(base):
            raise ValueError(f"its base score is {base}")
        return float(base)
    if not 0.0 < base < 1.0:
        raise ValueError(f"its base score is {base}, no probability")
    return float(-np.log(np.float32(1.0) / base - np.float32(1.0)))


def _gain(trees: list[dict[str, Any]], n_features: int) -> np.ndarray:
    gain = np.zeros(n_features)
    for tree in trees:
        inner = np.asarray(tree["left_children"]) != -1
        np.add.at(gain, np.asarray(tree["split_indices"])[inner], np.asarray(tree["loss_changes"])[inner])
    return gain


def _is_walkable(tree: dict[str, Any], n_features: int) -> bool:
    left, right, feature = (np.asarray(tree[name]) for name in ("left_children", "right_children", "split_indices"))
    n_nodes = int(tree["tree_param"]["num_nodes"])
    per_node = ("left_children", "right_children", "split_indices", "split_conditions", "default_left", "loss_changes")
    if n_nodes < 1 or any(np.shape(tree[name]) != (n_nodes,) for name in per_node):
        return False
    inner = np.flatnonzero(left != -1)
    children = np.concatenate([left[inner] - inner, right[inner] - inner])
    return bool(
        (children > 0).all()  # children come after their parent, so every walk ends
        and (np.maximum(left, right) < n_nodes).all()
        and (right[left == -1] == -1).all()
        and ((feature >= 0) & (feature < n_features)).all()
    )

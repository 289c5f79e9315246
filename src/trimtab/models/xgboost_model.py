"""XGBoost: gradient boosting on histograms, level by level; stored as UBJSON.

Chen and Guestrin, "XGBoost: A Scalable Tree Boosting System", KDD 2016. Missing values need no
imputation: each split learns where they go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import xgboost

from trimtab.datasets import Dataset
from trimtab.datasets.schema import Task
from trimtab.errors import ArtifactError
from trimtab.models import description
from trimtab.models.description import Description, read_description
from trimtab.models.inputs import checked_features, training_rows
from trimtab.models.parameters import ParameterSpec, complete
from trimtab.models.protocol import FitContext, Forecast
from trimtab.models.ubjson import read_ubjson

FILE = "booster.ubj"
SPECS = (
    ParameterSpec("learning_rate", "float", 0.05, 1e-4, 1.0, search=(0.02, 0.2), log=True),
    ParameterSpec("max_depth", "int", 3, 1, 16, search=(2, 4)),
    ParameterSpec("n_estimators", "int", 100, 1, 5000, search=(40, 150)),
    ParameterSpec("min_child_weight", "float", 10.0, 0.0, 1e6, search=(1.0, 100.0), log=True),
    ParameterSpec("reg_lambda", "float", 1.0, 0.0, 1e6, search=(0.01, 100.0), log=True),
    ParameterSpec("colsample_bytree", "float", 0.3, 0.01, 1.0, search=(0.1, 0.5)),
    ParameterSpec("subsample", "float", 0.8, 0.05, 1.0),
    ParameterSpec("max_bin", "int", 64, 2, 1024),
    ParameterSpec("early_stopping_rounds", "int", 30, 1, 5000),
)


@dataclass(frozen=True)
class FittedXGBoost:
    """A booster and the very UBJSON it was read from, so that saving gives the same bytes."""

    family: ClassVar[str] = "xgboost"
    window: ClassVar[int] = 1
    task: Task
    feature_names: tuple[str, ...]
    parameters: Mapping[str, Any]
    raw: bytes = field(repr=False)
    booster: xgboost.Booster = field(repr=False, compare=False)

    def predict(self, features: np.ndarray) -> Forecast:
        rows = checked_features(features, self.feature_names)
        return Forecast(self.booster.inplace_predict(rows, validate_features=False).astype(np.float64))

    def save(self) -> dict[str, bytes]:
        described = Description(self.family, self.task, self.feature_names, self.parameters)
        return {description.FILE: described.to_bytes(), FILE: self.raw}

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> FittedXGBoost:
        described = read_description(files, cls.family)
        try:
            check_trees(files[FILE], len(described.feature_names))
            booster = _read(files[FILE])
        except (KeyError, ValueError, xgboost.core.XGBoostError) as error:
            reason = (str(error).strip().splitlines() or [repr(error)])[-1]
            raise ArtifactError(
                f"the model's {FILE} is missing or no XGBoost model ({reason}); train it again"
            ) from error
        return cls(described.task, described.feature_names, described.parameters, files[FILE], booster)

    def importance(self) -> dict[str, float]:
        scores = self.booster.get_score(importance_type="total_gain")
        gain = np.array([scores.get(f"f{j}", 0.0) for j in range(len(self.feature_names))], dtype=np.float64)
        return dict(zip(self.feature_names, (gain / gain.sum()).tolist(), strict=True)) if gain.any() else {}


@dataclass(frozen=True)
class XGBoost:
    """XGBoost with its own parameter names; without a validation part, exactly `n_estimators` trees."""

    family: ClassVar[str] = "xgboost"
    window: ClassVar[int] = 1
    given: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        complete(self.family, SPECS, self.given)

    @property
    def parameters(self) -> dict[str, Any]:
        return complete(self.family, SPECS, self.given)

    def fit(self, train: Dataset, validation: Dataset | None, context: FitContext) -> FittedXGBoost:
        stopping = {}
        if validation is not None:
            stopping = {
                "evals": [(_matrix(validation, context), "validation")],
                "early_stopping_rounds": self.parameters["early_stopping_rounds"],
            }
        booster = xgboost.train(
            self._settings(train.task, context),
            _matrix(train, context),
            self.parameters["n_estimators"],
            verbose_eval=False,
            **stopping,
        )
        raw = _raw(booster if validation is None else booster[: booster.best_iteration + 1])
        return FittedXGBoost(train.task, train.feature_names, self.parameters, raw, _read(raw))

    def _settings(self, task: Task, context: FitContext) -> dict[str, Any]:
        tuned = {k: v for k, v in self.parameters.items() if k not in ("n_estimators", "early_stopping_rounds")}
        return {
            **tuned,
            "objective": "binary:logistic" if task == "classification" else "reg:squarederror",
            "tree_method": "hist",
            "seed": context.seed,
            "nthread": context.n_threads,
            "verbosity": 0,
        }


def check_trees(raw: bytes, n_features: int) -> None:
    """Raise `ValueError` unless XGBoost can read and walk these trees safely: it checks nothing itself."""
    content = read_ubjson(raw)
    try:
        learner = content["learner"]
        found, trees = int(learner["learner_model_param"]["num_feature"]), learner["gradient_booster"]["model"]["trees"]
        if found != n_features:
            raise ValueError(f"it has {found} features, its description {n_features}")
        if not trees or not all(_is_walkable(tree, n_features) for tree in trees):
            raise ValueError("a tree points outside itself or outside the features")
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(f"it lacks what a booster has: {error!r}") from error


def _is_walkable(tree: dict[str, Any], n_features: int) -> bool:
    left, right, feature = (np.asarray(tree[name]) for name in ("left_children", "right_children", "split_indices"))
    n_nodes = int(tree["tree_param"]["num_nodes"])
    per_node = ("left_children", "right_children", "split_indices", "split_conditions", "default_left", "base_weights")
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


def _matrix(dataset: Dataset, context: FitContext) -> xgboost.DMatrix:
    rows = training_rows(dataset)
    # No names: ours may hold characters the library refuses; its own are f0, f1, ...
    return xgboost.DMatrix(rows.features, rows.target, weight=rows.weight, nthread=context.n_threads)


def _raw(booster: xgboost.Booster) -> bytes:
    # Scores of the validation part are not part of the model.
    booster.set_attr(best_iteration=None, best_score=None)
    return bytes(booster.save_raw("ubj"))


def _read(raw: bytes) -> xgboost.Booster:
    booster = xgboost.Booster({"verbosity": 0})
    booster.load_model(bytearray(raw))
    # One thread: with more, a busy machine makes one row wait for milliseconds.
    booster.set_param({"nthread": 1})
    return booster

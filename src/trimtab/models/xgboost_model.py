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
from trimtab.models.boosted_trees import BoostedTrees
from trimtab.models.description import Description, read_description
from trimtab.models.inputs import checked_features, training_rows
from trimtab.models.parameters import ParameterSpec, complete
from trimtab.models.protocol import FitContext, Forecast
from trimtab.models.watch import UNWATCHED, Watch
from trimtab.models.xgboost_ubjson import read_booster

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
    """Trees and the very UBJSON they were read from, so that saving gives the same bytes.

    Attributes
    ----------
    trees: what forecasts are made with; equal to XGBoost's own to the last bit of a single or next to it.
    gain: float64, shape (k,): how much the splits at each feature improved the loss in training.
    """

    family: ClassVar[str] = "xgboost"
    window: ClassVar[int] = 1
    task: Task
    feature_names: tuple[str, ...]
    parameters: Mapping[str, Any]
    raw: bytes = field(repr=False)
    trees: BoostedTrees = field(repr=False, compare=False)
    gain: np.ndarray = field(repr=False, compare=False)

    def predict(self, features: np.ndarray) -> Forecast:
        return Forecast(self.trees.predict(checked_features(features, self.feature_names, any_order=True)))

    def save(self) -> dict[str, bytes]:
        described = Description(self.family, self.task, self.feature_names, self.parameters)
        return {description.FILE: described.to_bytes(), FILE: self.raw}

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> FittedXGBoost:
        described = read_description(files, cls.family)
        try:
            trees, gain = read_booster(files[FILE], len(described.feature_names))
        except (KeyError, ValueError, OverflowError) as error:
            raise ArtifactError(
                f"the model's {FILE} is missing or no XGBoost model ({error}); train it again"
            ) from error
        return cls(described.task, described.feature_names, described.parameters, files[FILE], trees, gain)

    def importance(self) -> dict[str, float]:
        share = self.gain / self.gain.sum() if self.gain.any() else None
        return {} if share is None else dict(zip(self.feature_names, share.tolist(), strict=True))


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
        stopping: dict[str, Any] = {}
        if validation is not None:
            stopping = {
                "evals": [(_matrix(validation, context), "validation")],
                "early_stopping_rounds": self.parameters["early_stopping_rounds"],
            }
        if context.watch is not UNWATCHED:
            stopping["callbacks"] = [_Telling(context.watch, self.parameters["n_estimators"])]
        booster = xgboost.train(
            self._settings(train.task, context),
            _matrix(train, context),
            self.parameters["n_estimators"],
            verbose_eval=False,
            **stopping,
        )
        raw = _raw(booster if validation is None else booster[: booster.best_iteration + 1])
        trees, gain = read_booster(raw, len(train.feature_names))
        return FittedXGBoost(train.task, train.feature_names, self.parameters, raw, trees, gain)

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


class _Telling(xgboost.callback.TrainingCallback):
    """After each boosting round: its number, and the losses measured (only with a validation part)."""

    def __init__(self, watch: Watch, total: int) -> None:
        super().__init__()
        self._watch, self._total = watch, total

    def after_iteration(self, model: Any, epoch: int, evals_log: Mapping[str, Mapping[str, Any]]) -> bool:
        losses = {f"{part}_loss": float(values[-1]) for part, named in evals_log.items() for values in named.values()}
        self._watch.step(epoch + 1, self._total, losses)
        return False  # go on


def _matrix(dataset: Dataset, context: FitContext) -> xgboost.DMatrix:
    rows = training_rows(dataset)
    # No names: ours may hold characters the library refuses; its own are f0, f1, ...
    return xgboost.DMatrix(rows.features, rows.target, weight=rows.weight, nthread=context.n_threads)


def _raw(booster: xgboost.Booster) -> bytes:
    # Scores of the validation part are not part of the model.
    booster.set_attr(best_iteration=None, best_score=None)
    return bytes(booster.save_raw("ubj"))

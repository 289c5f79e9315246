"""LightGBM: gradient boosting on histograms, leaf by leaf; stored as LightGBM's own text.

Ke et al., "LightGBM: A Highly Efficient Gradient Boosting Decision Tree", NeurIPS 2017.
Missing values need no imputation: each split learns where they go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

import lightgbm
import numpy as np

from trimtab.datasets import Dataset
from trimtab.datasets.schema import Task
from trimtab.errors import ArtifactError
from trimtab.models import description
from trimtab.models.boosted_trees import BoostedTrees
from trimtab.models.description import Description, read_description
from trimtab.models.inputs import checked_features, training_rows
from trimtab.models.lightgbm_text import only_trees, read_booster
from trimtab.models.parameters import ParameterSpec, complete
from trimtab.models.protocol import FitContext, Forecast
from trimtab.models.watch import UNWATCHED, Watch

FILE = "booster.txt"
SPECS = (
    ParameterSpec("learning_rate", "float", 0.05, 1e-4, 1.0, search=(0.02, 0.2), log=True),
    ParameterSpec("num_leaves", "int", 10, 2, 1024, search=(4, 16), log=True),
    ParameterSpec("n_estimators", "int", 100, 1, 5000, search=(40, 150)),
    ParameterSpec("min_child_samples", "int", 40, 1, 100_000, search=(20, 200), log=True),
    ParameterSpec("lambda_l2", "float", 1.0, 0.0, 1e6, search=(0.01, 100.0), log=True),
    ParameterSpec("feature_fraction", "float", 0.3, 0.01, 1.0, search=(0.1, 0.5)),
    ParameterSpec("bagging_fraction", "float", 0.8, 0.05, 1.0),
    ParameterSpec("max_bin", "int", 63, 2, 1024),
    ParameterSpec("early_stopping_rounds", "int", 30, 1, 5000),
)


@dataclass(frozen=True)
class FittedLightGBM:
    """Trees and the very text they were read from, so that saving gives the same bytes.

    Attributes
    ----------
    trees: what forecasts are made with; equal to LightGBM's own bit for bit.
    gain: float64, shape (k,): how much the splits at each feature improved the loss in training.
    """

    family: ClassVar[str] = "lightgbm"
    window: ClassVar[int] = 1
    task: Task
    feature_names: tuple[str, ...]
    parameters: Mapping[str, Any]
    text: str = field(repr=False)
    trees: BoostedTrees = field(repr=False, compare=False)
    gain: np.ndarray = field(repr=False, compare=False)

    def predict(self, features: np.ndarray) -> Forecast:
        return Forecast(self.trees.predict(checked_features(features, self.feature_names, any_order=True)))

    def save(self) -> dict[str, bytes]:
        described = Description(self.family, self.task, self.feature_names, self.parameters)
        return {description.FILE: described.to_bytes(), FILE: self.text.encode()}

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> FittedLightGBM:
        described = read_description(files, cls.family)
        try:
            text = files[FILE].decode()
            trees, gain = read_booster(text, len(described.feature_names))
        except (KeyError, ValueError, OverflowError) as error:
            raise ArtifactError(
                f"the model's {FILE} is missing or no LightGBM model ({error}); train it again"
            ) from error
        return cls(described.task, described.feature_names, described.parameters, text, trees, gain)

    def importance(self) -> dict[str, float]:
        share = self.gain / self.gain.sum() if self.gain.any() else None
        return {} if share is None else dict(zip(self.feature_names, share.tolist(), strict=True))


@dataclass(frozen=True)
class LightGBM:
    """LightGBM with its own parameter names; without a validation part, exactly `n_estimators` trees."""

    family: ClassVar[str] = "lightgbm"
    window: ClassVar[int] = 1
    given: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        complete(self.family, SPECS, self.given)

    @property
    def parameters(self) -> dict[str, Any]:
        return complete(self.family, SPECS, self.given)

    def fit(self, train: Dataset, validation: Dataset | None, context: FitContext) -> FittedLightGBM:
        settings = self._settings(train.task, context)
        learned = _matrix(train, settings)
        seen: list[lightgbm.Dataset] = []
        callbacks: list[Callable[..., Any]] = []
        if validation is not None:
            seen = [_matrix(validation, settings, learned)]
            callbacks = [lightgbm.early_stopping(self.parameters["early_stopping_rounds"], verbose=False)]
        if context.watch is not UNWATCHED:
            callbacks.append(partial(_tell, context.watch))
        booster = lightgbm.train(
            settings,
            learned,
            self.parameters["n_estimators"],
            valid_sets=seen,
            valid_names=["validation"][: len(seen)],
            callbacks=callbacks,
        )
        best = booster.best_iteration if validation is not None else -1
        text = only_trees(booster.model_to_string(num_iteration=best))
        trees, gain = read_booster(text, len(train.feature_names))
        return FittedLightGBM(train.task, train.feature_names, self.parameters, text, trees, gain)

    def _settings(self, task: Task, context: FitContext) -> dict[str, Any]:
        tuned = {k: v for k, v in self.parameters.items() if k not in ("n_estimators", "early_stopping_rounds")}
        return {
            **tuned,
            "objective": "binary" if task == "classification" else "regression",
            "bagging_freq": 1,
            "seed": context.seed,
            "num_threads": context.n_threads,
            "deterministic": True,  # with row-wise histograms: same bytes on any thread count
            "force_row_wise": True,
            "feature_pre_filter": False,
            "verbosity": -1,
        }


def _tell(watch: Watch, round_: Any) -> None:
    """After each boosting round: its number, and the losses measured (only with a validation part)."""
    losses = {f"{part}_loss": float(loss) for part, _, loss, *_ in round_.evaluation_result_list or ()}
    watch.step(round_.iteration + 1, round_.end_iteration, losses)


def _matrix(dataset: Dataset, settings: dict[str, Any], reference: lightgbm.Dataset | None = None) -> lightgbm.Dataset:
    rows = training_rows(dataset)
    # The library's own column names: it refuses some characters that ours may have.
    return lightgbm.Dataset(
        rows.features, rows.target, weight=rows.weight, reference=reference, params=settings, feature_name="auto"
    )

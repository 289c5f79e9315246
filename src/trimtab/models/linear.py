"""The linear family: logistic regression for classification, ridge for regression.

Inputs are standardised with the mean and deviation of the training rows, and a missing value
counts as that mean. Both steps are folded into the stored weights, so a forecast is one product
and one sum: a model of plain numbers in JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LogisticRegression, Ridge
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

from trimtab.datasets import Dataset
from trimtab.datasets.schema import Task
from trimtab.errors import ArtifactError
from trimtab.models import description
from trimtab.models.description import Description, read_description
from trimtab.models.inputs import TrainingRows, checked_features, training_rows
from trimtab.models.parameters import ParameterSpec, complete
from trimtab.models.preprocessing import fit_preprocessing
from trimtab.models.protocol import FitContext, Forecast

SPECS = (ParameterSpec("l2", "float", 100.0, 1e-6, 1e9, search=(1.0, 1e5), log=True),)


@dataclass(frozen=True)
class FittedLinear:
    """intercept + Σ weight · x, through the logistic function for classification.

    Attributes
    ----------
    weights: float64, shape (k,), in the units of the raw features.
    intercept: of the folded model.
    fill: float64, shape (k,): what a missing value counts as.
    share: float64, shape (k,): importance, |weight| times the feature's training deviation, summing to 1.
    """

    family: ClassVar[str] = "linear"
    window: ClassVar[int] = 1
    task: Task
    feature_names: tuple[str, ...]
    parameters: Mapping[str, Any]
    weights: np.ndarray
    intercept: float
    fill: np.ndarray
    share: np.ndarray

    def predict(self, features: np.ndarray) -> Forecast:
        rows = checked_features(features, self.feature_names)
        # Not BLAS: its sums depend on how many rows come together, these do not.
        score = (np.where(np.isnan(rows), self.fill, rows) * self.weights).sum(axis=1) + self.intercept
        return Forecast(expit(score) if self.task == "classification" else score)

    def save(self) -> dict[str, bytes]:
        learned = {
            "weights": self.weights.tolist(),
            "intercept": self.intercept,
            "fill": self.fill.tolist(),
            "share": self.share.tolist(),
        }
        described = Description(self.family, self.task, self.feature_names, self.parameters, learned)
        return {description.FILE: described.to_bytes()}

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> FittedLinear:
        described = read_description(files, cls.family)
        try:
            arrays = {
                name: np.asarray(described.learned[name], dtype=np.float64) for name in ("weights", "fill", "share")
            }
            intercept = float(described.learned["intercept"])
        except (KeyError, TypeError, ValueError) as error:
            raise ArtifactError(f"the linear model's numbers are damaged ({error!r}); train it again") from error
        if any(array.shape != (len(described.feature_names),) for array in arrays.values()):
            raise ArtifactError("the linear model has not one weight per feature; train it again")
        return cls(described.task, described.feature_names, described.parameters, intercept=intercept, **arrays)

    def importance(self) -> dict[str, float]:
        return dict(zip(self.feature_names, self.share.tolist(), strict=True)) if self.share.any() else {}


@dataclass(frozen=True)
class Linear:
    """Logistic or ridge regression with an L2 penalty.

    `l2` is the penalty beside the weighted sum of losses on standardised inputs: 1/C of
    scikit-learn's `LogisticRegression`, `alpha` of its `Ridge`. The default is strong because
    market features are many, correlated and weak.
    """

    family: ClassVar[str] = "linear"
    window: ClassVar[int] = 1
    given: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        complete(self.family, SPECS, self.given)

    @property
    def parameters(self) -> dict[str, Any]:
        return complete(self.family, SPECS, self.given)

    def fit(self, train: Dataset, validation: Dataset | None, context: FitContext) -> FittedLinear:
        rows = training_rows(train)
        scaling = fit_preprocessing(rows.features, "standard", "mean")
        standard = TrainingRows(scaling.transform(rows.features), rows.target, rows.weight)
        # One BLAS thread: sums in one order give one result, and a small problem on a busy machine
        # spends its time waiting for the other threads.
        with threadpool_limits(limits=1, user_api="blas"):
            coefficients, intercept = _solve(standard, train.task, self.parameters["l2"])
        weights = coefficients * scaling.factor
        total = np.abs(coefficients).sum()
        return FittedLinear(
            task=train.task,
            feature_names=train.feature_names,
            parameters=self.parameters,
            weights=weights,
            intercept=float(intercept - (weights * scaling.center).sum()),
            fill=scaling.fill,
            share=np.abs(coefficients) / total if total > 0 else np.zeros_like(coefficients),
        )


def _solve(rows: TrainingRows, task: Task, l2: float) -> tuple[np.ndarray, float]:
    """Coefficients of shape (k,) and intercept on standardised inputs."""
    if task == "classification":
        logistic = LogisticRegression(C=1.0 / l2, solver="lbfgs", tol=1e-8, max_iter=2000)
        logistic.fit(rows.features, rows.target, sample_weight=rows.weight)
        return logistic.coef_[0], float(logistic.intercept_[0])
    ridge = Ridge(alpha=l2, solver="cholesky")
    ridge.fit(rows.features, rows.target, sample_weight=rows.weight)
    return np.asarray(ridge.coef_), float(ridge.intercept_)

"""Preprocessing as part of the model: any family with scaling and imputation in front of it.

Whoever fits such a forecaster on a training part learns the preprocessing from that part alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from trimtab.datasets import Dataset
from trimtab.datasets.schema import Task
from trimtab.errors import ArtifactError, ConfigurationError
from trimtab.models import description, preprocessing
from trimtab.models.description import Description, read_description
from trimtab.models.families import load_fitted, make_forecaster
from trimtab.models.inputs import bounded, checked_features, training_rows
from trimtab.models.nesting import inner_files, nested
from trimtab.models.preprocessing import Imputation, Preprocessing, Scaling, check_choices, fit_preprocessing
from trimtab.models.protocol import FitContext, FittedForecaster, Forecast, Forecaster

DEFAULTS = {"family": "linear", "scaling": "standard", "imputation": "median"}


@dataclass(frozen=True)
class FittedPreprocessed:
    """A fitted model behind its own preprocessing; features go in raw."""

    family: ClassVar[str] = "preprocessed"
    parameters: Mapping[str, Any]
    preprocessing: Preprocessing
    inner: FittedForecaster

    @property
    def task(self) -> Task:
        return self.inner.task

    @property
    def feature_names(self) -> tuple[str, ...]:
        return self.inner.feature_names

    @property
    def window(self) -> int:
        return self.inner.window

    def predict(self, features: np.ndarray) -> Forecast:
        rows = checked_features(features, self.feature_names, self.window)
        return self.inner.predict(self.preprocessing.transform(rows))

    def save(self) -> dict[str, bytes]:
        described = Description(self.family, self.task, self.feature_names, self.parameters)
        return {
            description.FILE: described.to_bytes(),
            preprocessing.FILE: self.preprocessing.to_bytes(),
            **nested("model", self.inner.save()),
        }

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> FittedPreprocessed:
        described = read_description(files, cls.family)
        inner = load_fitted(inner_files("model", files))
        if inner.feature_names != described.feature_names or inner.task != described.task:
            raise ArtifactError(
                "the model inside the preprocessing expects other features or another task; train it again"
            )
        learned = Preprocessing.from_bytes(files.get(preprocessing.FILE, b""), len(described.feature_names))
        return cls(described.parameters, learned, inner)

    def importance(self) -> dict[str, float]:
        return self.inner.importance()


class PreprocessedForecaster:
    """Any family with scaling and imputation in front of it.

    Parameters are `scaling`, `imputation`, `family`, and those of the family, side by side.
    """

    family: ClassVar[str] = "preprocessed"

    def __init__(self, given: Mapping[str, Any] | None = None) -> None:
        chosen = {**DEFAULTS, **(given or {})}
        self.scaling: Scaling = chosen.pop("scaling")
        self.imputation: Imputation = chosen.pop("imputation")
        check_choices(self.scaling, self.imputation)
        inner_family = chosen.pop("family")
        if inner_family == self.family:
            raise ConfigurationError("preprocessing cannot wrap preprocessing; name the family inside it")
        self.inner: Forecaster = make_forecaster(inner_family, chosen)

    @property
    def parameters(self) -> dict[str, Any]:
        own = {"family": self.inner.family, "scaling": self.scaling, "imputation": self.imputation}
        return {**own, **self.inner.parameters}

    @property
    def window(self) -> int:
        return self.inner.window

    def fit(self, train: Dataset, validation: Dataset | None, context: FitContext) -> FittedPreprocessed:
        learned = fit_preprocessing(training_rows(train).features, self.scaling, self.imputation)
        seen = None if validation is None else _transformed(validation, learned)
        inner = self.inner.fit(_transformed(train, learned), seen, context)
        return FittedPreprocessed(self.parameters, learned, inner)


def _transformed(dataset: Dataset, learned: Preprocessing) -> Dataset:
    return dataset.with_features(lambda rows: learned.transform(bounded(rows)), dataset.feature_names)

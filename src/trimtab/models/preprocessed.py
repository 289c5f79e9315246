"""Preprocessing as part of the model: any family with imputation, scaling and selection in front of it.

Whoever fits such a forecaster on a training part learns the preprocessing from that part alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from trimtab.datasets import Dataset
from trimtab.datasets.schema import Task
from trimtab.errors import ArtifactError, ConfigurationError
from trimtab.models import description, preprocessing
from trimtab.models.description import Description, read_description
from trimtab.models.families import load_fitted, make_forecaster
from trimtab.models.inputs import TrainingRows, bounded, checked_features, training_rows
from trimtab.models.nesting import inner_files, nested
from trimtab.models.preprocessing import Imputation, Preprocessing, Scaling, check_choices, fit_preprocessing
from trimtab.models.protocol import FitContext, FittedForecaster, Forecast, Forecaster
from trimtab.models.selection import Selection, check_selection, select_features

DEFAULTS = {"family": "linear", "scaling": "standard", "imputation": "median", "selection": "none", "n_selected": 30}
OUTSIDE = ("preprocessed", "confident", "horizons")  # they go around preprocessing, never into it


@dataclass(frozen=True)
class FittedPreprocessed:
    """A fitted model behind its own preprocessing; features go in raw, the dropped ones too.

    Attributes
    ----------
    feature_names: every feature that goes in.
    preprocessing: of the features that are kept: those of `inner`.
    columns: int64: where those are among `feature_names`.
    """

    family: ClassVar[str] = "preprocessed"
    feature_names: tuple[str, ...]
    parameters: Mapping[str, Any]
    preprocessing: Preprocessing
    inner: FittedForecaster
    columns: np.ndarray = field(repr=False)

    @property
    def task(self) -> Task:
        return self.inner.task

    @property
    def window(self) -> int:
        return self.inner.window

    def predict(self, features: np.ndarray) -> Forecast:
        rows = checked_features(features, self.feature_names, self.window)
        return self.inner.predict(self.preprocessing.transform(rows[..., self.columns]))

    def save(self) -> dict[str, bytes]:
        described = Description(self.family, self.task, self.feature_names, self.parameters)
        return {
            description.FILE: described.to_bytes(),
            preprocessing.FILE: self.preprocessing.to_bytes(self.inner.feature_names),
            **nested("model", self.inner.save()),
        }

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> FittedPreprocessed:
        described = read_description(files, cls.family)
        inner = load_fitted(inner_files("model", files))
        columns = _positions(inner.feature_names, described.feature_names)
        if columns is None or inner.task != described.task:
            raise ArtifactError(
                "the model inside the preprocessing expects other features or another task; train it again"
            )
        learned = Preprocessing.from_bytes(files.get(preprocessing.FILE, b""), inner.feature_names)
        return cls(described.feature_names, described.parameters, learned, inner, columns)

    def importance(self) -> dict[str, float]:
        """What the model inside reports; 0 for features that were dropped."""
        reported = self.inner.importance()
        return {name: reported.get(name, 0.0) for name in self.feature_names} if reported else {}


class PreprocessedForecaster:
    """Any family with imputation, scaling and selection in front of it, in this order.

    Parameters are `scaling`, `imputation`, `selection`, `n_selected`, `family`, and those of the family,
    side by side. The family may be an ensemble.
    """

    family: ClassVar[str] = "preprocessed"

    def __init__(self, given: Mapping[str, Any] | None = None) -> None:
        chosen = {**DEFAULTS, **(given or {})}
        self.scaling: Scaling = chosen.pop("scaling")
        self.imputation: Imputation = chosen.pop("imputation")
        self.selection: Selection = chosen.pop("selection")
        self.n_selected: int = chosen.pop("n_selected")
        check_choices(self.scaling, self.imputation)
        check_selection(self.selection, self.n_selected)
        inner_family = chosen.pop("family")
        if inner_family in OUTSIDE:
            raise ConfigurationError(f"preprocessing cannot wrap '{inner_family}'; name the family inside it")
        self.inner: Forecaster = make_forecaster(inner_family, chosen)

    @property
    def parameters(self) -> dict[str, Any]:
        own: dict[str, Any] = {"family": self.inner.family, "scaling": self.scaling, "imputation": self.imputation}
        if self.selection != "none":
            own |= {"selection": self.selection, "n_selected": self.n_selected}
        return {**own, **self.inner.parameters}

    @property
    def window(self) -> int:
        return self.inner.window

    def fit(self, train: Dataset, validation: Dataset | None, context: FitContext) -> FittedPreprocessed:
        """Learn from the newest bar of every training row; a window's older bars are transformed the same way."""
        rows = training_rows(train)
        learned = fit_preprocessing(rows.features, self.scaling, self.imputation)
        seen = TrainingRows(bounded(learned.transform(rows.features)), rows.target, rows.weight)
        columns = select_features(seen, train.task, self.selection, self.n_selected)
        kept = learned.take(columns)
        stopping = None if validation is None else _transformed(validation, kept, columns)
        inner = self.inner.fit(_transformed(train, kept, columns), stopping, context)
        return FittedPreprocessed(train.feature_names, self.parameters, kept, inner, columns)


def _transformed(dataset: Dataset, learned: Preprocessing, columns: np.ndarray) -> Dataset:
    """A dataset as the model inside sees it: samples and history, the kept columns only."""
    names = [dataset.feature_names[column] for column in columns]
    return dataset.with_features(lambda rows: learned.transform(bounded(rows[:, columns])), names)


def _positions(names: Sequence[str], among: Sequence[str]) -> np.ndarray | None:
    """Where names stand among others; None where one does not."""
    place = {name: position for position, name in enumerate(among)}
    found = [place.get(name, -1) for name in names]
    return None if -1 in found else np.array(found, dtype=np.int64)

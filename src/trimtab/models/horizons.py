"""Several horizons as one model: a model of any family per horizon, each trained on its own labels.

A label over 60 bars is another question than one over 5, and is known later: each horizon has its own rows,
weights and intervals (`Dataset.at`). The models share nothing but the features.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from trimtab.datasets import Dataset
from trimtab.datasets.schema import Task
from trimtab.errors import ArtifactError, ConfigurationError, NotEnoughDataError, UnknownNameError
from trimtab.models import description
from trimtab.models.conformal import Adjustable
from trimtab.models.description import Description, read_description
from trimtab.models.families import load_fitted, make_forecaster
from trimtab.models.inputs import checked_features
from trimtab.models.nesting import inner_context, inner_files, nested
from trimtab.models.protocol import FitContext, FittedForecaster, Forecast, Forecaster

DEFAULTS: dict[str, Any] = {"horizons": [], "family": "linear", "parameters": {}}
MOST = 10_000  # bars ahead, as in a strategy file


@dataclass(frozen=True)
class FittedHorizons:
    """One fitted model per horizon; the first one is what is judged, and what `Forecast.value` says."""

    family: ClassVar[str] = "horizons"
    parameters: Mapping[str, Any]
    horizons: tuple[int, ...]
    models: tuple[FittedForecaster, ...] = field(repr=False)

    @property
    def task(self) -> Task:
        return self.models[0].task

    @property
    def feature_names(self) -> tuple[str, ...]:
        return self.models[0].feature_names

    @property
    def window(self) -> int:
        return self.models[0].window

    @property
    def coverage(self) -> float | None:
        """That of the first horizon's intervals; None where it gives none."""
        first = self.models[0]
        return first.coverage if isinstance(first, Adjustable) else None

    def at_coverage(self, forecast: Forecast, coverage: float) -> tuple[np.ndarray, np.ndarray]:
        """The intervals of the first horizon at another coverage; `ConfigurationError` where it gives none."""
        first = self.models[0]
        if not isinstance(first, Adjustable):
            raise ConfigurationError("the model of the first horizon gives no intervals; set confidence.coverage")
        return first.at_coverage(forecast, coverage)

    def predict(self, features: np.ndarray) -> Forecast:
        rows = checked_features(features, self.feature_names, self.window)
        said = {horizon: model.predict(rows) for horizon, model in zip(self.horizons, self.models, strict=True)}
        return replace(said[self.horizons[0]], horizons=said)

    def save(self) -> dict[str, bytes]:
        learned = {"horizons": list(self.horizons)}
        described = Description(self.family, self.task, self.feature_names, self.parameters, learned)
        files = {description.FILE: described.to_bytes()}
        for horizon, model in zip(self.horizons, self.models, strict=True):
            files |= nested(_folder(horizon), model.save())
        return files

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> FittedHorizons:
        described = read_description(files, cls.family)
        try:
            horizons = tuple(int(horizon) for horizon in described.learned["horizons"])
        except (KeyError, TypeError, ValueError) as error:
            raise ArtifactError(f"the model's horizons are damaged ({error!r}); train it again") from error
        if not horizons or len(set(horizons)) != len(horizons):
            raise ArtifactError(f"the model's horizons are damaged ({list(horizons)}); train it again")
        models = tuple(load_fitted(inner_files(_folder(horizon), files)) for horizon in horizons)
        for horizon, model in zip(horizons, models, strict=True):
            expected = (described.feature_names, described.task, models[0].window)
            if (model.feature_names, model.task, model.window) != expected:
                raise ArtifactError(
                    f"the model of horizon {horizon} expects other inputs or another task than the others; train it again"
                )
        return cls(described.parameters, horizons, models)

    def importance(self) -> dict[str, float]:
        """That of the first horizon."""
        return self.models[0].importance()


class HorizonsForecaster:
    """Any family once per horizon, all with the same parameters and the same seed.

    Parameters are `horizons` (bars ahead; none means those of the dataset), `family`, and `parameters` of that
    family. A model of one horizon is byte for byte the model trained on that horizon alone.
    """

    family: ClassVar[str] = "horizons"

    def __init__(self, given: Mapping[str, Any] | None = None) -> None:
        chosen = {**DEFAULTS, **(given or {})}
        for name in chosen:
            if name not in DEFAULTS:
                raise UnknownNameError("parameter of horizons", name, DEFAULTS)
        self.horizons = _checked(chosen["horizons"])
        if chosen["family"] == self.family:
            raise ConfigurationError("horizons cannot wrap horizons; name the family inside it")
        self.inner: Forecaster = make_forecaster(chosen["family"], chosen["parameters"])

    @property
    def parameters(self) -> dict[str, Any]:
        return {
            "horizons": list(self.horizons),
            "family": self.inner.family,
            "parameters": dict(self.inner.parameters),
        }

    @property
    def window(self) -> int:
        return self.inner.window

    def fit(self, train: Dataset, validation: Dataset | None, context: FitContext) -> FittedHorizons:
        """Train every horizon on the rows that have its label.

        Raises `DatasetError` for a horizon the dataset has no labels of, and `NotEnoughDataError` naming the
        horizon that cannot be trained.
        """
        horizons = self.horizons or train.horizons
        own = {horizon: train.at(horizon) for horizon in horizons}  # before any training: a wrong name is told at once
        models = tuple(self._fit(horizon, own[horizon], validation, context) for horizon in horizons)
        return FittedHorizons(self.parameters, horizons, models)

    def _fit(self, horizon: int, train: Dataset, validation: Dataset | None, context: FitContext) -> FittedForecaster:
        stop = None if validation is None else validation.at(horizon)
        try:
            return self.inner.fit(train, stop if stop else None, inner_context(context, _folder(horizon)))
        except NotEnoughDataError as error:
            raise NotEnoughDataError(f"the horizon of {horizon} bars has too few labels: {error}") from error


def _folder(horizon: int) -> str:
    return f"horizon_{horizon}"


def _checked(given: Any) -> tuple[int, ...]:
    found: list[Any] = list(given) if isinstance(given, list | tuple) else [given]
    whole = all(isinstance(h, int) and not isinstance(h, bool) and 1 <= h <= MOST for h in found)
    if not whole or len(set(found)) != len(found):
        raise ConfigurationError(
            f"horizons are {given!r}; they must be different whole numbers from 1 to {MOST}, such as [1, 5, 15, 60]"
        )
    return tuple(found)

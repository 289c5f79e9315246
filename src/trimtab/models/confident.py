"""A model that says how sure it is: calibration, prediction intervals and novelty around any family.

All three are learnt from the training rows alone. The family is trained on all of them for its forecasts, and on
purged parts of them for honest ones (`models.out_of_fold`): what it says about rows it has learnt from is too good
to learn certainty from. That makes a training cost `n_parts` + 1 trainings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from pydantic import ValidationError

from trimtab.config.reading import explain
from trimtab.config.strategy import Confidence
from trimtab.datasets import Dataset
from trimtab.datasets.schema import Task
from trimtab.datasets.weights import counted_rows
from trimtab.errors import ArtifactError, ConfigurationError, UnknownNameError
from trimtab.models import description
from trimtab.models.certainty import FILE, Certainty, learn_certainty
from trimtab.models.conformal import ClassSets
from trimtab.models.description import Description, read_description
from trimtab.models.families import load_fitted, make_forecaster
from trimtab.models.forecasting import last_bars
from trimtab.models.inputs import checked_features, training_rows
from trimtab.models.nesting import inner_context, inner_files, nested
from trimtab.models.protocol import FitContext, FittedForecaster, Forecast, Forecaster

DEFAULTS: dict[str, Any] = {
    "confidence": {"calibration": "sigmoid", "coverage": 0.9, "novelty": True},
    "family": "linear",
    "parameters": {},
}


@dataclass(frozen=True)
class FittedConfident:
    """A fitted model with its certainty."""

    family: ClassVar[str] = "confident"
    parameters: Mapping[str, Any]
    certainty: Certainty
    inner: FittedForecaster = field(repr=False)

    @property
    def task(self) -> Task:
        return self.inner.task

    @property
    def feature_names(self) -> tuple[str, ...]:
        return self.inner.feature_names

    @property
    def window(self) -> int:
        return self.inner.window

    @property
    def coverage(self) -> float | None:
        """The share of outcomes its intervals are meant to hold; None where it gives none."""
        coverage: float | None = self.parameters["confidence"].get("coverage")
        return coverage

    def predict(self, features: np.ndarray) -> Forecast:
        inputs = checked_features(features, self.feature_names, self.window)
        said, learnt = self.inner.predict(inputs), self.certainty
        newest = last_bars(inputs, 1)
        value, confidence = learnt.calibrated(self.task, said.value)
        low, high = learnt.interval(said.value, value, newest, self.coverage)
        novelty = None if learnt.novelty is None else learnt.novelty.of(newest)
        made = replace(said, value=value, low=low, high=high, confidence=confidence, novelty=novelty)
        return replace(made, uncalibrated=said.value) if self._sets_need_more_than_value else made

    def at_coverage(self, forecast: Forecast, coverage: float) -> tuple[np.ndarray, np.ndarray]:
        """The ends of the intervals of one of its forecasts, at another coverage; float64, shape (n,).

        For coverage that adapts (`conformal.AdaptiveCoverage`). Raises `ConfigurationError` for a model trained
        without intervals, and for a calibrated forecast that has lost its uncalibrated value.
        """
        intervals, own = self.certainty.intervals, self.coverage
        if intervals is None or own is None or forecast.low is None or forecast.high is None:
            raise ConfigurationError(
                "this model gives no prediction intervals; set confidence.coverage and train it again"
            )
        if isinstance(intervals, ClassSets):
            return intervals.bounds(self._before_calibration(forecast), coverage, forecast.value)
        usual = intervals.quantile(own)
        half = (forecast.high - forecast.low) / 2.0 * (intervals.quantile(coverage) / usual if usual > 0.0 else 1.0)
        return forecast.value - half, forecast.value + half

    @property
    def _sets_need_more_than_value(self) -> bool:
        return self.certainty.calibration is not None and isinstance(self.certainty.intervals, ClassSets)

    def _before_calibration(self, forecast: Forecast) -> np.ndarray:
        if not self._sets_need_more_than_value:
            return forecast.value
        if forecast.uncalibrated is None:
            raise ConfigurationError(
                "this forecast has a calibrated probability only; sets of classes need the uncalibrated one, "
                "so hand over the forecast as the model made it"
            )
        return forecast.uncalibrated

    def save(self) -> dict[str, bytes]:
        described = Description(self.family, self.task, self.feature_names, self.parameters)
        return {
            description.FILE: described.to_bytes(),
            FILE: self.certainty.to_bytes(),
            **nested("model", self.inner.save()),
        }

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> FittedConfident:
        described = read_description(files, cls.family)
        inner = load_fitted(inner_files("model", files))
        if inner.feature_names != described.feature_names or inner.task != described.task:
            raise ArtifactError(
                "the model inside the confidence expects other features or another task; train it again"
            )
        try:
            asked = _confidence(described.parameters["confidence"])
        except (KeyError, ConfigurationError) as error:
            raise ArtifactError(f"the model's confidence parameters are damaged ({error}); train it again") from error
        learnt = Certainty.from_bytes(files.get(FILE, b""), inner.task, asked, len(inner.feature_names))
        return cls(described.parameters, learnt, inner)

    def importance(self) -> dict[str, float]:
        return self.inner.importance()


class ConfidentForecaster:
    """Any family with calibration, intervals and novelty around it.

    Parameters are `confidence` (as the table `[confidence]` of a strategy file), `family`, and `parameters`, those of
    the family.
    """

    family: ClassVar[str] = "confident"

    def __init__(self, given: Mapping[str, Any] | None = None) -> None:
        chosen = {**DEFAULTS, **(given or {})}
        for name in chosen:
            if name not in DEFAULTS:
                raise UnknownNameError("parameter of confident", name, DEFAULTS)
        if chosen["family"] in ("confident", "horizons"):
            raise ConfigurationError(f"confidence cannot wrap '{chosen['family']}'; name the family inside it")
        self.asked = _confidence(chosen["confidence"])
        self.inner: Forecaster = make_forecaster(chosen["family"], chosen["parameters"])

    @property
    def parameters(self) -> dict[str, Any]:
        return {
            "confidence": self.asked.model_dump(mode="json"),
            "family": self.inner.family,
            "parameters": dict(self.inner.parameters),
        }

    @property
    def window(self) -> int:
        return self.inner.window

    def fit(self, train: Dataset, validation: Dataset | None, context: FitContext) -> FittedConfident:
        training_rows(train)  # refuses what nothing can be learnt from, in its own words
        used = counted_rows(train)  # rows without weight would otherwise have a say in what is usual
        inner = self.inner.fit(used, validation, inner_context(context, "model"))
        return FittedConfident(self.parameters, learn_certainty(self.inner, used, self.asked, context), inner)


def _confidence(given: Any) -> Confidence:
    try:
        return Confidence.model_validate(given)
    except ValidationError as error:
        raise explain(error, "confidence", Confidence, given) from error

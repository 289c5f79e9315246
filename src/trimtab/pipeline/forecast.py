"""What a registered model says about the newest bar of every instrument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from trimtab.datasets.history import History
from trimtab.errors import DatasetError, NotFoundError
from trimtab.features.catalogue import catalogue
from trimtab.features.engine import FeatureBlock
from trimtab.features.store import read_features
from trimtab.market import Series
from trimtab.models.artifacts import load_model
from trimtab.models.protocol import FittedForecaster, Forecast
from trimtab.pipeline.features import STAGES as FEATURE_STAGES
from trimtab.pipeline.running import stage_values
from trimtab.pipeline.workspace import Workspace
from trimtab.registry.models import ModelVersion


@dataclass(frozen=True)
class HorizonForecast:
    """What the model says over one horizon; None where it does not say it.

    Attributes
    ----------
    horizon: bars from the decision to the end of the label.
    prediction: probability of class 1, or the predicted value.
    members: what each member of an ensemble says, before any calibration.
    spread: standard deviation of the members.
    low, high: the prediction interval.
    confidence: calibrated probability that the class or direction said is right.
    novelty: how far the input lies from the training rows; above 1 the model `abstains`.
    """

    horizon: int
    prediction: float
    members: dict[str, float]
    spread: float | None
    low: float | None
    high: float | None
    confidence: float | None
    novelty: float | None
    abstains: bool


@dataclass(frozen=True)
class InstrumentForecast:
    """What the model says about the newest bar of one instrument.

    Attributes
    ----------
    event_time, decision_time: open of that bar, and when its features were known: the moment of the forecast.
    known_share: share of the model's features that have a value there.
    horizons: one forecast each, the first one being what gates and backtest judge.
    """

    instrument: str
    event_time: datetime
    decision_time: datetime
    known_share: float
    horizons: tuple[HorizonForecast, ...]


@dataclass(frozen=True)
class NewestForecast:
    """The forecasts of one model version.

    Attributes
    ----------
    label, task: what is forecast: the kind of the label, and "classification" or "regression".
    coverage: the share of outcomes the prediction intervals are meant to hold; None without intervals.
    not_said: a sentence for each thing this model does not say.
    """

    strategy: str
    version: str
    state: str
    label: str
    task: str
    coverage: float | None
    instruments: tuple[InstrumentForecast, ...]
    not_said: tuple[str, ...]


def forecast_newest(workspace: Workspace, strategy_name: str, version: str = "latest") -> NewestForecast:
    """Forecast the newest bar of every instrument of a strategy, from the feature tables, with a stored model.

    `version` is a number such as 1.0.0, "champion", "challenger" or "latest". Raises `NotFoundError` where there
    is no such model or no features, `DatasetError` where the features were computed from other bars than are
    stored now.
    """
    strategy = workspace.strategy(strategy_name)
    model = workspace.registry.find_model(strategy_name, version)
    fitted = load_model(workspace.lake.artifacts, model.manifest_digest)
    instruments = tuple(_of_instrument(workspace, fitted, model, series) for series in strategy.universe.series)
    return NewestForecast(
        strategy=strategy_name,
        version=model.version,
        state=model.state,
        label=str(model.configuration["label"]["kind"]),
        task=fitted.task,
        coverage=_confidence(model).get("coverage"),
        instruments=instruments,
        not_said=_not_said(instruments[0].horizons[0]),
    )


def newest_inputs(block: FeatureBlock, window: int) -> np.ndarray:
    """The input that ends at the newest bar of a series; shape (1, k), or (1, window, k) for a sequence model.

    The bars of a window stand in the order in which they were known, as those of a dataset's history do; one that
    became known after the newest bar is in no window that ends there.
    """
    if window == 1:
        return np.ascontiguousarray(block.values[-1:])
    order = np.lexsort((block.event_time, block.known_time))
    newest = int(np.flatnonzero(order == len(order) - 1)[0])
    rows = np.ascontiguousarray(block.values[order[max(0, newest + 1 - window) : newest + 1]])
    history = History(rows, np.zeros(len(rows), dtype=np.int64))
    return history.windows(np.array([len(rows) - 1]), window)


def by_horizon(said: Forecast, only: int) -> dict[int, Forecast]:
    """The forecast of each horizon; of a model with one horizon, its forecast under that."""
    return said.horizons or {only: said}


def _of_instrument(
    workspace: Workspace, fitted: FittedForecaster, model: ModelVersion, series: Series
) -> InstrumentForecast:
    _check_features(workspace, series, fitted.feature_names)
    block = read_features(workspace.lake, series, fitted.feature_names)
    if not len(block):
        raise NotFoundError(f"{series} has no bars with features yet; run the strategy first")
    said = fitted.predict(newest_inputs(block, fitted.window))
    return InstrumentForecast(
        instrument=series.instrument_id,
        event_time=_utc(block.event_time[-1]),
        decision_time=_utc(block.known_time[-1]),
        known_share=float(np.isfinite(block.values[-1]).mean()),
        horizons=tuple(_row(h, each) for h, each in by_horizon(said, _first_horizon(model)).items()),
    )


def _row(horizon: int, said: Forecast) -> HorizonForecast:
    def number(values: np.ndarray | None) -> float | None:
        return None if values is None else float(values[0])

    return HorizonForecast(
        horizon=horizon,
        prediction=float(said.value[0]),
        members={name: float(voice[0]) for name, voice in said.members.items()},
        spread=number(said.spread) if said.members else None,
        low=number(said.low),
        high=number(said.high),
        confidence=number(said.confidence),
        novelty=number(said.novelty),
        abstains=bool(said.abstains[0]),
    )


def _not_said(row: HorizonForecast) -> tuple[str, ...]:
    """One sentence for what a model was not asked to learn about its own certainty."""
    settings = {
        "no prediction interval (coverage)": row.low,
        "no calibrated confidence (calibration)": row.confidence,
        "no distance from its training rows, so it never abstains (novelty)": row.novelty,
    }
    absent = [what for what, value in settings.items() if value is None]
    if not absent:
        return ()
    return (
        f"This model gives {', '.join(absent)}: set what is in brackets in the confidence section of the strategy file.",
    )


def _check_features(workspace: Workspace, series: Series, names: tuple[str, ...]) -> None:
    """A forecast from features of yesterday's bars must not pass for one of today's."""
    bars = workspace.bars.fingerprint(series)
    for family in sorted({catalogue()[name].family for name in names if name in catalogue()}):
        values = stage_values(workspace, FEATURE_STAGES[family], series.key)
        if values is None:
            raise NotFoundError(f"{series} has no {family} features yet; run the strategy first")
        if values.get("bars") != bars:
            raise DatasetError(
                f"the {family} features of {series} were computed from other bars than are stored now; "
                f"compute the features again (stage {FEATURE_STAGES[family]})"
            )


def _confidence(model: ModelVersion) -> dict[str, Any]:
    return dict(model.configuration.get("confidence") or {})


def _first_horizon(model: ModelVersion) -> int:
    return int(model.configuration["label"]["horizons"][0])


def _utc(time: np.datetime64) -> datetime:
    return time.astype("datetime64[us]").astype(datetime).replace(tzinfo=UTC)

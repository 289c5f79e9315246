"""What robustness reads besides forecasts: regimes of the market, returns over the horizon, the account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trimtab.bars import Bars
from trimtab.datasets import Dataset
from trimtab.validation.regimes import UNKNOWN, Kind, Regimes, market_regimes

MARKET = "market"


def regimes_of(bars: Mapping[str, Bars], benchmark: str | None) -> dict[str, Regimes]:
    """The benchmark's regimes under `MARKET`, or those of every instrument by its id; `bars` are adjusted.

    A benchmark without bars is none.
    """
    if benchmark is not None and len(bars[benchmark]):
        return {MARKET: _regimes(bars[benchmark])}
    return {instrument_id: _regimes(each) for instrument_id, each in bars.items() if instrument_id != benchmark}


def regime_codes(regimes: Mapping[str, Regimes], kind: Kind, dataset: Dataset, rows: np.ndarray) -> np.ndarray:
    """The regime known at the decision of some samples, of the market or of their own instrument; int8, (m,)."""
    time, whose = dataset.decision_time[rows], dataset.instrument[rows]
    if MARKET in regimes:
        return regimes[MARKET].at(kind, time)
    codes = np.full(len(rows), UNKNOWN, np.int8)
    for code, instrument_id in enumerate(dataset.instruments):
        own = whose == code
        codes[own] = regimes[instrument_id].at(kind, time[own])
    return codes


def horizon_returns(dataset: Dataset, rows: np.ndarray, bars: Mapping[str, Bars]) -> np.ndarray:
    """Return of the instrument from the close of each sample's bar over the horizon; NaN past the last bar; (m,)."""
    found, whose = np.full(len(rows), np.nan), dataset.instrument[rows]
    for code, instrument_id in enumerate(dataset.instruments):
        own, each = np.flatnonzero(whose == code), bars[instrument_id]
        position = np.searchsorted(each.event_time, dataset.event_time[rows[own]])
        inside = position + dataset.horizon < len(each)
        start = position[inside]
        found[own[inside]] = each.close[start + dataset.horizon] / each.close[start] - 1.0
    return found


def equity_of(backtest: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Opening times and account values of a backtest's document, datetime64[us] and float64; empty where withheld."""
    points = backtest["equity"]
    time = np.array([point["event_time"].removesuffix("Z") for point in points], dtype="datetime64[us]")
    return time, np.array([point["value"] for point in points], dtype=np.float64)


def _regimes(bars: Bars) -> Regimes:
    """Each bar is taken to be known as late after its opening as usual: a restatement came later than the bar."""
    if not len(bars):
        return market_regimes(bars.known_time, bars.close)
    delay = np.median((bars.known_time - bars.event_time).astype(np.int64)).astype(np.int64)
    return market_regimes(bars.event_time + delay.astype("timedelta64[us]"), bars.close)

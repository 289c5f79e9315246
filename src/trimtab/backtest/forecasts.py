"""From the out-of-sample forecasts of a walk-forward to positions that can be traded, and to an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trimtab.backtest.costs import Costs
from trimtab.backtest.engine import BacktestReport
from trimtab.backtest.market import Fill, Targets, prices_of
from trimtab.backtest.simulation import Simulation
from trimtab.bars import Bars
from trimtab.datasets import Dataset
from trimtab.errors import DatasetError, NotEnoughDataError
from trimtab.signals.positions import Rule, target_positions
from trimtab.validation.walk_forward import OutOfSample


def simulation_of(
    dataset: Dataset,
    forecasts: OutOfSample,
    bars: Mapping[str, Bars],
    *,
    rule: Rule,
    threshold: float = 0.5,
    max_exposure: float = 1.0,
    cash: float = 100_000.0,
    costs: Costs | None = None,
    fill: Fill = "next_open",
    delay_bars: int = 0,
    max_leverage: float | None = None,
) -> Simulation:
    """What was forecast as positions to trade, an equal share of the equity per instrument, at adjusted prices.

    `max_exposure` is the share of the equity that may be held in all; the rest stays cash.

    `forecasts` are those of a walk-forward over `dataset`, `bars` the series behind it by instrument id.
    A forecast fills at the first open at or after its decision time (`delay_bars` bars later if asked), which is
    later than the next bar where bars are published late. The account, and the buy-and-hold beside it, run from the
    first bar in which a forecast can fill to the end of the last one's label: before, there was no model. A bar
    without a forecast keeps the target of the one before. Raises `NotEnoughDataError` when no forecast
    can fill.
    """
    missing = set(dataset.instruments) - set(bars)
    if missing:
        raise DatasetError(f"there are forecasts but no bars for {', '.join(sorted(missing))}; pass their bars")
    positions = target_positions(forecasts.value, rule, threshold, dataset.task) * (
        max_exposure / len(dataset.instruments)
    )
    decided, end = dataset.decision_time[forecasts.row], dataset.label_end[forecasts.row].max()
    prices = {name: prices_of(_until(bars[name], end)) for name in dataset.instruments}
    targets: dict[str, Targets] = {}
    first_fills: list[np.datetime64] = []
    for code, name in enumerate(dataset.instruments):
        mine, own = dataset.instrument[forecasts.row] == code, prices[name].event_time
        at, newest = _deciding_bars(own, decided[mine])
        targets[name] = Targets(own[at], positions[mine][newest])
        fills = at + delay_bars + (0 if fill == "close" else 1)
        first_fills += list(own[fills[fills < len(own)][:1]])
    if not first_fills:
        raise NotEnoughDataError("no bar opens after any of the forecasts, so none can fill; add newer bars")
    return Simulation(
        prices,
        targets,
        "weights",
        cash=cash,
        costs=costs or Costs(),
        fill=fill,
        delay_bars=delay_bars,
        max_leverage=max_leverage,
        since=min(first_fills),
    )


def backtest_forecasts(
    dataset: Dataset, forecasts: OutOfSample, bars: Mapping[str, Bars], **how: Any
) -> BacktestReport:
    """Trade what was forecast: `simulation_of` with the same arguments, run."""
    return simulation_of(dataset, forecasts, bars, **how).run()


def _deciding_bars(own: np.ndarray, decided: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The bar each decision is attached to: the last that opens before it, so that the next opens after.

    Without a publication lag that is the bar whose close the decision was made at. Of several
    decisions before one open only the newest can be traded. `decided` is in order; returned are
    positions in `own` and in `decided`.
    """
    at = np.searchsorted(own, decided, "left") - 1
    newest = np.flatnonzero(np.append(at[1:] != at[:-1], True) & (at >= 0)) if len(at) else at
    return at[newest], newest


def _until(bars: Bars, end: np.datetime64) -> Bars:
    """The bars that have closed by `end`."""
    return bars.take(np.flatnonzero(bars.event_time + bars.series.timeframe.duration_us <= end))

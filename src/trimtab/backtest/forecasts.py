"""From the out-of-sample forecasts of a walk-forward to a simulated account."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from trimtab.backtest.costs import Costs
from trimtab.backtest.engine import BacktestReport, run_backtest
from trimtab.backtest.market import Fill, Targets, prices_of
from trimtab.bars import Bars
from trimtab.datasets import Dataset
from trimtab.errors import DatasetError
from trimtab.signals.positions import Rule, target_positions
from trimtab.validation.walk_forward import OutOfSample


def backtest_forecasts(
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
) -> BacktestReport:
    """Trade what was forecast, with an equal share of the equity per instrument, at adjusted prices.

    `max_exposure` is the share of the equity that may be held in all; the rest stays cash.

    `forecasts` are those of a walk-forward over `dataset`, `bars` the series behind it by instrument id.
    The account, and the buy-and-hold beside it, run from the first forecast to the end of the last one's
    label: before, there was no model. A bar without a forecast keeps the target of the one before.
    """
    missing = set(dataset.instruments) - set(bars)
    if missing:
        raise DatasetError(f"there are forecasts but no bars for {', '.join(sorted(missing))}; pass their bars")
    event_time = dataset.event_time[forecasts.row]
    positions = target_positions(forecasts.value, rule, threshold, dataset.task) * (
        max_exposure / len(dataset.instruments)
    )
    instrument = dataset.instrument[forecasts.row]
    targets = {
        name: Targets(event_time[instrument == code], positions[instrument == code])
        for code, name in enumerate(dataset.instruments)
    }
    start, end = event_time.min(), dataset.label_end[forecasts.row].max()
    prices = {name: prices_of(_until(bars[name], end), since=start) for name in dataset.instruments}
    return run_backtest(prices, targets, units="weights", cash=cash, costs=costs, fill=fill)


def _until(bars: Bars, end: np.datetime64) -> Bars:
    """The bars that have closed by `end`."""
    return bars.take(np.flatnonzero(bars.event_time + bars.series.timeframe.duration_us <= end))

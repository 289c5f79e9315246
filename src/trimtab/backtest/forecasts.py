"""From the out-of-sample forecasts of a walk-forward to a simulated account."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from trimtab.backtest.costs import Costs
from trimtab.backtest.engine import BacktestReport, run_backtest
from trimtab.backtest.market import Fill, Targets, prices_of
from trimtab.bars import Bars
from trimtab.datasets import Dataset
from trimtab.errors import DatasetError, NotEnoughDataError
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
    A forecast fills at the first open at or after its decision time, which is later than the next bar
    where bars are published late. The account, and the buy-and-hold beside it, run from the first bar
    in which a forecast can fill to the end of the last one's label: before, there was no model. A bar
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
        fills = at if fill == "close" else at[at + 1 < len(own)] + 1
        first_fills += list(own[fills[:1]])
    if not first_fills:
        raise NotEnoughDataError("no bar opens after any of the forecasts, so none can fill; add newer bars")
    return run_backtest(prices, targets, units="weights", cash=cash, costs=costs, fill=fill, since=min(first_fills))


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

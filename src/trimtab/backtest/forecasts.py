"""From the out-of-sample forecasts of a walk-forward to positions that can be traded, and to an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from trimtab.backtest.costs import Costs
from trimtab.backtest.engine import BacktestReport
from trimtab.backtest.market import Fill, Prices, Targets, prices_of
from trimtab.backtest.simulation import ForecastCover, Simulation
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
    first bar in which a forecast can fill to the end of the last one's label: before, there was no model.

    A bar without a forecast keeps the target of the one before until the label of that one ends: at the first bar
    that closes then or later the target is 0, unless a newer forecast has come or no bar is left to sell in.

    A bar that is no sample is not traded, so samples must not be chosen by what happened after them: a direction
    label with a neutral band does that, and its account knows the future. Raises `NotEnoughDataError` when no
    forecast can fill.
    """
    missing = set(dataset.instruments) - set(bars)
    if missing:
        raise DatasetError(f"there are forecasts but no bars for {', '.join(sorted(missing))}; pass their bars")
    positions = target_positions(forecasts.value, rule, threshold, dataset.task) * (
        max_exposure / len(dataset.instruments)
    )
    decided, ends = dataset.decision_time[forecasts.row], dataset.label_end[forecasts.row]
    prices = {name: prices_of(_until(bars[name], ends.max())) for name in dataset.instruments}
    targets: dict[str, Targets] = {}
    first_fills: list[np.datetime64] = []
    held: list[_Held] = []
    wait = delay_bars + (0 if fill == "close" else 1)
    for code, name in enumerate(dataset.instruments):
        mine, own = dataset.instrument[forecasts.row] == code, prices[name].event_time
        at, newest = _deciding_bars(own, decided[mine])
        over = _bars_closed(bars[name], own, ends[mine][newest])
        held.append(_until_the_label_ends(at, positions[mine][newest], over, len(own) - max(wait, 1)))
        targets[name] = Targets(own[held[-1].bar], held[-1].target)
        fills = at + wait
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
        cover=_cover(held, list(prices.values())),
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


class _Held(NamedTuple):
    """Positions of one instrument: the bars they are decided at, increasing, and which of these are forecasts."""

    bar: np.ndarray
    target: np.ndarray
    is_forecast: np.ndarray


def _until_the_label_ends(at: np.ndarray, target: np.ndarray, over: np.ndarray, n_in_time: int) -> _Held:
    """Targets at the bars `at`, and 0 where a label is over and nothing newer was said.

    `over` is the bar at whose close each label has ended; at the first `n_in_time` bars an order can still fill in
    a later one.
    """
    over, newer = np.maximum(over, at + 1), np.append(at[1:], n_in_time)
    flat = over[(over < newer) & (over < n_in_time)]
    bar = np.concatenate([at, flat])
    order = np.argsort(bar, kind="stable")
    said = np.concatenate([target, np.zeros(len(flat))])
    return _Held(bar[order], said[order], order < len(at))


def _bars_closed(bars: Bars, own: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The first bar that closes at each time or later; `len(own)` where none does."""
    return np.searchsorted(own + bars.series.timeframe.duration_us, ends, "left")


def _cover(held: list[_Held], prices: list[Prices]) -> ForecastCover:
    newest = max(
        own.event_time[each.bar[each.is_forecast][-1]] for each, own in zip(held, prices, strict=True) if len(each.bar)
    )
    n_bars = n_without = n_lapsed = 0
    for each, own in zip(held, prices, strict=True):
        if len(each.bar):
            within = int(np.searchsorted(own.event_time, newest, "right")) - int(each.bar[0])
            n_bars, n_without = n_bars + within, n_without + within - int(each.is_forecast.sum())
            n_lapsed += int((~each.is_forecast[1:] & (each.target[:-1] != 0.0)).sum())
    return ForecastCover(n_bars, n_without, n_lapsed)


def _until(bars: Bars, end: np.datetime64) -> Bars:
    """The bars that have closed by `end`."""
    return bars.take(np.flatnonzero(bars.event_time + bars.series.timeframe.duration_us <= end))

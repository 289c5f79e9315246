"""A backtest kept by hand: one bar, one instrument, one order at a time, in plain Python.

Written from the words of `trimtab.backtest` and not from its code; slow, and meant to be read.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from trimtab.backtest.costs import Costs
from trimtab.backtest.market import Prices, Targets

YEAR = np.timedelta64(31_557_600, "s")


@dataclass
class Holding:
    """One instrument: its bars by time, what is held of it, and the order that is open."""

    bars: dict[np.datetime64, int]
    prices: Prices
    due: dict[int, float]
    units: float = 0.0
    target: float = 0.0
    last_close: float = math.nan
    is_open: bool = False
    goal: float | None = None


@dataclass
class SlowAccount:
    """Equity at the close of each bar, units held at each, and what was paid by kind; `missed` are orders that waited."""

    equity: list[float] = field(default_factory=list)
    units: list[list[float]] = field(default_factory=list)
    paid: dict[str, float] = field(
        default_factory=lambda: {"commission": 0.0, "slippage": 0.0, "impact": 0.0, "borrow": 0.0}
    )
    n_fills: int = 0
    missed: set[tuple[str, np.datetime64, str]] = field(default_factory=set)


def keep_slowly(
    prices: Mapping[str, Prices],
    positions: Mapping[str, Targets],
    *,
    units: str,
    cash: float,
    costs: Costs,
    fill: str = "next_open",
    delay_bars: int = 0,
) -> SlowAccount:
    """The account that `run_backtest` should have kept."""
    account = SlowAccount()
    times = sorted({time for own in prices.values() for time in own.event_time})
    wait = delay_bars + (0 if fill == "close" else 1)
    book = {name: _holding(own, positions.get(name), wait) for name, own in prices.items()}
    is_gone = False
    for at, time in enumerate(times):
        if at:
            cash -= _borrow(account, book, costs, (time - times[at - 1]) / YEAR)
        _receive(book, time, is_gone)
        worth = cash + sum(own.units * _fill_price(own, time, fill) for own in book.values() if own.units)
        is_due = any(own.is_open and own.goal is None and time in own.bars for own in book.values())
        if units == "weights" and worth <= 0.0 and is_due and not is_gone:
            is_gone = True
            for own in book.values():
                own.target, own.goal, own.is_open = 0.0, 0.0, own.units != 0.0
        for name, own in book.items():
            if own.is_open and time in own.bars:
                cash -= _fill(account, name, own, time, fill, costs, worth if units == "weights" else None)
        for own in book.values():
            if time in own.bars and not math.isnan(own.prices.close[own.bars[time]]):
                own.last_close = own.prices.close[own.bars[time]]
        account.equity.append(cash + sum(own.units * own.last_close for own in book.values() if own.units))
        account.units.append([own.units for own in book.values()])
    return account


def _holding(own: Prices, targets: Targets | None, wait: int) -> Holding:
    bars = {time: number for number, time in enumerate(own.event_time)}
    due = {}
    if targets is not None:
        for time, target in zip(targets.event_time, targets.target, strict=True):
            if not math.isnan(target):
                due[bars[time] + wait] = float(target)
    return Holding(bars, own, due)


def _borrow(account: SlowAccount, book: Mapping[str, Holding], costs: Costs, years: float) -> float:
    short = sum(-own.units * own.last_close for own in book.values() if own.units < 0.0)
    paid = short * costs.borrow_bps_per_year / 1e4 * years
    account.paid["borrow"] += paid
    return paid


def _receive(book: Mapping[str, Holding], time: np.datetime64, is_gone: bool) -> None:
    for own in book.values():
        wanted = own.due.get(own.bars[time]) if time in own.bars else None
        if wanted is not None and wanted != own.target and not is_gone:
            own.target, own.is_open, own.goal = wanted, True, None


def _fill_price(own: Holding, time: np.datetime64, fill: str) -> float:
    """What one unit is worth when orders fill: the price they fill at, or the last known close."""
    if time not in own.bars:
        return own.last_close
    price = float((own.prices.open if fill == "next_open" else own.prices.close)[own.bars[time]])
    return own.last_close if math.isnan(price) else price


def _fill(
    account: SlowAccount, name: str, own: Holding, time: np.datetime64, fill: str, costs: Costs, worth: float | None
) -> float:
    """Fill what can be filled of the open order; returns the money that leaves the account."""
    bar = own.bars[time]
    price = float((own.prices.open if fill == "next_open" else own.prices.close)[bar])
    volume = math.nan if own.prices.volume is None else float(own.prices.volume[bar])
    goal = own.goal
    if goal is None:
        goal = own.target if worth is None or own.target == 0.0 else own.target * worth / _fill_price(own, time, fill)
    order = goal - own.units
    if order == 0.0:
        own.is_open = False
        return 0.0
    if math.isnan(price):
        account.missed.add((name, time, "no price"))
        return 0.0
    if volume == 0.0 or (costs.max_volume_share is not None and math.isnan(volume)):
        account.missed.add((name, time, "no volume"))
        return 0.0
    if costs.impact and (_volatility(own, bar) is None or not _usual_volume(own, bar)):
        account.missed.add((name, time, "unknown impact"))
        return 0.0
    own.goal = goal
    if costs.max_volume_share is not None and abs(order) > costs.max_volume_share * volume:
        order = math.copysign(costs.max_volume_share * volume, order)
        own.units += order
    else:
        own.units, own.is_open = goal, False
    account.n_fills += 1
    return order * price + _cost(account, own, bar, order, price, costs)


def _cost(account: SlowAccount, own: Holding, bar: int, order: float, price: float, costs: Costs) -> float:
    slippage = costs.slippage_bps / 1e4
    impact = 0.0
    if costs.impact:
        impact = costs.impact * _volatility(own, bar) * math.sqrt(abs(order) / _usual_volume(own, bar))
    if order < 0.0:
        impact = min(impact, 1.0 - slippage)
        paid_price = price * (1.0 - slippage - impact)
    else:
        paid_price = price * (1.0 + slippage + impact)
    commission = (
        abs(order) * paid_price * costs.commission_bps / 1e4
        + _shares(own, bar, abs(order), price) * costs.commission_per_share
        + costs.commission_per_trade
    )
    account.paid["commission"] += commission
    account.paid["slippage"] += abs(order) * price * slippage
    account.paid["impact"] += abs(order) * price * impact
    return commission + abs(order * (paid_price - price))


def _shares(own: Holding, bar: int, units: float, price: float) -> float:
    """How many shares of the day the same money was, at the price of the day."""
    price_of_the_day = price if own.prices.factor is None else price / float(own.prices.factor[bar])
    return units * price / price_of_the_day


def _volatility(own: Holding, bar: int) -> float | None:
    closes = [close for close in own.prices.close[max(0, bar - 20) : bar] if not math.isnan(close)]
    returns = [math.log(after / before) for before, after in pairwise(closes)]
    return statistics.stdev(returns) if len(returns) > 1 else None


def _usual_volume(own: Holding, bar: int) -> float:
    if own.prices.volume is None:
        return 0.0
    known = [volume for volume in own.prices.volume[max(0, bar - 20) : bar] if not math.isnan(volume)]
    return statistics.fmean(known) if known else 0.0

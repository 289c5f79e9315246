"""Buying one instrument and keeping it: what the market would have earned over the same bars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.backtest.market import Fill, Prices
from trimtab.metrics.trading import evaluate_returns

ADJUSTED = "as stored, adjusted for splits and dividends"
UNADJUSTED = "as stored; no splits or dividends are added, and an index holds none"


@dataclass(frozen=True)
class Holding:
    """An instrument held beside an account.

    Attributes
    ----------
    name: what is held.
    equity: money at the close of each bar of the account, without costs; shape (t,).
    metrics: `evaluate_returns` of it.
    prices: which prices it was held at, in words.
    """

    name: str
    equity: np.ndarray
    metrics: dict[str, float]
    prices: str = ""


def hold(
    name: str, prices: Prices, event_time: np.ndarray, *, cash: float, fill: Fill, periods_per_year: float
) -> Holding | None:
    """Put all the cash into one instrument at its first bar from the account's first on, and keep it.

    It is bought where orders of the account fill: at the open for "next_open", at the close otherwise, in the first
    bar that has that price, as the engine's own benchmark is. In a bar of the account (`event_time`, shape (t,))
    whose close is not known, the last known one counts, and before there is one the price paid. None where it has no
    such price within the account's bars.
    """
    own, opens, closes = (np.asarray(column) for column in prices[:3])
    asked = opens if fill == "next_open" else closes
    can_buy = np.isfinite(asked) & (own >= event_time[0]) & (own <= event_time[-1])
    if not can_buy.any():
        return None
    first = int(np.argmax(can_buy))
    paid = float(asked[first])
    marks = _last_known(closes, paid)
    latest = np.searchsorted(own, event_time, "right") - 1
    equity = np.where(latest >= first, cash * marks[latest] / paid, cash)
    metrics = evaluate_returns(returns_of(equity, cash), periods_per_year)
    return Holding(name, equity, metrics, UNADJUSTED if prices.factor is None else ADJUSTED)


def _last_known(closes: np.ndarray, before: float) -> np.ndarray:
    """Each close, or where it is missing the last known one; `before` there is one."""
    row = np.maximum.accumulate(np.where(np.isfinite(closes), np.arange(len(closes)), -1))
    return np.where(row >= 0, closes[row], before)


def returns_of(equity: np.ndarray, cash: float) -> np.ndarray:
    """Change over each bar as a share of the money before it, the cash before the first; shape (t,).

    NaN from the bar after the money is gone, for good: what has nothing cannot return anything, and what comes back
    from debt has not grown out of what was there before.

    >>> returns_of(np.array([110.0, 99.0]), 100.0).round(3).tolist()
    [0.1, -0.1]
    >>> returns_of(np.array([50.0, -10.0, 20.0, 30.0]), 100.0).tolist()
    [-0.5, -1.2, nan, nan]
    """
    before = np.concatenate([[cash], equity[:-1]])
    gone = ~(before > 0.0)
    if gone.any():
        before[int(np.argmax(gone)) :] = np.nan
    returns: np.ndarray = (equity - before) / before
    return returns


def came_back(equity: np.ndarray) -> bool:
    """Whether an account had money again at the close of a bar after one at which it had none or owed some.

    >>> came_back(np.array([50.0, -10.0, 20.0])), came_back(np.array([50.0, 20.0, -10.0]))
    (True, False)
    """
    gone = ~(equity > 0.0)
    return bool(gone.any()) and bool((equity[int(np.argmax(gone)) :] > 0.0).any())

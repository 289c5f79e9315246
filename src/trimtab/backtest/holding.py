"""Buying one instrument and keeping it: what the market would have earned over the same bars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.backtest.market import Fill, Prices
from trimtab.metrics.trading import evaluate_returns


@dataclass(frozen=True)
class Holding:
    """An instrument held beside an account.

    Attributes
    ----------
    name: what is held.
    equity: money at the close of each bar of the account, without costs; shape (t,).
    metrics: `evaluate_returns` of it.
    """

    name: str
    equity: np.ndarray
    metrics: dict[str, float]


def hold(
    name: str, prices: Prices, event_time: np.ndarray, *, cash: float, fill: Fill, periods_per_year: float
) -> Holding | None:
    """Put all the cash into one instrument at its first bar from the account's first on, and keep it.

    It is bought where orders of the account fill: at the open for "next_open", at the close otherwise. In a bar of
    the account (`event_time`, shape (t,)) that the instrument does not have, its last close counts. None where it
    has no bar that opens within the account's.
    """
    own, opens, closes = (np.asarray(column) for column in prices[:3])
    known = np.isfinite(opens) & np.isfinite(closes)
    own, opens, closes = own[known], opens[known], closes[known]
    first = int(np.searchsorted(own, event_time[0]))
    if first >= len(own) or own[first] > event_time[-1]:
        return None
    paid = float(opens[first] if fill == "next_open" else closes[first])
    latest = np.searchsorted(own, event_time, "right") - 1
    equity = np.where(latest >= first, cash * closes[latest] / paid, cash)
    return Holding(name, equity, evaluate_returns(returns_of(equity, cash), periods_per_year))


def returns_of(equity: np.ndarray, cash: float) -> np.ndarray:
    """Change over each bar as a share of the money before it, the cash before the first; shape (t,).

    NaN after the money is gone: what has nothing cannot return anything.

    >>> returns_of(np.array([110.0, 99.0]), 100.0).round(3).tolist()
    [0.1, -0.1]
    """
    before = np.concatenate([[cash], equity[:-1]])
    return np.divide(equity - before, before, out=np.full(len(equity), np.nan), where=before > 0.0)

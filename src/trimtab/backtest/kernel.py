"""The account itself, bar by bar: orders arrive, fill and are paid for, and what is held is valued.

One compiled pass over bars x instruments. In each bar, in this order: borrow is paid for what was short since the
bar before; targets that are due replace open orders; open orders are sized and filled; the equity is taken at the
closes. Nothing here looks at a later row. `market` prepares what goes in, `engine` describes what comes out.
"""

from __future__ import annotations

import numpy as np

from trimtab.backtest.fills import end_order, fill_order, pay_for
from trimtab.backtest.impact import pressure, usual_market
from trimtab.backtest.ledger import (
    BOOK,
    EXPIRED,
    FILL,
    NONE,
    REPLACED,
    SIZED,
    TOTALS,
    UNFILLED,
    UNSIZED,
    Account,
    Market,
    Rates,
)
from trimtab.compiled import compiled


def keep_account(
    market: Market,
    orders: np.ndarray,
    first: int,
    cash: float,
    rates: Rates,
    *,
    is_weights: bool,
    max_leverage: float = np.inf,
) -> Account:
    """Keep the account from row `first` on; rows before only say what targets are in force and what was known."""
    t, k = market.close.shape
    equity, benchmark, weights = np.zeros(t - first), np.zeros(t - first), np.zeros((t - first, k))
    book, totals = np.zeros(k, BOOK), np.zeros(1, TOTALS)
    book["mark"], book["benchmark"] = np.nan, np.nan
    book["cut"], book["failed"] = -1, -1
    totals["money"] = cash
    # Memory that is never written to costs nothing: every order may fail once, and fill in every bar at worst.
    unfilled = np.empty(len(orders) + k, UNFILLED)
    fills = np.empty(len(orders) + k if rates.volume_share == np.inf else (t - first) * k, FILL)
    refused_at, leverage = _run(
        market,
        orders,
        first,
        rates,
        is_weights,
        max_leverage,
        cash / k,
        book,
        totals,
        fills,
        unfilled,
        equity,
        benchmark,
        weights,
    )
    n_fills, n_unfilled = int(totals["n_fills"][0]), int(totals["n_unfilled"][0])
    return Account(
        equity, benchmark, weights, fills[:n_fills], unfilled[:n_unfilled], book, totals, refused_at, leverage
    )


@compiled(error_model="numpy")
def _run(
    market: Market,
    orders: np.ndarray,
    first: int,
    rates: Rates,
    is_weights: bool,
    max_leverage: float,
    part: float,
    book: np.ndarray,
    totals: np.ndarray,
    fills: np.ndarray,
    unfilled: np.ndarray,
    equity: np.ndarray,
    benchmark: np.ndarray,
    weights: np.ndarray,
) -> tuple[int, float]:
    for i in range(first):
        _remember_closes(market.close, i, book)
    i = first
    while i < len(market.close):
        _take_orders(orders, i, book, totals[0], unfilled)
        if totals[0].n_open:
            leverage = _trade(market, i, rates, is_weights, max_leverage, book, totals[0], fills, unfilled)
            if leverage > max_leverage:
                return i, leverage
        i = _hold(market, orders, i, first, rates.borrow, part, book, totals[0], equity, benchmark, weights)
    for j in range(len(book)):
        if book[j].failed >= 0 or book[j].cut >= 0:
            end_order(book[j], j, EXPIRED, totals[0], unfilled)
    return -1, 0.0


@compiled(error_model="numpy")
def _remember_closes(close: np.ndarray, i: int, book: np.ndarray) -> None:
    for j in range(len(book)):
        if not np.isnan(close[i, j]):
            book[j].mark = close[i, j]


@compiled(error_model="numpy")
def _take_orders(orders: np.ndarray, i: int, book: np.ndarray, totals: np.record, unfilled: np.ndarray) -> None:
    """Every target that is due by row `i` and differs from the one in force opens an order."""
    while totals.n_orders < len(orders) and orders[totals.n_orders].row <= i:
        j, target = orders[totals.n_orders].instrument, orders[totals.n_orders].target
        totals.n_orders += 1
        if target == book[j].target or totals.is_gone:
            continue
        if book[j].order != NONE:
            end_order(book[j], j, REPLACED, totals, unfilled)
        book[j].target = target
        book[j].order = UNSIZED
        totals.n_open += 1


@compiled(error_model="numpy")
def _trade(
    market: Market,
    i: int,
    rates: Rates,
    is_weights: bool,
    max_leverage: float,
    book: np.ndarray,
    totals: np.record,
    fills: np.ndarray,
    unfilled: np.ndarray,
) -> float:
    """Fill what can be filled of the orders that are open in row `i`. Returns the leverage that is asked for."""
    leverage = np.abs(book["target"]).sum() if is_weights else 0.0
    if leverage > max_leverage:
        return leverage
    gross, net = _worth(market.fill, i, book)
    worth = totals.money + net
    if is_weights and worth <= 0.0 and not totals.is_gone and _is_any_due(market.has_bar, i, book):
        _sell_everything(book, totals, unfilled)
    for j in range(len(book)):
        if book[j].order != NONE and market.has_bar[i, j]:
            volume = market.volume[i, j] if market.volume.shape[0] else np.nan
            usual = (0.0, 1.0)
            if rates.impact > 0.0:
                usual = usual_market(market.close, market.volume, market.has_bar, i, j)
            filled = fill_order(
                i,
                j,
                market.fill[i, j],
                volume,
                worth,
                rates.volume_share,
                not np.isnan(usual[0]),
                is_weights,
                book[j],
                totals,
                unfilled,
            )
            if filled != 0.0:
                shares = market.factor[i, j] if market.factor.shape[0] else 1.0
                impact = rates.impact * pressure(usual, abs(filled))
                pay_for(i, j, filled, market.fill[i, j], shares, impact, rates, book[j], totals, fills)
    if not is_weights and max_leverage < np.inf:
        after, _ = _worth(market.fill, i, book)
        if after > gross:  # an order that reduces what is held is never refused
            leverage = after / worth if worth > 0.0 else np.inf
    return leverage


@compiled(error_model="numpy")
def _worth(fill: np.ndarray, i: int, book: np.ndarray) -> tuple[float, float]:
    """Value of what is held, longs plus shorts and longs less shorts, at the prices orders fill at in this row."""
    gross, net = 0.0, 0.0
    for j in range(len(book)):
        if book[j].held != 0.0:
            value = book[j].held * (book[j].mark if np.isnan(fill[i, j]) else fill[i, j])
            gross += abs(value)
            net += value
    return gross, net


@compiled(error_model="numpy")
def _is_any_due(has_bar: np.ndarray, i: int, book: np.ndarray) -> bool:
    for j in range(len(book)):  # noqa: SIM110 - numba compiles no generators
        if book[j].order == UNSIZED and has_bar[i, j]:
            return True
    return False


@compiled(error_model="numpy")
def _sell_everything(book: np.ndarray, totals: np.record, unfilled: np.ndarray) -> None:
    """The equity is gone: whatever is open is replaced by an order to be flat, and no later target counts."""
    totals.is_gone = 1
    for j in range(len(book)):
        if book[j].order != NONE:
            end_order(book[j], j, REPLACED, totals, unfilled)
        book[j].target = 0.0
        book[j].goal = 0.0
        if book[j].held != 0.0:
            book[j].order = SIZED
            totals.n_open += 1


@compiled(error_model="numpy")
def _hold(
    market: Market,
    orders: np.ndarray,
    i: int,
    first: int,
    borrow: float,
    part: float,
    book: np.ndarray,
    totals: np.record,
    equity: np.ndarray,
    benchmark: np.ndarray,
    weights: np.ndarray,
) -> int:
    """Value row `i` and those after it up to the next in which there is an order; returns that row.

    `part` is the cash that the benchmark has per instrument.
    """
    due = orders[totals.n_orders].row if totals.n_orders < len(orders) else len(market.close)
    end = i + 1 if totals.n_open else due
    # Most rows of most simulations pass here: what the loop needs is taken out once, because reaching into a tuple
    # or a record counts references, which costs more than the arithmetic.
    close, fill, years, t = market.close, market.fill, market.years, len(market.close)
    held, mark, bought = book["held"], book["mark"], book["benchmark"]
    while True:
        equity[i - first], benchmark[i - first] = totals.money, 0.0
        for j in range(len(held)):
            mark[j] = _latest(close[i, j], mark[j], fill[i, j])
            if np.isnan(bought[j]):
                bought[j] = part / fill[i, j]  # NaN until there is a price
            benchmark[i - first] += part if np.isnan(bought[j]) else bought[j] * mark[j]
            equity[i - first] += 0.0 if held[j] == 0.0 else held[j] * mark[j]
        for j in range(len(held)):
            if held[j] != 0.0 and equity[i - first] > 0.0:
                weights[i - first, j] = held[j] * mark[j] / equity[i - first]
        i += 1
        if i == t:
            return i
        if borrow > 0.0:
            _pay_borrow(years[i] * borrow, book, totals)
        if i >= end:
            return i


@compiled(error_model="numpy")
def _latest(close: float, mark: float, fill: float) -> float:
    """The last known close; before there is one, the price at which an order may have filled."""
    if not np.isnan(close):
        return close
    return fill if np.isnan(mark) else mark


@compiled(error_model="numpy")
def _pay_borrow(rate: float, book: np.ndarray, totals: np.record) -> None:
    """Pay for what was short since the row before, on its value at the last close."""
    for j in range(len(book)):
        if book[j].held < 0.0:
            paid = -book[j].held * book[j].mark * rate
            book[j].borrow += paid
            totals.borrow += paid
            totals.money -= paid

"""A vectorised account of many instruments: targets in, equity curve and trades out.

A target decided at the close of bar t fills at the open of bar t + 1 by default. "next_close" fills a
bar later still; "close" fills at the very price the decision was made on, which nobody gets, and is
there to see how much a result owes to it.

Two meanings of a target, `units`:

- "units": units to hold. The account may go negative: nothing stops a target it cannot pay.
- "weights": share of the equity at the moment of the fill, per instrument. Units are computed when the
  target of that instrument changes and then kept, so weights drift with prices until the next change.
  Once the equity is gone, everything is sold at the next change and nothing is bought again.

Short positions pay no borrow, cash earns nothing, dividends come only through adjusted prices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from trimtab.backtest.costs import Costs
from trimtab.backtest.market import Fill, Grid, Prices, Targets, bars_per_year, lay_out
from trimtab.backtest.trades import Trade, find_trades
from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.metrics.arrays import share
from trimtab.metrics.plain import plain
from trimtab.metrics.trading import evaluate_returns, exposure, profit_factor, win_rate

Units = Literal["units", "weights"]


@dataclass(frozen=True)
class BacktestReport:
    """What a simulation found; arrays have one element per bar of the union of all instruments.

    Attributes
    ----------
    event_time: opens of the bars, datetime64[us], UTC.
    equity: money at the close of each bar, after all costs so far.
    returns: change of equity over each bar, as a share of the equity before (the cash before the first).
    benchmark: money at the close of each bar of buying every instrument with an equal part of the cash
        in its first bar, at the price an order fills at there, and holding it, without costs.
    weights: shape (t, k), value held at the close as a share of the equity.
    instruments: the k instrument ids.
    trades: round trips, by entry time.
    metrics: all of `evaluate_returns` on `returns`, and see `_account_metrics`.
    benchmark_metrics: `evaluate_returns` of the benchmark.
    periods_per_year: used to annualise; measured from the bars unless given.
    """

    event_time: np.ndarray
    equity: np.ndarray
    returns: np.ndarray
    benchmark: np.ndarray
    weights: np.ndarray
    instruments: tuple[str, ...]
    trades: tuple[Trade, ...]
    metrics: dict[str, float]
    benchmark_metrics: dict[str, float]
    periods_per_year: float

    def to_json(self) -> dict[str, Any]:
        """The document `trimtab backtest --json` prints; unknown is None."""
        curve = zip(self.event_time, self.equity, strict=True)
        return plain(
            {
                "metrics": self.metrics,
                "benchmark": self.benchmark_metrics,
                "periods_per_year": self.periods_per_year,
                "equity": [{"event_time": time, "value": value} for time, value in curve],
                "trades": [asdict(trade) for trade in self.trades],
            }
        )


def run_backtest(
    prices: Mapping[str, Prices],
    positions: Mapping[str, Targets],
    *,
    units: Units,
    cash: float,
    costs: Costs | None = None,
    fill: Fill = "next_open",
    periods_per_year: float | None = None,
    since: np.datetime64 | None = None,
) -> BacktestReport:
    """Simulate holding `positions` (by instrument id, decided at the close of bars) at `prices`.

    `cash` is the money at the start, `costs` none by default. The account and the buy-and-hold beside
    it start with the first bar that opens at `since` or later (None: the first of all). Raises
    `DatasetError` for prices or positions that cannot be aligned, `NotEnoughDataError` below 2 bars.
    """
    if units not in ("units", "weights"):
        raise UnknownNameError("meaning of positions", str(units), ("units", "weights"))
    if not cash > 0.0:
        raise ConfigurationError(f"cash is {cash}; a backtest starts with money")
    costs = costs or Costs()
    grid = lay_out(prices, positions, fill, since)
    held = grid.target if units == "units" else _units_for_weights(grid, cash, costs)
    traded = np.diff(held, axis=0, prepend=0.0)
    price = np.nan_to_num(grid.fill_price)
    paid = _costs_of(costs, traded, price)
    value = held * np.nan_to_num(grid.close)
    money = cash - np.cumsum((traded * price + paid).sum(axis=1))
    equity = money + value.sum(axis=1)
    returns = _returns(equity, cash)
    per_year = bars_per_year(grid.event_time) if periods_per_year is None else periods_per_year
    trades = _trades(grid, traded, price, paid)
    weights = np.divide(value, equity[:, None], out=np.zeros_like(value), where=equity[:, None] > 0.0)
    benchmark = _buy_and_hold(grid, cash)
    metrics = evaluate_returns(returns, per_year)
    return BacktestReport(
        event_time=grid.event_time,
        equity=equity,
        returns=returns,
        benchmark=benchmark,
        weights=weights,
        instruments=grid.instruments,
        trades=trades,
        metrics=metrics
        | _account_metrics(
            equity, cash, traded_value=np.abs(traded) * price, paid=paid, weights=weights, trades=trades
        ),
        benchmark_metrics=evaluate_returns(_returns(benchmark, cash), per_year),
        periods_per_year=per_year,
    )


def _units_for_weights(grid: Grid, cash: float, costs: Costs) -> np.ndarray:
    """Units held by bar and instrument; only bars at which some target changes are visited."""
    changes = np.diff(grid.target, axis=0, prepend=0.0) != 0.0
    held = np.zeros_like(grid.target)
    now, money = np.zeros(held.shape[1]), cash
    previous = 0
    price = np.nan_to_num(grid.fill_price)
    for bar in np.flatnonzero(changes.any(axis=1)):
        held[previous:bar] = now
        equity = money + float(now @ price[bar])
        changed = changes[bar] if equity > 0.0 else grid.has_bar[bar]
        wanted = (
            np.zeros_like(now)
            if equity <= 0.0
            else grid.target[bar] * equity / np.where(price[bar] > 0, price[bar], 1.0)
        )
        traded = np.where(changed, wanted - now, 0.0)
        money -= float((traded * price[bar] + _costs_of(costs, traded, price[bar])).sum())
        # Units of a changed instrument are assigned, not added up, so flat is exactly zero.
        now, previous = np.where(changed, wanted, now), int(bar)
    held[previous:] = now
    return held


def _costs_of(costs: Costs, traded: np.ndarray, price: np.ndarray) -> np.ndarray:
    """Commission and slippage in money, per bar and instrument."""
    paid_price = costs.slippage.fill_price(traded, price)
    return costs.commission.commission(traded, paid_price) + traded * (paid_price - price)


def _returns(equity: np.ndarray, cash: float) -> np.ndarray:
    before = np.concatenate([[cash], equity[:-1]])
    # An account that has nothing cannot return anything: unknown, not infinite.
    return np.divide(equity - before, before, out=np.full(len(equity), np.nan), where=before > 0.0)


def _trades(grid: Grid, traded: np.ndarray, price: np.ndarray, paid: np.ndarray) -> tuple[Trade, ...]:
    trades: list[Trade] = []
    for column, name in enumerate(grid.instruments):
        own = grid.has_bar[:, column]
        time, fills = grid.event_time[own], traded[own, column]
        trades += find_trades(
            name, time, fills, price[own, column], costs=paid[own, column], last_close=float(grid.close[-1, column])
        )
    return tuple(sorted(trades, key=lambda trade: (trade.entry_time, trade.instrument_id)))


def _account_metrics(
    equity: np.ndarray,
    cash: float,
    *,
    traded_value: np.ndarray,
    paid: np.ndarray,
    weights: np.ndarray,
    trades: tuple[Trade, ...],
) -> dict[str, float]:
    """What an account adds to a series of returns.

    `exposure` is the share of bars at whose close something is held, `mean_gross_weight` how much of the
    equity. `turnover` is the value bought plus sold per bar, as a share of the equity before the bar.
    `break_even_cost_bps` is the cost per side at which nothing would be left of the result: profit
    before costs over all value traded (exact for "units"; for "weights" sizes would differ a little).
    """
    before = np.concatenate([[cash], equity[:-1]])
    turned = np.divide(traded_value.sum(axis=1), before, out=np.full(len(equity), np.nan), where=before > 0.0)
    closed = np.array([trade.pnl for trade in trades if not trade.is_open])
    total_costs, final = float(paid.sum()), float(equity[-1])
    return {
        "final_equity": final,
        "total_costs": total_costs,
        "n_trades": float(len(closed)),
        "n_open_trades": float(len(trades) - len(closed)),
        "trade_win_rate": win_rate(closed),
        "trade_profit_factor": profit_factor(closed),
        "exposure": exposure(weights),
        "mean_gross_weight": float(np.abs(weights).sum(axis=1).mean()),
        "turnover": share(float(np.nansum(turned)), int((~np.isnan(turned)).sum())),
        "break_even_cost_bps": share(final - cash + total_costs, float(traded_value.sum())) * 1e4,
    }


def _buy_and_hold(grid: Grid, cash: float) -> np.ndarray:
    part = cash / len(grid.instruments)
    first = grid.has_bar.argmax(axis=0)
    paid = grid.fill_price[first, np.arange(len(first))]
    is_held = np.maximum.accumulate(grid.has_bar, axis=0)  # from its first bar on; until then the part is cash
    value: np.ndarray = np.where(is_held, part * grid.close / paid, part).sum(axis=1)
    return value

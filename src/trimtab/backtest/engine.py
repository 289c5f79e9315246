"""A vectorised account of many instruments: targets in, equity curve and trades out.

A target decided at the close of bar t fills at the open of bar t + 1 by default. "next_close" fills a bar later
still; "close" fills at the very price the decision was made on, which nobody gets, and is there to see how much a
result owes to it. `delay_bars` moves any of them that many bars of the instrument later.

Two meanings of a target, `units`:

- "units": units to hold. The account may go negative: nothing stops a target it cannot pay.
- "weights": share of the equity at the moment of the fill, per instrument. Units are computed when the
  target of that instrument changes and then kept, so weights drift with prices until the next change.
  Once the equity is gone, everything is sold at the next change and nothing is bought again.

A target that changes is an order. One that cannot fill (no price, no volume) stays open until it can, until a newer
target replaces it, or until the bars end; `unfilled` lists every such order. Cash earns nothing, dividends come only
through adjusted prices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from trimtab.backtest.costs import COST_KINDS, Costs
from trimtab.backtest.holding import came_back, returns_of
from trimtab.backtest.kernel import keep_account
from trimtab.backtest.ledger import Account
from trimtab.backtest.market import Fill, Grid, Prices, Targets, bars_per_year, lay_out
from trimtab.backtest.orders import Unfilled, describe_unfilled
from trimtab.backtest.trades import Trades, find_trips
from trimtab.errors import ConfigurationError, DatasetError, UnknownNameError
from trimtab.metrics.arrays import share
from trimtab.metrics.plain import plain
from trimtab.metrics.trading import evaluate_returns, exposure, profit_factor, win_rate

Units = Literal["units", "weights"]
LISTED_UNFILLED = 100  # in the document; the report has all
_COUNTS = ("n_periods", "n_unknown")  # measures that are true of any returns
_IN_DEBT = (
    "the account lost all its money and came back from debt, which no return describes: measures of its returns are "
    "unknown, except the total return, which is the change in money over the cash"
)
_ROUNDING = 1e-9  # weights of 1/3 each may add up to a little more than 1


@dataclass(frozen=True)
class BacktestReport:
    """What a simulation found; arrays have one element per bar of the union of all instruments.

    Attributes
    ----------
    event_time: opens of the bars, datetime64[us], UTC.
    equity: money at the close of each bar, after all costs so far.
    returns: change of equity over each bar, as a share of the equity before (the cash before the first); NaN from the
        bar after the equity is gone.
    benchmark: money at the close of each bar of buying every instrument with an equal part of the cash
        in its first bar, at the price an order fills at there, and holding it, without costs.
    weights: shape (t, k), value held at the close as a share of the equity.
    instruments: the k instrument ids.
    trades: round trips, by entry time.
    metrics: all of `evaluate_returns` on `returns`, see `_measures`, and `_account_metrics`.
    benchmark_metrics: `evaluate_returns` of the benchmark.
    periods_per_year: used to annualise; measured from the bars unless given.
    n_fills: orders, or parts of orders, that filled.
    unfilled: orders that could not fill when they were due, or not whole, by time.
    costs_paid: money by kind, see `COST_KINDS`; adds up to the metric `total_costs`.
    notes: why measures are unknown, in sentences; mostly none.
    """

    event_time: np.ndarray
    equity: np.ndarray
    returns: np.ndarray
    benchmark: np.ndarray
    weights: np.ndarray
    instruments: tuple[str, ...]
    trades: Trades
    metrics: dict[str, float]
    benchmark_metrics: dict[str, float]
    periods_per_year: float
    n_fills: int
    unfilled: tuple[Unfilled, ...]
    costs_paid: dict[str, float]
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The document `trimtab backtest --json` prints; unknown is None, of the unfilled the first are listed."""
        curve = zip(plain(self.event_time), plain(self.equity), strict=True)
        document = {
            "metrics": self.metrics,
            "benchmark": self.benchmark_metrics,
            "periods_per_year": self.periods_per_year,
            "equity": None,
            "benchmark_equity": self.benchmark,
            "trades": [vars(trade) for trade in self.trades],
            "n_fills": self.n_fills,
            "unfilled": [asdict(order) for order in self.unfilled[:LISTED_UNFILLED]],
            "n_unfilled": len(self.unfilled),
            "costs_paid": self.costs_paid,
            "notes": self.notes,
        }
        # A point is plain already, and there may be a million of them.
        return plain(document) | {"equity": [{"event_time": time, "value": value} for time, value in curve]}


def run_backtest(
    prices: Mapping[str, Prices],
    positions: Mapping[str, Targets],
    *,
    units: Units,
    cash: float,
    costs: Costs | None = None,
    fill: Fill = "next_open",
    delay_bars: int = 0,
    max_leverage: float | None = None,
    periods_per_year: float | None = None,
    since: np.datetime64 | None = None,
) -> BacktestReport:
    """Simulate holding `positions` (by instrument id, decided at the close of bars) at `prices`.

    `cash` is the money at the start, `costs` none by default. The account and the buy-and-hold beside
    it start with the first bar that opens at `since` or later (None: the first of all).

    More than `max_leverage` times the equity is refused with a `ConfigurationError` that names the first bar: of
    weights their sum of sizes, of units the value held after a fill that adds to it, beside the equity before its
    costs. Raises `DatasetError` for prices or positions that cannot be aligned and for costs that need a volume
    nobody knows, `NotEnoughDataError` below 2 bars.
    """
    grid, account = simulate(
        prices,
        positions,
        units=units,
        cash=cash,
        costs=costs,
        fill=fill,
        delay_bars=delay_bars,
        max_leverage=max_leverage,
        since=since,
    )
    return _report(grid, account, cash, periods_per_year, is_weights=units == "weights")


def simulate(
    prices: Mapping[str, Prices],
    positions: Mapping[str, Targets],
    *,
    units: Units,
    cash: float,
    costs: Costs | None = None,
    fill: Fill = "next_open",
    delay_bars: int = 0,
    max_leverage: float | None = None,
    since: np.datetime64 | None = None,
) -> tuple[Grid, Account]:
    """The account alone, without trades and metrics: for who needs only the equity, many times. See `run_backtest`."""
    costs = costs or Costs()
    _check_arguments(units, cash, max_leverage)
    grid = lay_out(prices, positions, fill, since, delay_bars)
    _check_volume(grid, costs)
    limit = np.inf if max_leverage is None else max_leverage * (1.0 + _ROUNDING)
    account = keep_account(
        grid.market,
        grid.orders,
        grid.first,
        cash,
        costs.rates(),
        is_weights=units == "weights",
        max_leverage=limit,
    )
    if account.refused_at >= 0:
        at = np.datetime_as_string(grid.event_time[account.refused_at], unit="s")
        raise ConfigurationError(
            f"the positions at {at}Z are {account.leverage:.6g} times the equity, above "
            f"max_leverage {max_leverage}; make them smaller, or raise max_leverage if that much may be borrowed"
        )
    return grid, account


def _report(
    grid: Grid, account: Account, cash: float, periods_per_year: float | None, *, is_weights: bool
) -> BacktestReport:
    event_time = grid.event_time[grid.first :]
    per_year = bars_per_year(event_time) if periods_per_year is None else periods_per_year
    trips = find_trips(account.fills, account.book["mark"], account.book["borrow"])
    trades = Trades(trips, grid.instruments, grid.event_time, grid.market.has_bar)
    returns = returns_of(account.equity, cash)
    return BacktestReport(
        event_time=event_time,
        equity=account.equity,
        returns=returns,
        benchmark=account.benchmark,
        weights=account.weights,
        instruments=grid.instruments,
        trades=trades,
        metrics=_measures(account.equity, returns, cash, per_year) | _account_metrics(grid, account, trades, cash),
        benchmark_metrics=evaluate_returns(returns_of(account.benchmark, cash), per_year),
        periods_per_year=per_year,
        n_fills=len(account.fills),
        unfilled=describe_unfilled(grid, account, is_weights=is_weights),
        costs_paid={kind: float(account.totals[kind][0]) for kind in COST_KINDS},
        notes=(_IN_DEBT,) if came_back(account.equity) else (),
    )


def _measures(equity: np.ndarray, returns: np.ndarray, cash: float, per_year: float) -> dict[str, float]:
    """Measures of `returns`, as far as they say what became of the account.

    Money that is gone returns nothing more, so once it is the total return is read off the account itself. Where
    it came back (`came_back`), its returns are those of a part of the way, and no other measure of them is told.
    """
    measures = evaluate_returns(returns, per_year)
    if not np.isnan(returns[-1]):
        return measures
    if came_back(equity):
        measures = {name: value if name in _COUNTS else np.nan for name, value in measures.items()}
    return measures | {"total_return": float(equity[-1] / cash - 1.0)}


def _account_metrics(grid: Grid, account: Account, trades: Trades, cash: float) -> dict[str, float]:
    """What an account adds to a series of returns.

    `exposure` is the share of bars at whose close something is held, `mean_gross_weight` how much of the
    equity. `turnover` is the value bought plus sold per bar, as a share of the equity before the bar.
    `break_even_cost_bps` is the cost per side at which nothing would be left of the result: profit
    before costs over all value traded (exact for "units"; for "weights" sizes would differ a little).
    """
    equity, weights = account.equity, account.weights
    value = np.abs(account.fills["units"]) * account.fills["price"]
    closed = trades.pnl[~trades.is_open]
    total_costs, final = float(sum(account.totals[kind][0] for kind in COST_KINDS)), float(equity[-1])
    return {
        "final_equity": final,
        "total_costs": total_costs,
        "n_fills": float(len(account.fills)),
        "n_trades": float(len(closed)),
        "n_open_trades": float(len(trades) - len(closed)),
        "trade_win_rate": win_rate(closed),
        "trade_profit_factor": profit_factor(closed),
        "exposure": exposure(weights),
        "mean_gross_weight": float(np.abs(weights).sum(axis=1).mean()),
        "turnover": _turnover(equity, cash, account.fills["row"] - grid.first, value),
        "break_even_cost_bps": share(final - cash + total_costs, float(value.sum())) * 1e4,
    }


def _turnover(equity: np.ndarray, cash: float, row: np.ndarray, value: np.ndarray) -> float:
    """Mean over the bars before which there was money; `row` and `value` are those of the fills."""
    before = np.concatenate([[cash], equity[:-1]])
    had = before > 0.0
    traded = had[row]
    return share(float((value[traded] / before[row[traded]]).sum()), int(had.sum()))


def _check_arguments(units: str, cash: float, max_leverage: float | None) -> None:
    if units not in ("units", "weights"):
        raise UnknownNameError("meaning of positions", str(units), ("units", "weights"))
    if not 0.0 < cash < np.inf:
        raise ConfigurationError(f"cash is {cash}; a backtest starts with money")
    if max_leverage is not None and not max_leverage > 0.0:
        raise ConfigurationError(
            f"max_leverage is {max_leverage}; give a number above 0, or leave it away for no limit"
        )


def _check_volume(grid: Grid, costs: Costs) -> None:
    traded = np.unique(grid.orders["instrument"])
    if costs.needs_volume and not grid.has_volume[traded].all():
        unknown = [grid.instruments[number] for number in traded if not grid.has_volume[number]]
        raise DatasetError(
            f"no volume is known for {', '.join(unknown[:10])}, and max_volume_share and impact need one; "
            "leave both out, or give bars with volume"
        )

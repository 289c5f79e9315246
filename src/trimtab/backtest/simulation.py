"""Prices and positions that wait to be traded, as often as one likes, at other costs and later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from trimtab.backtest.costs import Costs
from trimtab.backtest.engine import BacktestReport, Units, run_backtest, simulate
from trimtab.backtest.market import Fill, Prices, Targets


@dataclass(frozen=True)
class ForecastCover:
    """How far forecasts reach over the bars of an account that trades them, all instruments together.

    Attributes
    ----------
    n_bars: bars from an instrument's first forecast to the newest of any instrument.
    n_without: those of them at whose close no new forecast was there; the one before holds until its label ends.
    n_lapsed: positions that were given up because the label had ended and no newer forecast had come.
    """

    n_bars: int
    n_without: int
    n_lapsed: int

    def to_json(self) -> dict[str, Any]:
        """By name, with the share of bars without a new forecast."""
        return asdict(self) | {"share_without": self.n_without / self.n_bars if self.n_bars else None}


@dataclass(frozen=True)
class Simulation:
    """Everything `run_backtest` takes, so that one question can be asked many times.

    Attributes
    ----------
    prices, positions: by instrument id.
    units: whether positions count units or shares of the equity.
    cash: money at the start.
    costs, fill, delay_bars: as a strategy file or a command line says them.
    max_leverage: refuse a sum of absolute weights above it; None refuses none.
    periods_per_year: to annualise; measured from the bars when None.
    since: open of the bar the account starts with; None is the first of all.
    cover: of positions that come from forecasts, how many bars those reach.
    """

    prices: Mapping[str, Prices]
    positions: Mapping[str, Targets]
    units: Units
    cash: float = 100_000.0
    costs: Costs = field(default_factory=Costs)
    fill: Fill = "next_open"
    delay_bars: int = 0
    max_leverage: float | None = None
    periods_per_year: float | None = None
    since: np.datetime64 | None = None
    cover: ForecastCover | None = None

    @property
    def cost_bps(self) -> float:
        """What a side costs in basis points: commission and fixed slippage together."""
        return self.costs.commission_bps + self.costs.slippage_bps

    def at_cost(self, cost_bps: float) -> Simulation:
        """The same at another cost per side, shared by commission and slippage as before; other frictions stay.

        Where neither is asked for, all of it is commission.

        >>> nothing = Simulation({}, {}, "units", costs=Costs(commission_bps=3.0, slippage_bps=1.0))
        >>> nothing.at_cost(8.0).costs.commission_bps, nothing.at_cost(8.0).costs.slippage_bps
        (6.0, 2.0)
        """
        share = self.costs.commission_bps / self.cost_bps if self.cost_bps > 0.0 else 1.0
        commission = cost_bps * share
        return replace(
            self, costs=replace(self.costs, commission_bps=commission, slippage_bps=cost_bps * (1.0 - share))
        )

    def later(self, delay_bars: int) -> Simulation:
        """The same with every order `delay_bars` bars after the bar it would fill in at once."""
        return replace(self, delay_bars=delay_bars)

    def run(self) -> BacktestReport:
        """Trade it, and describe the account with its trades and measures."""
        return run_backtest(**self._asked(), periods_per_year=self.periods_per_year)

    def equity(self) -> tuple[np.ndarray, np.ndarray]:
        """Trade it, and keep only the opens of the bars and the money at their closes; shape (t,) each."""
        grid, account = simulate(**self._asked())
        return grid.event_time[grid.first :], account.equity

    def _asked(self) -> dict[str, Any]:
        names = ("prices", "positions", "units", "cash", "costs", "fill", "delay_bars", "max_leverage", "since")
        return {name: getattr(self, name) for name in names}

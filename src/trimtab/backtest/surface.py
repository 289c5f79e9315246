"""How much of a result is left when trading costs more, or happens later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from trimtab.backtest.holding import came_back, returns_of
from trimtab.backtest.market import bars_per_year
from trimtab.backtest.simulation import Simulation
from trimtab.metrics.plain import plain
from trimtab.metrics.trading import sharpe_ratio, total_return

COST_BPS = (0.0, 2.0, 5.0, 10.0, 20.0, 50.0)
DELAY_BARS = (0, 1, 2, 5)
HIGHEST_BPS = 5_000.0  # half of the traded value per side: no result of interest survives more
_TOLERANCE_BPS = 1e-9


@dataclass(frozen=True)
class CostSurface:
    """Results of one simulation at several costs and delays.

    Attributes
    ----------
    cost_bps: cost per side, commission and slippage together; c of them, increasing.
    delay_bars: bars an order waits beyond the one it fills in at once; d of them, increasing.
    sharpe_ratio, total_return: shape (c, d); NaN where undefined.
    break_even_cost_bps: see `break_even_cost`, at the simulation's own delay.
    break_even_reason: why there is none, in words; empty where there is one.
    """

    cost_bps: tuple[float, ...]
    delay_bars: tuple[int, ...]
    sharpe_ratio: np.ndarray
    total_return: np.ndarray
    break_even_cost_bps: float
    break_even_reason: str

    def to_json(self) -> dict[str, Any]:
        """Lists by cost, each by delay; unknown is None."""
        names = ("cost_bps", "delay_bars", "sharpe_ratio", "total_return")
        return plain({name: getattr(self, name) for name in names})


def cost_surface(
    simulation: Simulation, cost_bps: tuple[float, ...] = COST_BPS, delay_bars: tuple[int, ...] = DELAY_BARS
) -> CostSurface:
    """Run a simulation at every cost and delay; its own cost and delay are added to those given.

    The cost stands in place of commission and slippage in basis points (see `Simulation.at_cost`); what else is
    charged stays. All cells start with the same bar, so a later order begins with cash. `max_leverage` only refuses,
    and a dearer account may pass a limit that the one asked for keeps: cells run without it.
    """
    simulation = replace(simulation, max_leverage=None)
    costs = tuple(sorted({*map(float, cost_bps), simulation.cost_bps}))
    delays = tuple(sorted({*delay_bars, simulation.delay_bars}))
    found = np.array([[_cell(simulation.at_cost(cost).later(delay)) for delay in delays] for cost in costs])
    even, reason = find_break_even(simulation)
    return CostSurface(
        cost_bps=costs,
        delay_bars=delays,
        sharpe_ratio=found[..., 0],
        total_return=found[..., 1],
        break_even_cost_bps=even,
        break_even_reason=reason,
    )


def _cell(simulation: Simulation) -> tuple[float, float]:
    """Sharpe ratio and total return, as `run_backtest` measures them."""
    event_time, equity = simulation.equity()
    years = simulation.periods_per_year
    returns = returns_of(equity, simulation.cash)
    grown = float(equity[-1] / simulation.cash - 1.0) if np.isnan(returns[-1]) else total_return(returns)
    if came_back(equity):
        return float("nan"), grown
    return sharpe_ratio(returns, bars_per_year(event_time) if years is None else years), grown


def break_even_cost(simulation: Simulation) -> float:
    """The cost per side, in basis points, at which the account ends with the money it began with.

    Found by search, each step a run of the engine: positions that are shares of the equity shrink with every cost,
    so profit over traded value is not exact for them. `max_leverage` does not limit the search. NaN where there is
    none: nothing was traded, the account loses even without this cost, or it gains even at `HIGHEST_BPS`.
    """
    return find_break_even(simulation)[0]


def find_break_even(simulation: Simulation) -> tuple[float, str]:
    """`break_even_cost`, and where there is none why, in words."""
    simulation = replace(simulation, max_leverage=None)

    @cache
    def profit(cost_bps: float) -> float:
        return float(simulation.at_cost(cost_bps).equity()[1][-1]) - simulation.cash

    if not profit(0.0) > 0.0:
        return float("nan"), "it loses even without this cost" if profit(0.0) < 0.0 else "it gains nothing to lose"
    high = _first_loss(profit)
    if high is None:
        return float("nan"), f"it gains even at {HIGHEST_BPS:,.0f} bps per side"
    return _root(profit, 0.0, high), ""


def _first_loss(profit: Callable[[float], float]) -> float | None:
    """A cost at which nothing is left; None where there is none up to the highest."""
    high = 10.0
    while profit(high) > 0.0:
        if high >= HIGHEST_BPS:
            return None
        high = min(high * 2.0, HIGHEST_BPS)
    return high


def _root(profit: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import brentq

    return float(brentq(profit, low, high, xtol=_TOLERANCE_BPS))

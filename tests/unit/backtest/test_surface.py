from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from fakes.bars import bars_from_closes, random_walk

from trimtab.backtest.costs import Costs, basis_points
from trimtab.backtest.engine import Units
from trimtab.backtest.market import Targets, prices_of
from trimtab.backtest.simulation import Simulation
from trimtab.backtest.surface import break_even_cost, cost_surface, find_break_even
from trimtab.errors import ConfigurationError

BARS = random_walk(400, seed=3)


def trading(units: Units, costs: Costs | None = None, factor: float = 1.0) -> Simulation:
    """Hold what rises tomorrow: it gains before costs, and the other way round with `factor` -1."""
    sign = factor * np.sign(np.diff(BARS.close, append=BARS.close[-1]))
    targets = {"AAA": Targets(BARS.event_time, sign)}
    return Simulation({"AAA": prices_of(BARS)}, targets, units, cash=1000.0, costs=costs or Costs(), fill="close")


def test_every_cell_is_a_run_of_the_engine_at_that_cost_and_delay() -> None:
    simulation = trading("weights", basis_points(1.0, 3.0))
    surface = cost_surface(simulation, (0.0, 8.0), (0, 2))
    assert (surface.cost_bps, surface.delay_bars) == ((0.0, 4.0, 8.0), (0, 2))
    for row, column in np.ndindex(3, 2):
        cell = simulation.at_cost(surface.cost_bps[row]).later(surface.delay_bars[column])
        metrics = cell.run().metrics
        assert surface.sharpe_ratio[row, column] == metrics["sharpe_ratio"]
        assert surface.total_return[row, column] == metrics["total_return"]


def test_the_simulation_as_it_was_asked_for_is_one_of_the_cells() -> None:
    simulation = trading("weights", basis_points(5.0, 2.5)).later(3)
    surface = cost_surface(simulation, (0.0,), (0,))
    assert surface.sharpe_ratio[1, 1] == simulation.run().metrics["sharpe_ratio"]


def test_costs_take_and_delays_change_what_is_earned() -> None:
    surface = cost_surface(trading("weights"), (0.0, 5.0, 20.0), (0, 1))
    assert (np.diff(surface.total_return, axis=0) < 0.0).all()
    assert (surface.total_return[:, 0] > surface.total_return[:, 1]).all()


@pytest.mark.parametrize("units", ["units", "weights"])
def test_at_the_break_even_cost_the_account_ends_where_it_began(units: Units) -> None:
    simulation = trading(units)
    cost = break_even_cost(simulation)
    assert 10.0 < cost < 1000.0
    assert simulation.at_cost(cost).run().equity[-1] == pytest.approx(1000.0, rel=1e-9)


def test_for_units_the_search_finds_what_the_ratio_says() -> None:
    simulation = trading("units")
    assert break_even_cost(simulation) == pytest.approx(simulation.run().metrics["break_even_cost_bps"], rel=1e-9)


def test_other_frictions_leave_less_to_be_eaten() -> None:
    assert break_even_cost(trading("units", Costs(commission_per_trade=0.5))) < break_even_cost(trading("units"))


def test_a_slippage_is_searched_in_its_own_place() -> None:
    simulation = trading("weights", basis_points(0.0, 5.0))
    assert simulation.at_cost(break_even_cost(simulation)).run().equity[-1] == pytest.approx(1000.0, rel=1e-9)


def test_there_is_no_break_even_cost_for_what_loses_before_costs_or_never_trades() -> None:
    assert np.isnan(break_even_cost(trading("units", factor=-1.0)))
    assert np.isnan(break_even_cost(trading("units", factor=0.0)))


@pytest.mark.parametrize(("factor", "why"), [(-1.0, "it loses even"), (0.0, "it gains nothing"), (1.0, "")])
def test_where_there_is_no_break_even_cost_the_surface_says_why(factor: float, why: str) -> None:
    surface = cost_surface(trading("units", factor=factor), (0.0,), (0,))
    assert surface.break_even_reason.startswith(why)
    assert (surface.break_even_reason == "") == np.isfinite(surface.break_even_cost_bps)


def test_a_dearer_cell_may_pass_the_leverage_that_the_account_keeps() -> None:
    more = np.array([500.0, 950.0]) / BARS.close[:2]  # of 1000 in cash
    simulation = replace(trading("units"), max_leverage=1.0, positions={"AAA": Targets(BARS.event_time[:2], more)})
    assert simulation.run().n_fills == 2
    with pytest.raises(ConfigurationError, match="max_leverage"):
        simulation.at_cost(5_000.0).run()
    surface = cost_surface(simulation, (5_000.0,), (0,))
    assert (
        surface.total_return[1, 0]
        == replace(simulation, max_leverage=None).at_cost(5_000.0).run().metrics["total_return"]
    )
    assert surface.total_return[0, 0] == simulation.run().metrics["total_return"]


def test_there_is_no_break_even_cost_for_what_survives_any() -> None:
    bars = bars_from_closes([1.0, 1.0, 1.0, 50.0, 50.0])
    held = {"AAA": Targets(bars.event_time[:1], np.ones(1))}
    survivor = Simulation({"AAA": prices_of(bars)}, held, "units", cash=100.0)
    assert np.isnan(break_even_cost(survivor))
    assert find_break_even(survivor)[1] == "it gains even at 5,000 bps per side"


def test_a_surface_is_json_with_unknown_as_null() -> None:
    bars = bars_from_closes([1.0, 1.0, 1.0])
    surface = cost_surface(Simulation({"AAA": prices_of(bars)}, {}, "units"), (0.0,), (0,))
    document = json.loads(json.dumps(surface.to_json(), allow_nan=False))
    assert document == {"cost_bps": [0.0], "delay_bars": [0], "sharpe_ratio": [[None]], "total_return": [[0.0]]}


def test_a_cell_that_comes_back_from_debt_tells_the_total_return_of_the_report() -> None:
    bars = bars_from_closes([100.0, 100.0, 220.0, 20.0, 20.0])
    short = {"AAA": Targets(bars.event_time[:1], np.array([-10.0]))}
    simulation = Simulation({"AAA": prices_of(bars)}, short, "units", cash=1000.0, fill="close")
    surface = cost_surface(simulation, (0.0,), (0,))
    assert surface.total_return[0, 0] == simulation.run().metrics["total_return"] == pytest.approx(0.8)
    assert np.isnan(surface.sharpe_ratio[0, 0])

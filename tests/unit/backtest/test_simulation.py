from __future__ import annotations

import numpy as np
import pytest
from fakes.bars import random_walk

from trimtab.backtest.costs import Costs, basis_points
from trimtab.backtest.engine import run_backtest
from trimtab.backtest.market import Targets, prices_of
from trimtab.backtest.simulation import Simulation

BARS = random_walk(200)
PRICES = {"AAA": prices_of(BARS)}
TARGETS = {"AAA": Targets(BARS.event_time, np.sign(np.sin(np.arange(200) / 5.0)))}


def test_a_simulation_runs_what_the_engine_runs() -> None:
    costs = basis_points(3.0, 2.0)
    ours = Simulation(PRICES, TARGETS, "weights", cash=500.0, costs=costs, fill="next_close", since=BARS.event_time[9])
    plain = run_backtest(
        PRICES, TARGETS, units="weights", cash=500.0, costs=costs, fill="next_close", since=BARS.event_time[9]
    )
    np.testing.assert_array_equal(ours.run().equity, plain.equity)
    np.testing.assert_array_equal(ours.equity()[1], plain.equity)
    np.testing.assert_array_equal(ours.equity()[0], plain.event_time)


def test_another_cost_is_shared_by_commission_and_slippage_and_leaves_other_frictions() -> None:
    asked = Simulation(
        PRICES, TARGETS, "units", costs=Costs(commission_bps=5.0, slippage_bps=15.0, commission_per_trade=1.0)
    )
    dearer = asked.at_cost(40.0).costs
    assert (dearer.commission_bps, dearer.slippage_bps, dearer.commission_per_trade) == (10.0, 30.0, 1.0)
    assert asked.at_cost(asked.cost_bps).costs == asked.costs


def test_where_no_cost_was_asked_for_another_is_commission() -> None:
    assert Simulation(PRICES, TARGETS, "units").at_cost(7.0).costs == basis_points(7.0)


@pytest.mark.parametrize("delay", [0, 1, 4])
def test_later_orders_fill_so_many_bars_later(delay: int) -> None:
    once = {"AAA": Targets(BARS.event_time[10:11], np.ones(1))}
    (trade,) = Simulation(PRICES, once, "units").later(delay).run().trades
    assert trade.entry_time == BARS.event_time[11 + delay]

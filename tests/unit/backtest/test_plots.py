from __future__ import annotations

import io

import matplotlib.image
import numpy as np
from fakes.bars import random_walk

from trimtab.backtest.holding import Holding
from trimtab.backtest.market import Targets, prices_of
from trimtab.backtest.plots import plot_equity, plot_surface
from trimtab.backtest.simulation import Simulation
from trimtab.backtest.surface import CostSurface, cost_surface


def account() -> Simulation:
    bars = random_walk(300)
    return Simulation(
        {"AAA": prices_of(bars)}, {"AAA": Targets(bars.event_time[:1], np.array([0.5]))}, "weights", cash=1000.0
    )


def size(picture: bytes) -> tuple[int, ...]:
    return matplotlib.image.imread(io.BytesIO(picture)).shape[:2]


def test_an_account_is_drawn_small_and_the_same_every_time() -> None:
    report = account().run()
    picture = plot_equity(report)
    assert picture == plot_equity(report)
    assert size(picture) == (320, 680)


def test_a_market_is_drawn_beside_it() -> None:
    report = account().run()
    market = Holding("SPX", report.benchmark * 2.0, {})
    assert plot_equity(report) != plot_equity(report, market=market)


def test_a_surface_is_drawn_small_and_the_same_every_time() -> None:
    surface = cost_surface(account(), (0.0, 10.0), (0,))
    assert plot_surface(surface) == plot_surface(surface)
    assert size(plot_surface(surface)) == (300, 680)


def test_a_surface_of_which_nothing_is_known_can_be_drawn() -> None:
    nothing = np.full((1, 1), np.nan)
    assert size(plot_surface(CostSurface((0.0,), (0,), nothing, nothing, float("nan"), "nothing is known"))) == (
        300,
        680,
    )

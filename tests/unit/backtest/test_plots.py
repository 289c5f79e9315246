from __future__ import annotations

import io

import matplotlib.image
import numpy as np
from fakes.bars import random_walk

from trimtab.backtest.engine import run_backtest
from trimtab.backtest.market import Targets, prices_of
from trimtab.backtest.plots import plot_equity


def test_an_account_is_drawn_small_and_the_same_every_time() -> None:
    bars = random_walk(300)
    targets = {"AAA": Targets(bars.event_time[:1], np.array([0.5]))}
    report = run_backtest({"AAA": prices_of(bars)}, targets, units="weights", cash=1000.0)
    picture = plot_equity(report)
    assert picture == plot_equity(report)
    assert matplotlib.image.imread(io.BytesIO(picture)).shape[:2] == (300, 640)

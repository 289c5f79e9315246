"""One small network on made-up bars, trained once for the tests of this folder."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes.candlesticks import bars_with_doji

from trimtab.models.candlestick_network.comparison import Comparison, compare
from trimtab.models.candlestick_network.network import Shape
from trimtab.models.candlestick_network.split import Split, make_split
from trimtab.models.candlestick_network.training import FEW, Plan
from trimtab.models.candlestick_network.windows import Windows, windows_of
from trimtab.models.protocol import FitContext

PLAN = Plan(Shape(channels=16, kernel=3, hidden=32), replace(FEW, epochs=20, learning_rate=5e-3, weight_decay=1e-2))


@pytest.fixture(scope="session")
def windows() -> Windows:
    return windows_of([bars_with_doji(1200, seed, name) for seed, name in enumerate("ABCD")])


@pytest.fixture(scope="session")
def split(windows: Windows) -> Split:
    return make_split(windows)


@pytest.fixture(scope="session")
def made(windows: Windows, split: Split) -> Comparison:
    return compare(windows, split, PLAN, FitContext(seed=1, n_threads=1, device="cpu"), draws=20)

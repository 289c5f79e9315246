"""The pieces of the simulated prices follow their formulas."""

from __future__ import annotations

import numpy as np
import pytest

from trimtab.bars.simulation.prices import bridge_extremes, planted_returns


def test_bridge_extremes_are_those_of_simulated_bridges() -> None:
    rng = np.random.default_rng(0)
    n, steps, end, deviation = 4_000, 2_000, 0.4, 1.3
    walk = np.cumsum(rng.standard_normal((n, steps)), axis=1) * deviation / np.sqrt(steps)
    share = np.arange(1, steps + 1) / steps
    bridge = walk - share * (walk[:, -1:] - end)
    high, low = bridge_extremes(np.full(n, end), np.full(n, deviation), 1.0 - rng.random(n), 1.0 - rng.random(n))
    # A walk in steps misses the extremes between them by about 0.58 of a step.
    correction = 0.5826 * deviation / np.sqrt(steps)
    assert high.mean() == pytest.approx(np.maximum(bridge.max(axis=1), 0).mean() + correction, abs=0.03)
    assert low.mean() == pytest.approx(np.minimum(bridge.min(axis=1), 0).mean() - correction, abs=0.03)
    assert (high >= end).all()
    assert (low <= 0).all()


def test_signs_follow_the_sum_of_the_past_returns() -> None:
    size = np.array([1.0, 2.0, 4.0, 1.0, 1.0, 1.0])
    agrees = np.array([True, False, True, True, False, True])
    coin = np.array([True, False, False, False, False, False])
    # sums of the last two: -, 1, 1-2=-1, -2-4=-6, -4-1=-5, -1+1=0 (the coin says no)
    assert planted_returns(size, agrees, coin, 2).tolist() == [1.0, -2.0, -4.0, -1.0, 1.0, -1.0]

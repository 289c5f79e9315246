"""The deepest drawdown of one pass is the lowest of the curve, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from trimtab.metrics.depth import deepest
from trimtab.metrics.drawdown import drawdowns

RNG = np.random.default_rng(5)
USUAL = RNG.normal(0.0, 0.02, 5_000)
SERIES = {
    "usual": USUAL,
    "unknown in places": np.where(RNG.random(5_000) < 0.2, np.nan, USUAL),
    "unknown first": np.array([np.nan, np.nan, 0.1, -0.2]),
    "only gains": np.abs(USUAL),
    "only losses": -np.abs(USUAL),
    "nothing moved": np.zeros(3),
    "more than everything lost": np.array([0.1, -1.5, 0.2, 0.3, -0.4]),
    "beyond floating point": np.full(2_000, 1.0),
    "one": np.array([-0.25]),
}


@pytest.mark.parametrize("compounding", [True, False])
@pytest.mark.parametrize("name", SERIES)
def test_one_pass_finds_the_lowest_point_of_the_curve(name: str, compounding: bool) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        expected = drawdowns(SERIES[name], compounding).min()
    np.testing.assert_array_equal(deepest(SERIES[name], compounding), expected)


@pytest.mark.parametrize("returns", [np.empty(0), np.array([np.nan, np.nan])])
def test_without_a_known_return_there_is_no_drawdown(returns: np.ndarray) -> None:
    assert np.isnan(deepest(returns, True))

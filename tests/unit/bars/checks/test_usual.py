"""What is usual around a bar, against scipy and the obvious loop."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import median_abs_deviation

from trimtab.bars.checks.usual import usual_returns, usual_step

RETURNS = np.random.default_rng(0).standard_t(3, 200) * 0.01


def around(at: int, window: int) -> np.ndarray:
    """The returns beside a position, without itself and its two neighbours."""
    return np.r_[RETURNS[max(at - 1 - window, 0) : max(at - 1, 0)], RETURNS[at + 2 : at + 2 + window]]


@pytest.mark.parametrize("at", [0, 1, 5, 100, 198, 199])
def test_the_usual_is_the_median_and_the_scaled_median_deviation_of_both_sides(at: int) -> None:
    median, sigma = usual_returns(RETURNS, np.array([at]), 30)
    beside = around(at, 30)
    assert median[0] == pytest.approx(np.median(beside))
    assert sigma[0] == pytest.approx(median_abs_deviation(beside, scale="normal"), rel=1e-4)
    assert usual_step(RETURNS, np.array([at]), 30)[0] == pytest.approx(np.abs(beside).mean())


def test_a_jump_and_its_reversal_do_not_hide_themselves() -> None:
    jump = RETURNS.copy()
    jump[[99, 100, 101]] = [5.0, 9.0, -9.0]
    assert usual_returns(jump, np.array([100]), 30) == usual_returns(RETURNS, np.array([100]), 30)


def test_where_nothing_is_beside_a_bar_the_least_sigma_decides() -> None:
    assert usual_returns(np.array([0.5]), np.array([0]), 30) == (0.0, 1e-4)

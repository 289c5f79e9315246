from __future__ import annotations

import numpy as np
import pytest

from trimtab.metrics.bets import kelly_criterion, payoff_ratio, win_rate


def test_the_kelly_stake_of_a_coin_that_pays_two_to_one_is_a_quarter() -> None:
    assert kelly_criterion([2.0, -1.0] * 50) == pytest.approx(0.25)


def test_the_kelly_stake_grows_fastest_of_all_stakes() -> None:
    bets = np.array([1.0, 1.0, 1.0, -1.0, -1.0])
    stakes = np.linspace(0.0, 0.9, 9001)
    growth = np.log1p(stakes[:, None] * bets).mean(axis=1)
    assert kelly_criterion(bets) == pytest.approx(stakes[growth.argmax()], abs=1e-3)


def test_a_bet_that_loses_is_not_worth_a_stake() -> None:
    assert kelly_criterion([1.0, -1.0, -1.0]) < 0.0


def test_zeros_and_unknown_returns_are_no_bets() -> None:
    assert payoff_ratio([0.2, 0.0, np.nan, -0.1]) == pytest.approx(2.0)
    assert win_rate([0.2, 0.0, np.nan, -0.1]) == 0.5


@pytest.mark.parametrize("returns", [[], [0.1, 0.2], [-0.1, -0.2], [0.0]])
def test_without_both_gains_and_losses_there_is_no_payoff_and_no_stake(returns: list[float]) -> None:
    assert np.isnan(payoff_ratio(returns))
    assert np.isnan(kelly_criterion(returns))

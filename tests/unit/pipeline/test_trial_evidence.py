from __future__ import annotations

import math

import numpy as np
import pytest

from trimtab.pipeline.trial_evidence import blocks_for, comparable, spread_within, weigh_trials
from trimtab.pipeline.trial_returns import TrialReturns
from trimtab.registry.trials import Trial
from trimtab.validation.superior_ability import superior_ability

NOISE = np.random.default_rng(2).normal(0.0003, 0.01, size=(500, 4))
HELD = np.random.default_rng(3).normal(0.0003, 0.01, size=500)


def group(returns: np.ndarray, period: str = "tuning", held: np.ndarray = HELD) -> TrialReturns:
    trials = tuple(Trial("s", n, "mine", "d" * 64, "direction:1", "linear", {}, 0.1) for n in range(returns.shape[1]))
    time = np.datetime64("2020-01-01", "us") + np.arange(len(returns)) * np.timedelta64(1, "D")
    return TrialReturns(period, trials, time, returns, held[: len(returns)])


def test_the_same_returns_are_one_trial_and_a_pruned_one_is_left_out() -> None:
    returns = np.column_stack([NOISE, NOISE[:, 1], np.where(np.arange(500) < 150, NOISE[:, 2], np.nan)])
    rows, columns = comparable(group(returns))
    assert rows.all()
    assert columns.tolist() == [True, True, True, True, False, False]


def test_only_the_bars_that_all_trials_know_are_compared() -> None:
    returns = NOISE.copy()
    returns[:100, 0] = returns[450:, 3] = np.nan
    rows, columns = comparable(group(returns))
    assert np.flatnonzero(rows).tolist() == list(range(100, 450))
    assert columns.all()


def test_the_spread_is_between_trials_and_not_between_stretches_of_time() -> None:
    early, late = np.array([0.1, 0.2, 0.3, np.nan]), np.array([1.1, 1.4])
    expected = math.sqrt((0.01 + 0.0 + 0.01 + 0.0225 + 0.0225) / 3)
    assert spread_within([early, late, np.array([9.0])]) == pytest.approx(expected)
    assert math.isnan(spread_within([np.array([0.5]), np.array([])]))
    assert math.isnan(spread_within([]))


@pytest.mark.parametrize(("n_rows", "n_blocks"), [(79, 0), (80, 4), (119, 4), (120, 6), (320, 16), (10**6, 16)])
def test_blocks_are_even_of_twenty_rows_and_at_most_sixteen(n_rows: int, n_blocks: int) -> None:
    assert blocks_for(n_rows) == n_blocks


def test_everything_is_weighed_on_its_own_time() -> None:
    found = weigh_trials([group(NOISE), group(NOISE[:300, :1] + 0.001, "walk_forward")], 2, seed=1)
    assert (found.independent.n_trials, found.independent.n_with_returns) == (7, 5)
    assert found.independent.n_effective == 7
    ratios = NOISE.mean(axis=0) / NOISE.std(axis=0, ddof=1)
    assert found.sharpe_ratios[:4] == pytest.approx(ratios)
    assert found.sharpe_std == pytest.approx(ratios.std(ddof=1))  # the one recipe has nothing to differ from
    assert (found.overfitting.n_trials, found.overfitting.n_blocks, found.overfitting.n_rows) == (4, 16, 496)
    assert found.superior == superior_ability(-HELD, -NOISE, seed=1)


def test_a_trial_far_better_than_holding_is_superior_to_it() -> None:
    held = np.concatenate([[np.nan], HELD[1:]])  # what the bar of the purchase brought is not known
    found = weigh_trials([group(NOISE + np.array([0.0, 0.004, 0.0, 0.0]), held=held)], 0, seed=1)
    assert found.superior.p_consistent < 0.01
    assert found.superior.n_times == 499
    assert found.overfitting.pbo < 0.05


@pytest.mark.parametrize(
    ("groups", "why"),
    [
        ([], "no study kept"),
        ([group(NOISE[:300], "walk_forward")], "no study kept"),
        ([group(NOISE[:, [0, 0]])], "fewer than two"),
        ([group(NOISE[:70])], "70 bars are known to all trials; 80 are needed"),
    ],
)
def test_what_is_not_known_says_why(groups: list[TrialReturns], why: str) -> None:
    found = weigh_trials(groups, 1, seed=1)
    assert found.overfitting is None
    assert why in found.no_overfitting


def test_without_any_returns_only_the_number_of_trials_is_known() -> None:
    found = weigh_trials([], 6, seed=1)
    assert found.independent.n_effective == 6
    assert math.isnan(found.sharpe_std)
    assert found.superior is None
    assert len(found.sharpe_ratios) == 0

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trimtab.errors import DatasetError
from trimtab.metrics.sharpe import deflated_sharpe_ratio, sharpe_sample, trials_deviation
from trimtab.validation.independent_trials import correlations_of, independent_trials

RANDOM = np.random.default_rng(1)
NOISE = RANDOM.normal(size=(2000, 12))


def alike(n: int, correlation: float, t: int = 20_000, seed: int = 0) -> np.ndarray:
    """Trials of which every two have the same correlation."""
    random = np.random.default_rng(seed)
    common = random.normal(size=(t, 1))
    return math.sqrt(correlation) * common + math.sqrt(1 - correlation) * random.normal(size=(t, n))


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.8])
def test_the_estimates_equal_their_closed_forms_for_one_common_correlation(correlation: float) -> None:
    n = 10
    found = independent_trials(alike(n, correlation))
    assert found.average_correlation == pytest.approx(correlation + (1 - correlation) * n, abs=0.15)
    roots = math.sqrt(1 + (n - 1) * correlation) + (n - 1) * math.sqrt(1 - correlation)
    assert found.eigenvalues == pytest.approx(roots**2 / n, abs=0.1)
    assert found.differences == pytest.approx(n, abs=0.05)  # whatever they all have in common
    assert found.n_effective == n


def test_groups_of_copies_are_one_trial_each_by_eigenvalues() -> None:
    copies = np.repeat(NOISE[:, :3], 4, axis=1)
    found = independent_trials(copies)
    assert found.eigenvalues == pytest.approx(3.0, abs=0.02)
    assert found.differences == pytest.approx(3.0, abs=0.02)
    assert found.average_correlation > 9  # what an average makes of three groups of four
    assert found.n_effective == math.ceil(found.average_correlation)


def test_the_49_trials_of_the_reference_file_are_worth_10_by_their_average_correlation(shared_data: Path) -> None:
    expected = json.loads((shared_data / "reference" / "sharpe_expected.json").read_text())["real_example"]
    trials = pd.read_parquet(shared_data / "reference" / "sharpe_trials_spy_ma.parquet").drop(columns="ts").to_numpy()
    found = independent_trials(trials)
    assert found.mean_correlation == pytest.approx(expected["mean_pairwise_corr"], rel=1e-9)
    assert math.ceil(found.average_correlation) == expected["independent_trials"]
    assert found.n_effective == math.ceil(found.differences) < 49


def test_correlations_equal_pandas_over_the_rows_that_two_trials_share() -> None:
    gaps = np.where(np.random.default_rng(5).random(NOISE.shape) < 0.3, np.nan, NOISE + 100.0)
    gaps[:1500, 3] = np.nan
    found, common = correlations_of(gaps)
    assert found == pytest.approx(pd.DataFrame(gaps).corr().to_numpy(), abs=1e-9)
    assert common[0, 3] == (~np.isnan(gaps[:, 0]) & ~np.isnan(gaps[:, 3])).sum()


def test_trials_that_share_too_few_periods_count_as_independent() -> None:
    one = np.full((200, 2), np.nan)
    one[:100, 0] = one[71:171, 1] = NOISE[:100, 0]
    one[71:100, 1] = one[71:100, 0]  # 29 periods, the same in both
    assert independent_trials(one).average_correlation == 2.0
    assert math.isnan(independent_trials(one).mean_correlation)


def test_trials_of_two_stretches_of_time_are_added() -> None:
    early, late = alike(10, 0.9, seed=1), alike(4, 0.9, seed=2)
    apart = [independent_trials(part) for part in (early, late)]
    together = independent_trials(early, late)
    assert together.eigenvalues == pytest.approx(sum(each.eigenvalues for each in apart))
    assert (together.n_trials, together.n_with_returns) == (14, 14)


def test_a_trial_whose_returns_are_unknown_counts_as_independent() -> None:
    assert independent_trials(np.repeat(NOISE[:, :1], 10, axis=1), n_without_returns=7).n_effective == 8
    assert independent_trials(n_without_returns=3).n_effective == 3


def test_trials_that_never_traded_count_as_one_together() -> None:
    still = np.zeros((2000, 5))
    assert independent_trials(still).n_effective == 1
    assert independent_trials(np.column_stack([NOISE[:, :1], still])).n_effective == 2


def test_opposite_trials_are_two_chances_to_be_lucky() -> None:
    both = np.column_stack([NOISE[:, 0], -NOISE[:, 0]])
    found = independent_trials(both)
    assert (found.average_correlation, found.n_effective) == (2.0, 2)
    assert found.mean_correlation == pytest.approx(-1.0)


def test_the_best_of_much_alike_trials_without_skill_passes_no_oftener_than_a_test_of_five_per_cent() -> None:
    passed = {"all": 0, "first two": 0}
    for seed in range(400):
        returns = alike(20, 0.95, t=250, seed=seed)
        ratios = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
        found, best = independent_trials(returns), sharpe_sample(returns[:, ratios.argmax()])
        without = math.ceil(max(found.average_correlation, found.eigenvalues))
        for name, n in (("all", found.n_effective), ("first two", without)):
            known = (best.ratio, best.n_periods, best.skew, best.kurtosis)
            passed[name] += deflated_sharpe_ratio(*known, n_trials=n, sharpe_std=trials_deviation(ratios)) >= 0.90
    assert passed["all"] / 400 < 0.13  # 0.10 is nominal, 0.13 two standard errors above
    assert passed["all"] < passed["first two"]


def test_no_trials_at_all_are_worth_none() -> None:
    found = independent_trials()
    assert (found.n_trials, found.n_effective) == (0, 0)
    assert independent_trials(np.zeros((10, 0))).n_effective == 0


def test_a_return_that_is_infinite_is_refused() -> None:
    with pytest.raises(DatasetError, match="without infinity"):
        independent_trials(np.full((40, 2), np.inf))
    with pytest.raises(DatasetError, match=r"shape \(40,\)"):
        independent_trials(np.zeros(40))

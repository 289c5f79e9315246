"""SPA and reality check agree with arch, whose SPA does not divide by the errors: it is given gains that are divided."""

from __future__ import annotations

import numpy as np
import pytest
from arch.bootstrap import SPA
from scipy import stats
from scipy.signal import lfilter

from trimtab.errors import ConfigurationError, DatasetError
from trimtab.validation.bootstrap import block_bootstrap_mean
from trimtab.validation.superior_ability import superior_ability

LENGTH, N = 6, 300


def losses(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A benchmark and six models: two a little better, two hopeless, of unlike spread."""
    random = np.random.default_rng(seed)
    common = random.normal(1.0, 0.5, N)
    shocks = random.normal(0.0, 1.0, (N + 1, 6)) * np.array([0.5, 1.0, 2.0, 1.0, 0.5, 1.0])
    models = common[:, None] + shocks[1:] + 0.4 * shocks[:-1] - np.array([0.05, 0.1, 0.0, 0.0, -0.4, -0.9])
    return common, models


def arch_errors(gains: np.ndarray) -> np.ndarray:
    spa = SPA(np.zeros(N), -gains, block_size=LENGTH, reps=2, seed=0)
    spa.compute()
    return np.sqrt(spa._loss_diff_var)


@pytest.mark.parametrize("seed", [1, 2, 5])
def test_p_values_agree_with_those_of_arch(seed: int) -> None:
    benchmark, models = losses(seed)
    gains = benchmark[:, None] - models
    ours = superior_ability(benchmark, models, seed=0, block_length=LENGTH, n_resamples=4000)
    theirs = SPA(np.zeros(N), -gains / arch_errors(gains), block_size=LENGTH, reps=1000, seed=1)
    theirs.compute()
    unscaled = SPA(benchmark, models, block_size=LENGTH, reps=1000, seed=1)
    unscaled.compute()
    # Four standard errors of 1,000 resamples at the least favourable p.
    assert ours.p_lower == pytest.approx(theirs.pvalues["lower"], abs=0.07)
    assert ours.p_consistent == pytest.approx(theirs.pvalues["consistent"], abs=0.07)
    assert ours.p_upper == pytest.approx(theirs.pvalues["upper"], abs=0.07)
    assert ours.reality_check_p == pytest.approx(unscaled.pvalues["upper"], abs=0.07)
    assert ours.p_lower <= ours.p_consistent <= ours.p_upper


def test_a_hopeless_model_does_not_weaken_the_answer_about_a_good_one() -> None:
    benchmark, models = losses(3)
    wild = models[:, [1]] + np.random.default_rng(0).normal(3.0, 6.0, (N, 30))
    alone, crowd = (
        superior_ability(benchmark, each, seed=0, block_length=LENGTH)
        for each in (models[:, [1]], np.column_stack([models[:, [1]], wild]))
    )
    assert crowd.p_consistent == pytest.approx(alone.p_consistent, abs=0.01)
    assert crowd.p_studentised == pytest.approx(alone.p_studentised, abs=0.01)
    assert crowd.reality_check_p > alone.reality_check_p + 0.3


def test_of_one_model_it_is_the_one_sided_test_of_its_gain() -> None:
    benchmark, models = losses(1)
    gain = benchmark - models[:, 1]
    found = superior_ability(benchmark, models[:, [1]], seed=0, block_length=LENGTH, n_resamples=8000)
    alone = block_bootstrap_mean(gain, seed=1, method="stationary", block_length=LENGTH, n_resamples=8000)
    assert found.p_consistent == pytest.approx(alone.p_value, abs=0.02)
    assert found.reality_check_p == pytest.approx(alone.p_value, abs=0.02)
    own = block_bootstrap_mean(gain, seed=1, block_length=LENGTH, n_resamples=8000)
    assert found.p_studentised == pytest.approx(own.p_value, abs=0.02)


def test_copies_of_a_model_are_one_model() -> None:
    benchmark, models = losses(2)
    one, many = (superior_ability(benchmark, models[:, [1] * k], seed=0, block_length=LENGTH) for k in (1, 20))
    assert (many.p_consistent, many.p_studentised) == (one.p_consistent, one.p_studentised)
    assert (one.n_models, many.n_models, many.n_times) == (1, 20, N)


def test_where_no_model_is_better_nothing_speaks_for_any() -> None:
    benchmark, models = losses(1)
    found = superior_ability(benchmark, benchmark[:, None] + 0.1 + np.abs(models), seed=0)
    assert (found.p_consistent, found.p_lower, found.p_upper, found.p_studentised) == (1.0, 1.0, 1.0, 1.0)
    same = superior_ability(benchmark, benchmark[:, None], seed=0)
    assert (same.p_consistent, same.reality_check_p) == (1.0, 1.0)


def test_the_same_seed_gives_the_same_answer() -> None:
    benchmark, models = losses(4)
    assert superior_ability(benchmark, models, seed=9) == superior_ability(benchmark, models, seed=9)


def test_too_few_times_or_no_model_are_insufficient_evidence() -> None:
    benchmark, models = losses(4)
    for found in (
        superior_ability(benchmark[:19], models[:19], seed=0),
        superior_ability(benchmark, models[:, :0], seed=0),
    ):
        assert np.isnan(
            [found.p_studentised, found.p_consistent, found.p_lower, found.p_upper, found.reality_check_p]
        ).all()


def test_losses_that_do_not_fit_or_are_unknown_are_refused() -> None:
    benchmark, models = losses(4)
    with pytest.raises(DatasetError, match=r"shapes \(300,\) and \(299, 6\)"):
        superior_ability(benchmark, models[1:], seed=0)
    with pytest.raises(DatasetError, match="not a finite number"):
        superior_ability(benchmark, np.where(models > 2.0, np.nan, models), seed=0)
    with pytest.raises(ConfigurationError, match="block_length is 900"):
        superior_ability(benchmark, models, seed=0, block_length=900)


@pytest.mark.slow
def test_in_a_dependent_series_the_studentised_test_keeps_its_level() -> None:
    hits = 0
    for k in range(200):
        shocks = np.random.default_rng([k, 7]).normal(size=(400, 8))
        gains = lfilter([1.0], [1.0, -0.5], shocks, axis=0)[100:]
        hits += superior_ability(np.zeros(300), -gains, seed=k, n_resamples=199).p_studentised <= 0.05
    assert hits <= stats.binom.ppf(0.999, 200, 0.05)


def test_hopeless_models_are_left_out_of_the_studentised_answer_too() -> None:
    random = np.random.default_rng(0)
    gain = random.normal(size=N)
    gain += 1.7 / np.sqrt(N) - gain.mean()  # 1.7 standard errors: p is near 0.05, where thirty rivals would show
    hopeless = random.normal(-1.0, 1.0, (N, 30))
    alone, crowd = (
        superior_ability(np.zeros(N), -gains, seed=0, block_length=LENGTH)
        for gains in (gain[:, None], np.column_stack([gain, hopeless]))
    )
    assert 0.02 < alone.p_studentised < 0.1
    assert crowd.p_studentised == pytest.approx(alone.p_studentised, abs=0.005)

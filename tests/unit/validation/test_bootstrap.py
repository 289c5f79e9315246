from __future__ import annotations

import numpy as np
import pytest
from arch.bootstrap import optimal_block_length as their_block_length
from scipy import stats

from trimtab.errors import ConfigurationError, DatasetError
from trimtab.validation.bootstrap import (
    block_bootstrap_mean,
    optimal_block_length,
    resampled_means,
    studentised_means,
)


def autoregressive(n: int, persistence: float, seed: int | list[int]) -> np.ndarray:
    shocks = np.random.default_rng(seed).normal(size=n + 200)
    series = np.empty_like(shocks)
    series[0] = shocks[0]
    for i in range(1, len(shocks)):
        series[i] = persistence * series[i - 1] + shocks[i]
    return series[200:]


@pytest.mark.parametrize("n", [30, 100, 500, 2000])
@pytest.mark.parametrize("persistence", [0.0, 0.3, 0.8, 0.95])
def test_block_lengths_equal_those_of_arch(n: int, persistence: float) -> None:
    series = autoregressive(n, persistence, seed=n)
    theirs = their_block_length(series).iloc[0]
    # arch goes below one observation per block where there is no dependence; a block has at least one.
    assert optimal_block_length(series, "stationary") == pytest.approx(max(theirs["stationary"], 1.0), rel=1e-9)
    assert optimal_block_length(series, "circular") == pytest.approx(max(theirs["circular"], 1.0), rel=1e-9)


def test_with_blocks_of_one_the_interval_is_the_ordinary_one() -> None:
    series = np.random.default_rng(0).normal(0.05, 1.0, 1000)
    error = series.std() / np.sqrt(len(series))
    for method in ("studentised", "circular", "stationary"):
        test = block_bootstrap_mean(series, seed=1, method=method, block_length=1, n_resamples=8000)
        assert test.ci_low == pytest.approx(series.mean() - 1.96 * error, abs=0.15 * error)
        assert test.ci_high == pytest.approx(series.mean() + 1.96 * error, abs=0.15 * error)
        assert test.p_value == pytest.approx(stats.norm.sf(series.mean() / error), abs=0.01)


@pytest.mark.parametrize("method", ["circular", "stationary"])
def test_resampled_means_vary_as_much_as_the_closed_form_says(method: str) -> None:
    # Politis & Romano (1994), lemma 1: the variance of the resampled mean from circular autocovariances.
    series, length = autoregressive(200, 0.6, seed=4), 8.0
    n, centred = len(series), series - series.mean()
    circular = np.array([centred @ np.roll(centred, -lag) for lag in range(n)]) / n
    lags = np.arange(1, n)
    if method == "circular":
        kernel = np.maximum(1.0 - lags / length, 0.0)
    else:
        kernel = (1.0 - lags / n) * (1.0 - 1.0 / length) ** lags
    expected = circular[0] + 2.0 * (kernel @ circular[1:])
    means = resampled_means(series, length, method, 40_000, np.random.default_rng(0))
    assert means.var() == pytest.approx(expected / n, rel=0.04)
    assert means.mean() == pytest.approx(series.mean(), abs=4 * means.std() / np.sqrt(len(means)))


def test_the_studentised_error_is_that_of_the_circular_bootstrap() -> None:
    series = autoregressive(200, 0.6, seed=4)
    error, _ = studentised_means(series, 8, 10, np.random.default_rng(0))
    means = resampled_means(series, 8.0, "circular", 40_000, np.random.default_rng(0))
    assert error == pytest.approx(means.std(), rel=0.02)


def test_dependence_widens_the_interval() -> None:
    series = autoregressive(500, 0.8, seed=2)
    naive = block_bootstrap_mean(series, seed=0, block_length=1)
    honest = block_bootstrap_mean(series, seed=0)
    assert honest.ci_high - honest.ci_low > 1.8 * (naive.ci_high - naive.ci_low)


def test_the_same_seed_gives_the_same_answer_and_another_seed_another() -> None:
    series = autoregressive(300, 0.5, seed=1) + 0.1
    first, again, other = (block_bootstrap_mean(series, seed=seed) for seed in (3, 3, 4))
    assert first == again
    assert first.ci_low != other.ci_low


@pytest.mark.parametrize("method", ["studentised", "circular", "stationary"])
def test_no_difference_at_all_is_no_evidence(method: str) -> None:
    test = block_bootstrap_mean(np.zeros(100), seed=0, method=method)
    assert (test.mean, test.p_value, test.ci_low, test.ci_high) == (0.0, 1.0, 0.0, 0.0)


@pytest.mark.parametrize("method", ["studentised", "circular", "stationary"])
def test_a_handful_of_differences_among_many_zeros_is_insufficient_evidence(method: str) -> None:
    few, enough = np.zeros(1000), np.zeros(1000)
    few[:950:50] = enough[:1000:50] = 1.0  # 19 and 20
    test = block_bootstrap_mean(few, seed=0, method=method)
    assert (test.mean, test.n, test.n_not_zero) == (0.019, 1000, 19)
    assert np.isnan([test.p_value, test.ci_low, test.ci_high]).all()
    assert block_bootstrap_mean(enough, seed=0, method=method).p_value < 0.01


def test_too_few_observations_are_insufficient_evidence() -> None:
    test = block_bootstrap_mean(np.ones(19), seed=0)
    assert test.n == 19
    assert np.isnan([test.p_value, test.ci_low, test.ci_high]).all()


def test_unknown_values_and_impossible_blocks_are_refused() -> None:
    with pytest.raises(DatasetError, match="NaN"):
        block_bootstrap_mean(np.array([1.0, np.nan]), seed=0)
    with pytest.raises(ConfigurationError, match="block_length is 500"):
        block_bootstrap_mean(np.ones(100), seed=0, block_length=500)


@pytest.mark.slow
@pytest.mark.parametrize("persistence", [0.0, 0.5])
@pytest.mark.parametrize("n", [250, 1000])
def test_without_an_effect_one_in_twenty_is_called_significant(n: int, persistence: float) -> None:
    n_series = 1000
    hits = sum(
        block_bootstrap_mean(autoregressive(n, persistence, [k, n]), seed=k, n_resamples=500).p_value <= 0.05
        for k in range(n_series)
    )
    low, high = stats.binom.ppf([0.005, 0.995], n_series, 0.05)
    assert low <= hits <= high


@pytest.mark.slow
def test_under_heavy_dependence_false_alarms_stay_below_a_tenth() -> None:
    hits = sum(
        block_bootstrap_mean(autoregressive(500, 0.9, [k, 500]), seed=k, n_resamples=500).p_value <= 0.05
        for k in range(500)
    )
    assert hits / 500 < 0.10

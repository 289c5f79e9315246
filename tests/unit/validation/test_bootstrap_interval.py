"""An interval of sums agrees with arch, with the delta method, and with the interval of a mean."""

from __future__ import annotations

import numpy as np
import pytest
from arch.bootstrap import CircularBlockBootstrap
from scipy.signal import lfilter

from trimtab.errors import ConfigurationError, DatasetError
from trimtab.validation.bootstrap import block_bootstrap_mean
from trimtab.validation.bootstrap_interval import Statistic, bootstrap_interval, bootstrap_test, sums_by_time


def mean(totals: np.ndarray) -> np.ndarray:
    return np.asarray(totals[..., 0] / totals[..., 1])


def with_count(values: np.ndarray) -> np.ndarray:
    return np.column_stack([values, np.ones(len(values))])


def series(n: int = 400, persistence: float = 0.5, seed: int = 0) -> np.ndarray:
    return np.asarray(lfilter([1.0], [1.0, -persistence], np.random.default_rng(seed).normal(size=n)))


def test_of_a_mean_it_is_the_studentised_interval_of_the_mean() -> None:
    values = series() + 0.3
    found, p_value = bootstrap_test(with_count(values), mean, seed=1, n_resamples=4000)
    alone = block_bootstrap_mean(values, seed=1, n_resamples=4000)
    assert (found.value, found.low, found.high) == pytest.approx((alone.mean, alone.ci_low, alone.ci_high), rel=1e-6)
    assert (found.block_length, found.n_times) == (alone.block_length, alone.n)
    assert p_value == pytest.approx(2.0 * alone.p_value, rel=0.5)


def test_the_interval_of_a_ratio_is_that_of_arch() -> None:
    numbers = np.column_stack([series(600, seed=2) + 3.0, series(600, seed=3) + 8.0])
    found = bootstrap_interval(numbers, mean, seed=0, block_length=5, n_resamples=4000)
    theirs = CircularBlockBootstrap(5, numbers, seed=1).conf_int(
        lambda x: x[:, 0].sum() / x[:, 1].sum(), reps=1000, method="basic"
    )
    width = found.high - found.low
    assert (found.low, found.high) == pytest.approx(tuple(theirs[:, 0]), abs=0.1 * width)


def test_dependence_widens_the_interval() -> None:
    values = with_count(series(800, 0.8))
    honest, naive = (bootstrap_interval(values, mean, seed=0, block_length=length) for length in (None, 1))
    assert honest.high - honest.low > 1.8 * (naive.high - naive.low)


def test_copies_of_an_instrument_add_no_evidence() -> None:
    values, time = with_count(series()), np.arange(400)
    one = bootstrap_interval(sums_by_time(values, time), mean, seed=0)
    many = bootstrap_interval(sums_by_time(np.repeat(values, 10, axis=0), np.repeat(time, 10)), mean, seed=0)
    assert (many.n_times, many.block_length) == (one.n_times, one.block_length)
    assert (many.low, many.high) == pytest.approx((one.low, one.high))


def test_neighbours_added_up_first_change_the_interval_little() -> None:
    values = series(30_000, 0.6, seed=4)
    found = bootstrap_interval(with_count(values), mean, seed=0, n_resamples=2000)
    error = found.high - found.low
    expected = 2 * 1.96 * 2.5 / np.sqrt(30_000)  # long-run deviation of an AR(1): 1 / (1 - 0.6)
    assert error == pytest.approx(expected, rel=0.12)
    assert found.n_times == 30_000
    assert found.block_length % 3 == 0  # in times, three to a cell


def test_sums_by_time_equal_a_plain_loop_and_follow_time() -> None:
    random = np.random.default_rng(0)
    columns, time = random.normal(size=(50, 2)), random.integers(0, 9, 50)
    expected = [columns[time == t].sum(axis=0) for t in np.unique(time)]
    np.testing.assert_allclose(sums_by_time(columns, time), expected)
    assert sums_by_time(np.empty((0, 2)), np.empty(0)).shape == (0, 2)


def test_the_interval_stays_within_what_the_measure_can_be() -> None:
    right = np.r_[np.ones(60), 0.0]
    found = bootstrap_interval(with_count(right), Statistic(mean, 0.0, 1.0), seed=0)
    assert found.high <= 1.0
    assert bootstrap_interval(with_count(right), mean, seed=0).high > 1.0


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    first, again, other = (bootstrap_interval(with_count(series()), mean, seed=seed) for seed in (3, 3, 4))
    assert first == again
    assert first.low != other.low


def test_without_variation_the_interval_is_a_point() -> None:
    found, p_value = bootstrap_test(with_count(np.full(50, 0.5)), mean, seed=0)
    assert (found.low, found.high, p_value) == pytest.approx((0.5, 0.5, 1 / 1001))
    _, nothing = bootstrap_test(with_count(np.zeros(50)), mean, seed=0)
    assert nothing == 1.0


def test_where_the_measure_is_mostly_undefined_there_is_no_interval() -> None:
    rare = np.zeros((100, 2))
    rare[50] = 1.0  # one time says something: four resamples in ten miss it
    found, p_value = bootstrap_test(rare, mean, seed=0, block_length=1)
    assert found.value == 1.0
    assert np.isnan([found.low, found.high, p_value]).all()


def test_too_few_times_have_no_interval() -> None:
    found = bootstrap_interval(with_count(np.arange(19.0)), mean, seed=0)
    assert (found.value, found.n_times) == (9.0, 19)
    assert np.isnan([found.low, found.high, found.block_length]).all()
    assert np.isnan(bootstrap_interval(np.empty((0, 2)), mean, seed=0).value)


def test_bad_input_is_refused_in_words() -> None:
    with pytest.raises(DatasetError, match="finite"):
        bootstrap_interval(np.full((30, 2), np.nan), mean, seed=0)
    with pytest.raises(ConfigurationError, match="confidence is 95"):
        bootstrap_interval(with_count(series()), mean, seed=0, confidence=95)
    with pytest.raises(ConfigurationError, match="block_length is 500"):
        bootstrap_interval(with_count(series()), mean, seed=0, block_length=500)

"""Kernels against slow, obvious versions written with numpy, on any numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trimtab.features.kernels.extremes import bars_since_extremes, window_extremes, window_rank
from trimtab.features.kernels.recursive import cumulative_lag, exponential_mean, run_length
from trimtab.features.kernels.windows import (
    window_covariance,
    window_line,
    window_mean_deviation,
    window_mean_variance,
    window_shape,
    window_sum,
)

NUMBERS = arrays(np.float64, st.integers(1, 80), elements=st.floats(-1e6, 1e6).map(lambda x: round(x, 3)))
WINDOWS = st.integers(4, 12)
MANY = settings(max_examples=30, deadline=None)


def naive(values: np.ndarray, window: int, statistic) -> np.ndarray:  # type: ignore[no-untyped-def]  # any numpy reduction
    out = np.full(len(values), np.nan)
    for i in range(window - 1, len(values)):
        out[i] = statistic(values[i - window + 1 : i + 1])
    return out


def close(found: np.ndarray, expected: np.ndarray, values: np.ndarray, power: int = 1) -> None:
    tolerance = 1e-11 * max(1.0, float(np.abs(values).max())) ** power
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=tolerance)


@MANY
@given(NUMBERS, WINDOWS)
def test_sum_mean_and_variance_are_those_of_the_window(values: np.ndarray, window: int) -> None:
    close(window_sum(values, window), naive(values, window, np.sum), values)
    mean, variance = window_mean_variance(values, window)
    close(mean, naive(values, window, np.mean), values)
    close(variance, naive(values, window, lambda w: np.var(w, ddof=1)), values, power=2)


@MANY
@given(NUMBERS, WINDOWS)
def test_weighted_mean_slope_and_mean_deviation_are_those_of_the_window(values: np.ndarray, window: int) -> None:
    rank = np.arange(1, window + 1)
    weighted, slope = window_line(values, window)
    close(weighted, naive(values, window, lambda w: w @ rank / rank.sum()), values)
    close(slope, naive(values, window, lambda w: np.polyfit(rank, w, 1)[0]), values)
    _, deviation = window_mean_deviation(values, window)
    close(deviation, naive(values, window, lambda w: np.abs(w - w.mean()).mean()), values)


@MANY
@given(NUMBERS, WINDOWS)
def test_extremes_their_age_and_the_rank_are_those_of_the_window(values: np.ndarray, window: int) -> None:
    top, bottom = window_extremes(values, values - 1.0, window)
    np.testing.assert_array_equal(top, naive(values, window, np.max))
    np.testing.assert_array_equal(bottom, naive(values - 1.0, window, np.min))
    since_top, since_bottom = bars_since_extremes(values, values, window)
    np.testing.assert_array_equal(since_top, naive(values, window, lambda w: np.argmax(w[::-1])))
    np.testing.assert_array_equal(since_bottom, naive(values, window, lambda w: np.argmin(w[::-1])))
    expected = naive(values, window, lambda w: (np.sum(w < w[-1]) + np.sum(w == w[-1]) / 2) / window)
    np.testing.assert_allclose(window_rank(values, window), expected)


@MANY
@given(st.integers(0, 2**32 - 1), st.integers(20, 120), WINDOWS)
def test_moments_and_covariance_equal_pandas(seed: int, n: int, window: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = pd.Series(rng.standard_t(3, n)), pd.Series(rng.normal(size=n))
    skew, kurtosis = window_shape(x.to_numpy(), window)
    np.testing.assert_allclose(skew, x.rolling(window).skew(), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(kurtosis, x.rolling(window).kurt(), rtol=1e-6, atol=1e-7)
    covariance, vx, vy = window_covariance(x.to_numpy(), y.to_numpy(), window)
    np.testing.assert_allclose(covariance, x.rolling(window).cov(y, ddof=0), rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(vx, x.rolling(window).var(ddof=0), rtol=1e-8)
    np.testing.assert_allclose(vy, y.rolling(window).var(ddof=0), rtol=1e-8)


@MANY
@given(NUMBERS, WINDOWS, st.data())
def test_a_missing_value_leaves_with_its_window(values: np.ndarray, window: int, data: st.DataObject) -> None:
    hole = data.draw(st.integers(0, len(values) - 1))
    holed = values.copy()
    holed[hole] = np.nan
    expected = naive(values, window, np.sum)
    expected[hole : hole + window] = np.nan
    close(window_sum(holed, window), expected, values)


@MANY
@given(NUMBERS, WINDOWS, st.data())
def test_what_follows_never_changes_a_bit(values: np.ndarray, window: int, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(values)))
    for kernel in (window_sum, window_mean_variance, window_shape, window_line, window_mean_deviation):
        whole, part = np.atleast_2d(kernel(values, window)), np.atleast_2d(kernel(values[:cut], window))
        assert np.ascontiguousarray(whole[:, :cut]).tobytes() == np.ascontiguousarray(part).tobytes(), kernel.__name__


@MANY
@given(st.floats(1e-3, 1e6), st.integers(4, 60))
def test_equal_values_have_exactly_no_variance_and_no_shape(level: float, window: int) -> None:
    values = np.full(200, level)
    assert (window_mean_variance(values, window)[1][window - 1 :] == 0.0).all()
    assert (window_shape(values, window)[1][window - 1 :] == 0.0).all()


@MANY
@given(NUMBERS, st.integers(1, 10))
def test_exponential_mean_equals_pandas_after_its_seed(values: np.ndarray, seed: int) -> None:
    weight = 2.0 / (seed + 1.0)
    found = exponential_mean(values, seed, weight, 0)
    if len(values) < seed:
        assert np.isnan(found).all()
        return
    seeded = pd.Series(np.concatenate([[values[:seed].mean()], values[seed:]]))
    close(found[seed - 1 :], seeded.ewm(alpha=weight, adjust=False).mean().to_numpy(), values)


@MANY
@given(NUMBERS)
def test_cumulative_lag_is_the_total_above_its_own_mean(flow: np.ndarray) -> None:
    total = pd.Series(np.cumsum(flow))
    close(cumulative_lag(flow, 0.25), (total - total.ewm(alpha=0.25, adjust=False).mean()).to_numpy(), np.cumsum(flow))


@MANY
@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=1, max_size=60), st.integers(1, 8))
def test_a_run_counts_back_to_the_last_change_of_sign(signs: list[float], longest: int) -> None:
    found = run_length(np.array(signs), longest)
    for i, sign in enumerate(signs):
        length = 0
        while length <= i and signs[i - length] == sign:
            length += 1
        assert found[i] == (sign * min(length, longest) if sign else 0.0)

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trimtab.errors import ConfigurationError, DatasetError
from trimtab.metrics.forecast_turnover import factor_rank_autocorrelation, quantile_turnover

NAN = np.nan


@pytest.mark.parametrize(("lag", "expected"), [(1, [NAN, 1.0, 1.0, 0.0]), (2, [NAN, NAN, 0.0, 1.0])])
def test_the_published_alphalens_example_is_met(lag: int, expected: list[float]) -> None:
    group = np.array([[1, 2, 3, 4], [4, 3, 2, 1], [1, 2, 3, 4], [1, 2, 3, 4]])
    time, name = np.repeat(np.arange(4), 4), np.tile(["A", "B", "C", "D"], 4)
    np.testing.assert_array_equal(quantile_turnover(group.ravel(), time, name, which=4, lag=lag), expected)


def test_the_order_of_rows_does_not_matter() -> None:
    random = np.random.default_rng(1)
    time, name = np.repeat(np.arange(20), 7), np.tile(np.arange(7), 20)
    forecast = random.normal(size=140).round(1)
    shuffled = random.permutation(140)
    for found, again in (
        (
            quantile_turnover(forecast > 0, time, name, which=1),
            quantile_turnover((forecast > 0)[shuffled], time[shuffled], name[shuffled], which=1),
        ),
        (
            factor_rank_autocorrelation(forecast, time, name),
            factor_rank_autocorrelation(forecast[shuffled], time[shuffled], name[shuffled]),
        ),
    ):
        np.testing.assert_array_equal(found, again)


def test_rank_autocorrelation_with_absent_instruments_equals_pandas() -> None:
    random = np.random.default_rng(2)
    time, name = np.repeat(np.arange(20), 7), np.tile(np.arange(7), 20)
    forecast = random.normal(size=140)
    kept = random.random(140) < 0.8
    ranks = pd.Series(forecast[kept], [time[kept], name[kept]]).unstack().rank(axis=1)
    expected = ranks.corrwith(ranks.shift(2), axis=1)
    found = factor_rank_autocorrelation(forecast[kept], time[kept], name[kept], lag=2)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_group_that_is_empty_has_no_turnover() -> None:
    found = quantile_turnover([1, 1, 2, 2], [1, 2, 3, 4], ["a"] * 4, which=2)
    np.testing.assert_array_equal(found, [NAN, NAN, NAN, 0.0])


def test_turnover_counts_who_came_and_not_who_left() -> None:
    time, name = [1, 1, 2, 2, 3, 3], ["a", "b"] * 3
    np.testing.assert_array_equal(quantile_turnover([2, 1, 2, 2, 1, 2], time, name, which=2), [NAN, 0.5, 0.0])


def test_a_lag_longer_than_the_record_is_unknown_everywhere() -> None:
    times = list(range(5))
    for lag in (5, 7):
        assert np.isnan(quantile_turnover([1] * 5, times, ["a"] * 5, which=1, lag=lag)).tolist() == [True] * 5
        assert np.isnan(factor_rank_autocorrelation([1] * 5, times, ["a"] * 5, lag=lag)).tolist() == [True] * 5
    assert len(factor_rank_autocorrelation([], [], [])) == 0


def test_what_is_no_table_of_times_and_instruments_is_refused() -> None:
    with pytest.raises(DatasetError, match="occurs twice"):
        quantile_turnover([1, 2], [1, 1], ["a", "a"], which=1)
    with pytest.raises(DatasetError, match="one length"):
        factor_rank_autocorrelation([1.0, 2.0], [1, 2], ["a"])
    with pytest.raises(ConfigurationError, match="lag is 0"):
        factor_rank_autocorrelation([1.0], [1], ["a"], lag=0)

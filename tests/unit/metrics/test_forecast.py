from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from trimtab.metrics import forecast as ours

RNG = np.random.default_rng(11)
FORECAST = RNG.normal(size=400).round(1)  # rounded: ties occur
OUTCOME = 0.3 * FORECAST + RNG.normal(size=400)


def test_information_coefficients_equal_scipy() -> None:
    assert ours.information_coefficient(FORECAST, OUTCOME) == pytest.approx(stats.pearsonr(FORECAST, OUTCOME)[0])
    assert ours.rank_information_coefficient(FORECAST, OUTCOME) == pytest.approx(stats.spearmanr(FORECAST, OUTCOME)[0])


def test_cross_sectional_coefficients_equal_the_alphalens_example() -> None:
    factor, returns, day = [1, 2, 3, 4, 4, 3, 2, 1], [4, 3, 2, 1, 1, 2, 3, 4], [0] * 4 + [1] * 4
    np.testing.assert_allclose(ours.by_time(ours.rank_information_coefficient, factor, returns, day), [-1.0, -1.0])
    np.testing.assert_allclose(ours.by_time(ours.rank_information_coefficient, factor, factor, day), [1.0, 1.0])


def test_measures_by_time_come_in_order_of_time_whatever_the_order_of_rows() -> None:
    time = RNG.integers(0, 20, 400)
    frame = pd.DataFrame({"f": FORECAST, "o": OUTCOME})
    expected = [stats.pearsonr(rows.f, rows.o)[0] for _, rows in frame.groupby(time)]
    np.testing.assert_allclose(ours.by_time(ours.information_coefficient, FORECAST, OUTCOME, time), expected)


@pytest.mark.parametrize("n_quantiles", [2, 5, 10])
def test_quantile_spread_uses_the_quantiles_of_pandas(n_quantiles: int) -> None:
    said = RNG.normal(size=237)
    mean = pd.Series(OUTCOME[:237]).groupby(pd.qcut(said, n_quantiles, labels=False)).mean()
    spread = ours.quantile_spread(said, OUTCOME[:237], n_quantiles)
    assert spread == pytest.approx(mean.iloc[-1] - mean.iloc[0])


def test_quantile_spread_without_a_highest_quantile_is_nan() -> None:
    assert np.isnan(ours.quantile_spread([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]))


def test_directional_accuracy_leaves_out_targets_without_a_direction() -> None:
    assert ours.directional_accuracy([1.0, -1.0, 0.0], [2.0, 0.0, -5.0]) == 0.5


def test_information_ratio_is_the_sharpe_of_the_coefficients() -> None:
    values = np.array([0.1, np.nan, -0.05, 0.2])
    assert ours.ic_information_ratio(values) == pytest.approx(np.nanmean(values) / np.nanstd(values, ddof=1))


@pytest.mark.parametrize("name", ["information_coefficient", "rank_information_coefficient", "quantile_spread"])
@pytest.mark.parametrize("forecast", [[], [0.1], [0.1, 0.1, 0.1]])
def test_a_forecast_that_does_not_vary_has_no_skill_to_measure(name: str, forecast: list[float]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(getattr(ours, name)(forecast, list(range(len(forecast)))))


@pytest.mark.parametrize("rank", [True, False])
def test_the_steadiness_of_skill_over_time_is_that_of_the_coefficients_by_time(rank: bool) -> None:
    time = RNG.integers(0, 20, 400)
    measure = ours.rank_information_coefficient if rank else ours.information_coefficient
    values = ours.by_time(measure, FORECAST, OUTCOME, time)
    expected = values.mean() / values.std(ddof=1)
    assert ours.ic_information_ratio_by_time(FORECAST, OUTCOME, time, rank=rank) == pytest.approx(expected)

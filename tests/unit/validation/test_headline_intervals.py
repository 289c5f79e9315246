"""The values are those of the measures themselves; the intervals those of closed forms and other resampling."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from trimtab.errors import UnknownNameError
from trimtab.metrics.trading import annual_return, annual_volatility, max_drawdown, sharpe_ratio
from trimtab.validation.headline_intervals import (
    FORECAST_MEASURES,
    RETURN_MEASURES,
    drawdown_interval,
    forecast_intervals,
    return_intervals,
)
from trimtab.validation.scoring import score


def forecasts(task: str, n: int = 900, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Target, forecast and time; three instruments, a few unknown values and ties."""
    random = np.random.default_rng(seed)
    outcome = random.normal(size=n)
    value = 0.4 * outcome + random.normal(size=n)
    outcome[:5], value[5:9] = np.nan, np.nan
    time = np.arange(n) // 3
    if task == "regression":
        return outcome, value, time
    target = np.where(np.isnan(outcome), np.nan, (outcome > 0).astype(float))
    return target, np.round(1.0 / (1.0 + np.exp(-value)), 2), time


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_values_are_those_of_the_report_and_the_intervals_hold_them(task: str) -> None:
    target, value, time = forecasts(task)
    expected = score(task, target, value)
    found = forecast_intervals(task, target, value, time, seed=1)
    assert tuple(each.measure for each in found) == FORECAST_MEASURES[task]
    for each in found:
        assert each.value == pytest.approx(expected[each.measure], rel=1e-10), each.measure
        assert each.low < each.value < each.high, each.measure
        assert each.n_times == 297


def test_the_rank_correlation_has_an_interval_too() -> None:
    target, value, time = forecasts("regression")
    (found,) = forecast_intervals("regression", target, value, time, seed=1, measures=("rank_information_coefficient",))
    assert found.value == pytest.approx(score("regression", target, value)[found.measure])
    assert found.low < found.value < found.high


def test_intervals_of_independent_forecasts_are_the_textbook_ones() -> None:
    target, value, _ = forecasts("classification", 2000)
    known = ~(np.isnan(target) | np.isnan(value))
    target, value = target[known], value[known]
    n, options = len(target), {"seed": 1, "block_length": 1, "n_resamples": 4000}
    found = {
        each.measure: each for each in forecast_intervals("classification", target, value, np.arange(n), **options)
    }

    def half(name: str) -> float:
        return (found[name].high - found[name].low) / 2

    share = found["accuracy"].value
    assert half("accuracy") == pytest.approx(1.96 * np.sqrt(share * (1 - share) / n), rel=0.06)
    said_up, precision = (value > 0.5).sum(), found["precision"].value
    assert half("precision") == pytest.approx(1.96 * np.sqrt(precision * (1 - precision) / said_up), rel=0.06)
    brier = (target - value) ** 2
    assert half("brier_score") == pytest.approx(1.96 * brier.std() / np.sqrt(n), rel=0.06)


def test_the_interval_of_the_area_under_the_curve_is_that_of_full_resampling() -> None:
    target, value, _ = forecasts("classification", 500, seed=3)
    known = ~(np.isnan(target) | np.isnan(value))
    target, value = target[known], value[known]
    n, random = len(target), np.random.default_rng(0)
    (found,) = forecast_intervals(
        "classification", target, value, np.arange(n), seed=1, measures=("roc_auc",), block_length=1
    )
    drawn = [random.integers(0, n, n) for _ in range(400)]
    areas = [score("classification", target[rows], value[rows])["roc_auc"] for rows in drawn]
    assert found.high - found.low == pytest.approx(2 * 1.96 * np.std(areas), rel=0.12)


def returns(n: int = 750, seed: int = 0) -> np.ndarray:
    values = np.random.default_rng(seed).normal(0.0008, 0.01, n)
    values[10:13] = np.nan
    return values


def test_values_of_returns_are_those_of_the_trading_measures() -> None:
    values = returns()
    found = {each.measure: each for each in return_intervals(values, periods_per_year=252, seed=0)}
    assert tuple(found) == RETURN_MEASURES
    expected = {
        "sharpe_ratio": sharpe_ratio(values, 252),
        "annual_return": annual_return(values, 252),
        "annual_volatility": annual_volatility(values, 252),
        "max_drawdown": max_drawdown(values),
    }
    for name, value in expected.items():
        assert found[name].value == pytest.approx(value, rel=1e-9), name
        assert found[name].low < value < found[name].high, name


def test_the_interval_of_a_sharpe_ratio_of_independent_returns_is_los() -> None:
    # Lo (2002), The statistics of Sharpe ratios: per-period variance (1 + SR² / 2) / n for Gaussian returns.
    values = np.random.default_rng(5).normal(0.1, 1.0, 3000)
    (found,) = return_intervals(
        values, periods_per_year=252, seed=0, measures=("sharpe_ratio",), block_length=1, n_resamples=4000
    )
    per_period = values.mean() / values.std()
    expected = 2 * 1.96 * np.sqrt((1 + per_period**2 / 2) / 3000 * 252)
    assert found.high - found.low == pytest.approx(expected, rel=0.06)


def test_drawdowns_of_resampled_paths_are_those_of_a_plain_loop() -> None:
    values, length = np.nan_to_num(returns(60)), 5
    found = drawdown_interval(values, seed=0, block_length=length, n_resamples=3000)
    random = np.random.default_rng(1)
    deepest = []
    for _ in range(1500):
        starts = random.integers(0, 60, 12)
        deepest.append(max_drawdown(values[(starts[:, None] + np.arange(length)).ravel() % 60]))
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(deepest, [0.025, 0.975])), rel=0.08)


def test_an_account_that_ends_has_no_interval() -> None:
    values = returns()
    values[100] = -1.0
    found = drawdown_interval(values, seed=0)
    assert np.isnan([found.value, found.low, found.high]).all()


def test_few_returns_or_none_have_no_interval() -> None:
    for values in (np.full(19, 0.01), np.empty(0), np.full(30, 0.0)):
        for each in return_intervals(values, periods_per_year=252, seed=0, measures=("sharpe_ratio",)):
            assert np.isnan([each.low, each.high]).all()


def test_an_unknown_measure_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(UnknownNameError, match=r"accurracy.*did you mean 'accuracy'"):
        forecast_intervals("classification", *forecasts("classification"), seed=0, measures=("accurracy",))
    with pytest.raises(UnknownNameError, match="sharpe_ratio"):
        return_intervals(returns(), periods_per_year=252, seed=0, measures=("sharp",))


def test_a_forecast_that_never_fails_is_not_certain() -> None:
    target = np.arange(60) % 2.0
    found = {
        each.measure: each
        for each in forecast_intervals("classification", target, 0.1 + 0.8 * target, np.arange(60), seed=1)
    }
    for name, cases in {"accuracy": 60, "precision": 30, "recall": 30}.items():
        low, high = binomtest(cases, cases).proportion_ci(method="wilson")
        assert (found[name].low, found[name].high) == pytest.approx((low, high))
    share = found["recall"].low
    assert found["balanced_accuracy"].low == pytest.approx(1.0 - (1.0 - share) / np.sqrt(2.0))
    assert found["accuracy"].low <= found["f1"].low < found["f1"].value == 1.0
    assert np.isnan([found["roc_auc"].low, found["roc_auc"].high]).all()


def test_the_precision_of_a_few_calls_has_the_interval_of_a_few_cases() -> None:
    said, target = np.full(400, 0.3), np.random.default_rng(3).integers(0, 2, 400).astype(float)
    said[7::40], target[7::40] = 0.8, [1, 1, 1, 1, 1, 1, 0, 0, 0, 0]
    (found,) = forecast_intervals("classification", target, said, np.arange(400), seed=1, measures=("precision",))
    low, high = binomtest(6, 10).proportion_ci(method="wilson")
    assert found.value == 0.6
    assert found.low <= low + 1e-9 and found.high >= high - 1e-9
    assert found.high - found.low < 1.3 * (high - low)


def test_a_class_that_hardly_occurs_leaves_the_area_without_an_interval() -> None:
    target, said = np.zeros(300), np.random.default_rng(3).random(300)
    target[:190:10] = 1.0  # 19 times
    (few,) = forecast_intervals("classification", target, said, np.arange(300), seed=1, measures=("roc_auc",))
    assert np.isnan([few.low, few.high]).all() and 0.0 < few.value < 1.0
    target[191] = 1.0
    (enough,) = forecast_intervals("classification", target, said, np.arange(300), seed=1, measures=("roc_auc",))
    assert enough.low < enough.value < enough.high

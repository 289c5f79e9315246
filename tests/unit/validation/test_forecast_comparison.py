"""Two forecasts of the same rows: values are the measures, tests the paired ones, p-values two-sided and adjusted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_rel

from trimtab.metrics.multiple_testing import holm
from trimtab.validation.forecast_comparison import compare_forecasts
from trimtab.validation.scoring import score

N = 600
TIME = np.arange(N) // 2


def drawn(task: str, noise: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A target, and a forecast of it that is worse the more noise."""
    outcome = np.random.default_rng(0).normal(size=N)
    value = outcome + noise * np.random.default_rng([seed, 1]).normal(size=N)
    if task == "regression":
        return outcome, value
    return (outcome > 0).astype(float), 1.0 / (1.0 + np.exp(-value))


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_values_are_the_measures_and_differences_the_second_less_the_first(task: str) -> None:
    target, poor = drawn(task, 3.0)
    _, good = drawn(task, 1.0)
    # Every time has two rows, so the mean over times is the mean over rows.
    measures = [score(task, target, value) for value in (poor, good)]
    for each in compare_forecasts(task, target, poor, good, TIME, seed=0):
        assert (each.first, each.second) == pytest.approx(tuple(m[each.measure] for m in measures))
        assert each.difference == pytest.approx(each.second - each.first)
        assert each.low < each.difference < each.high
        assert each.winner == "second", each.measure
        assert each.p_value <= each.adjusted_p_value < 0.05


def test_swapped_the_same_differences_speak_for_the_other() -> None:
    target, poor = drawn("classification", 3.0)
    _, good = drawn("classification", 1.0)
    one, other = (
        compare_forecasts("classification", target, *pair, TIME, seed=0) for pair in ((poor, good), (good, poor))
    )
    for here, there in zip(one, other, strict=True):
        assert there.difference == pytest.approx(-here.difference)
        assert there.p_value == pytest.approx(here.p_value)
        assert there.dm_statistic == pytest.approx(-here.dm_statistic, nan_ok=True)
        assert (here.winner, there.winner) == ("second", "first")
    assert all(each.dm_statistic > 0 for each in one if not np.isnan(each.dm_statistic))


def test_forecasts_of_equal_skill_are_not_told_apart_and_p_values_come_near_a_paired_t_test() -> None:
    target, first = drawn("regression", 2.0, seed=1)
    _, second = drawn("regression", 2.0, seed=2)
    found = {
        each.measure: each for each in compare_forecasts("regression", target, first, second, np.arange(N), seed=0)
    }
    assert all(each.winner is None for each in found.values())
    paired = ttest_rel((target - second) ** 2, (target - first) ** 2)
    assert found["mse"].p_value == pytest.approx(paired.pvalue, abs=0.06)
    assert found["mse"].dm_p_value == pytest.approx(paired.pvalue, abs=0.06)
    in_order = [each.p_value for each in found.values()]
    np.testing.assert_allclose([each.adjusted_p_value for each in found.values()], holm(in_order))


def test_the_same_forecast_differs_by_nothing() -> None:
    target, value = drawn("classification", 1.0)
    for each in compare_forecasts("classification", target, value, value, TIME, seed=0):
        assert (each.difference, each.p_value, each.winner) == (0.0, 1.0, None)


def test_too_few_times_are_insufficient_evidence() -> None:
    target, value = drawn("classification", 1.0)
    for each in compare_forecasts("classification", target[:30], value[:30], value[30:60], TIME[:30], seed=0):
        assert np.isnan([each.p_value, each.adjusted_p_value, each.low, each.dm_p_value]).all()
        assert each.winner is None


def test_versions_that_differ_at_a_handful_of_decisions_are_not_told_apart_by_them() -> None:
    target, first = drawn("classification", 1.0)
    first = np.where(first > 0.5, 0.6, 0.4)
    wrong = np.random.default_rng(0).permutation(np.flatnonzero((first > 0.5) != target))
    for n_differing in (12, 40):
        second = first.copy()
        second[wrong[:n_differing]] = 1.0 - first[wrong[:n_differing]]  # right wherever they differ
        accuracy = compare_forecasts("classification", target, first, second, np.arange(N), seed=0)[0]
        assert accuracy.winner == (None if n_differing == 12 else "second")
        assert np.isnan([accuracy.p_value, accuracy.adjusted_p_value, accuracy.low]).all() == (n_differing == 12)
        assert accuracy.dm_p_value < 0.01

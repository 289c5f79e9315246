from __future__ import annotations

import warnings
from random import Random
from typing import Any

import empyrical
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trimtab.metrics import trading as ours
from trimtab.metrics.catalogue import MEASURES

EXAMPLE = np.array([np.nan, 1, 10, -4, 2, 3, 2, 1, -10]) / 100
RANDOM = np.random.default_rng(5).normal(0.0005, 0.01, 700)


def same(value: float) -> Any:
    return pytest.approx(value, rel=1e-9)


def test_the_published_empyrical_example_is_met_with_its_missing_first_return() -> None:
    assert ours.sharpe_ratio(EXAMPLE, 252) == pytest.approx(1.7238613961706866)
    assert ours.annual_volatility(EXAMPLE, 252) == pytest.approx(0.9136465399704637)
    assert ours.annual_return(EXAMPLE, 252) == pytest.approx(1.9135925373194231)
    assert ours.downside_risk(EXAMPLE, 252) == pytest.approx(0.60448325038829653)
    assert ours.sortino_ratio(EXAMPLE, 252) == pytest.approx(2.605531251673693)
    assert ours.max_drawdown(EXAMPLE) == pytest.approx(-0.1)
    assert ours.calmar_ratio(EXAMPLE, 252) == pytest.approx(19.135925373194233)


@pytest.mark.parametrize("periods_per_year", [252, 365])
def test_measures_equal_empyrical(periods_per_year: int) -> None:
    options = {"annualization": periods_per_year}
    assert ours.total_return(RANDOM) == same(empyrical.cum_returns_final(RANDOM))
    assert ours.annual_return(RANDOM, periods_per_year) == same(empyrical.annual_return(RANDOM, **options))
    assert ours.annual_volatility(RANDOM, periods_per_year) == same(empyrical.annual_volatility(RANDOM, **options))
    assert ours.sharpe_ratio(RANDOM, periods_per_year, risk_free=1e-4) == same(
        empyrical.sharpe_ratio(RANDOM, risk_free=1e-4, **options)
    )
    assert ours.sortino_ratio(RANDOM, periods_per_year, required_return=1e-4) == same(
        empyrical.sortino_ratio(RANDOM, required_return=1e-4, **options)
    )
    assert ours.max_drawdown(RANDOM) == same(empyrical.max_drawdown(RANDOM))
    assert ours.calmar_ratio(RANDOM, periods_per_year) == same(empyrical.calmar_ratio(RANDOM, **options))
    assert ours.value_at_risk(RANDOM, 0.03) == same(empyrical.value_at_risk(RANDOM, 0.03))
    assert ours.expected_shortfall(RANDOM, 0.03) == same(empyrical.conditional_value_at_risk(RANDOM, 0.03))


def test_the_sum_account_is_qlibs() -> None:
    curve = np.cumsum(RANDOM)
    peak = np.maximum.accumulate(np.maximum(curve, 0.0))
    assert ours.annual_return(RANDOM, 238, compounding=False) == same(RANDOM.mean() * 238)
    assert ours.max_drawdown(RANDOM, compounding=False) == same((curve - peak).min())


DEGENERATE = (
    [],
    [np.nan],
    [0.02],
    [0.0] * 3,
    [0.1] * 3,
    [-0.1, -0.2, -0.3, -0.1],
    [-1.0, 0.0],
    [5.0, 9.0],
    [-1.5, 0.1],
)


@pytest.mark.parametrize("returns", DEGENERATE)
def test_degenerate_returns_give_numbers_or_nan_but_neither_errors_nor_infinities(returns: list[float]) -> None:
    benchmark = [0.01, -0.02, 0.03, 0.0][: len(returns)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        measures = ours.evaluate_returns(returns, 252, names=list(MEASURES))
        for own, market in ((returns, benchmark), (benchmark, returns)):
            measures |= ours.compare_returns(own, market, 252)
    assert [name for name, value in measures.items() if np.isinf(value)] == []


@pytest.mark.parametrize("returns", [[], [np.nan, np.nan]])
def test_nothing_is_said_about_returns_of_which_none_is_known(returns: list[float]) -> None:
    measures = ours.evaluate_returns(returns, 252, names=list(MEASURES))
    counts = {name: measures.pop(name) for name in ("n_periods", "n_unknown")}
    assert counts == {"n_periods": len(returns), "n_unknown": len(returns)}
    assert [name for name, value in measures.items() if not np.isnan(value)] == []


def test_a_ratio_over_no_risk_at_all_is_nan() -> None:
    measures = ours.evaluate_returns([0.1, 0.1, 0.1], 252)
    assert np.isnan(measures["sharpe_ratio"])
    assert np.isnan(measures["sortino_ratio"])
    assert np.isnan(measures["calmar_ratio"])
    assert np.isnan(measures["profit_factor"])


some_returns = st.lists(
    st.one_of(st.sampled_from([-1.0, 0.5, np.nan]), st.floats(-1.0, 100.0), st.floats(-0.05, 0.05)).map(
        lambda value: round(value, 9)
    ),
    max_size=12,
)


@settings(max_examples=50)
@example([0.5, np.nan, 87.0, 98.0, -6e-08], Random(0), 365.25)  # growth beyond floating point over a tiny loss
@given(some_returns, st.randoms(use_true_random=False), st.sampled_from([1.0, 252, 365.25, 525600]))
def test_whatever_is_returned_every_measure_is_a_number_or_nan(
    returns: list[float], random: Random, periods_per_year: float
) -> None:
    market = random.sample(returns, len(returns))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        measures = ours.evaluate_returns(returns, periods_per_year, names=list(MEASURES))
        measures |= ours.compare_returns(returns, market, periods_per_year)
    assert [name for name, value in measures.items() if np.isinf(value)] == []

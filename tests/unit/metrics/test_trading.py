from __future__ import annotations

import json
import warnings
from pathlib import Path

import empyrical
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from trimtab.metrics import trading as ours

EXAMPLE = np.array([np.nan, 1, 10, -4, 2, 3, 2, 1, -10]) / 100
RANDOM = np.random.default_rng(5).normal(0.0005, 0.01, 700)


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
    assert ours.total_return(RANDOM) == pytest.approx(empyrical.cum_returns_final(RANDOM))
    assert ours.annual_return(RANDOM, periods_per_year) == pytest.approx(empyrical.annual_return(RANDOM, **options))
    assert ours.annual_volatility(RANDOM, periods_per_year) == pytest.approx(
        empyrical.annual_volatility(RANDOM, **options)
    )
    assert ours.sharpe_ratio(RANDOM, periods_per_year, risk_free=1e-4) == pytest.approx(
        empyrical.sharpe_ratio(RANDOM, risk_free=1e-4, **options)
    )
    assert ours.sortino_ratio(RANDOM, periods_per_year, required_return=1e-4) == pytest.approx(
        empyrical.sortino_ratio(RANDOM, required_return=1e-4, **options)
    )
    assert ours.max_drawdown(RANDOM) == pytest.approx(empyrical.max_drawdown(RANDOM))
    assert ours.calmar_ratio(RANDOM, periods_per_year) == pytest.approx(empyrical.calmar_ratio(RANDOM, **options))
    assert ours.value_at_risk(RANDOM, 0.03) == pytest.approx(empyrical.value_at_risk(RANDOM, 0.03))
    assert ours.expected_shortfall(RANDOM, 0.03) == pytest.approx(empyrical.conditional_value_at_risk(RANDOM, 0.03))


def test_the_sum_account_is_qlibs() -> None:
    curve = np.cumsum(RANDOM)
    peak = np.maximum.accumulate(np.maximum(curve, 0.0))
    assert ours.annual_return(RANDOM, 238, compounding=False) == pytest.approx(RANDOM.mean() * 238)
    assert ours.max_drawdown(RANDOM, compounding=False) == pytest.approx((curve - peak).min())


def test_measures_equal_two_libraries_on_real_returns(shared_data: Path) -> None:
    expected = json.loads((shared_data / "reference" / "metrics_expected.json").read_text())
    theirs = {"total_return": "cum_returns_final", "expected_shortfall": "conditional_value_at_risk"}
    shared = ("annual_return", "annual_volatility", "sharpe_ratio", "sortino_ratio", "calmar_ratio", "max_drawdown")
    theirs |= {name: name for name in (*shared, "downside_risk", "value_at_risk")}
    columns = ["symbol", "ts", "adj_close"]
    symbols = list(expected["empyrical"])
    table = pq.read_table(
        shared_data / "equities_daily.parquet", columns=columns, filters=[("symbol", "in", symbols)]
    ).to_pandas()
    for symbol, rows in table.groupby("symbol"):
        returns = rows.set_index("ts")["adj_close"].pct_change().loc["2010-01-04":"2016-12-30"].to_numpy()
        measures = ours.evaluate_returns(returns, 252)
        assert measures["n_periods"] == expected["empyrical"][symbol]["rows"]
        for name, their_name in theirs.items():
            assert measures[name] == pytest.approx(expected["empyrical"][symbol][their_name], rel=1e-9), (symbol, name)
        for name in ("profit_factor", "win_rate"):
            assert measures[name] == pytest.approx(expected["quantstats"][symbol][name], rel=1e-9), (symbol, name)


@pytest.mark.parametrize("returns", [[], [np.nan], [0.0, 0.0, 0.0], [0.1, 0.1, 0.1], [-1.0, 0.0]])
def test_degenerate_returns_give_numbers_or_nan_but_neither_errors_nor_infinities(returns: list[float]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not any(np.isinf(value) for value in ours.evaluate_returns(returns, 252).values())


def test_a_ratio_over_no_risk_at_all_is_nan() -> None:
    measures = ours.evaluate_returns([0.1, 0.1, 0.1], 252)
    assert np.isnan(measures["sharpe_ratio"])
    assert np.isnan(measures["sortino_ratio"])
    assert np.isnan(measures["calmar_ratio"])
    assert np.isnan(measures["profit_factor"])


def test_turnover_counts_what_is_bought_and_what_is_sold() -> None:
    weights = np.array([[0.5, 0.5], [1.0, 0.0], [1.0, 0.0]])
    assert ours.turnover(weights) == 0.5


def test_drawdowns_equal_pandas() -> None:
    curve = pd.Series(1.0 + RANDOM).cumprod()
    expected = curve / np.maximum(curve.cummax(), 1.0) - 1.0
    np.testing.assert_allclose(ours.drawdowns(RANDOM), expected, atol=1e-12)

"""What quantstats and alphalens said about a made-up input; see make_peer_numbers.py for how it was asked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from trimtab.metrics import forecast, forecast_turnover, quantiles, relative
from trimtab.metrics import trading as ours
from trimtab.metrics.rolling import rolling_sharpe_ratio

PEERS = json.loads(Path(__file__).with_name("peer_numbers.json").read_text())
RETURNS, BENCHMARK, QUANTSTATS = (PEERS[name] for name in ("returns", "benchmark", "quantstats"))
SHAPE = np.array(PEERS["forecast"]).shape
FORECAST, OUTCOME = np.ravel(PEERS["forecast"]), np.ravel(PEERS["outcome"])
TIME, INSTRUMENT = np.repeat(np.arange(SHAPE[0]), SHAPE[1]), np.tile(np.arange(SHAPE[1]), SHAPE[0])
ALPHALENS = PEERS["alphalens"]
SAME = {"rel": 1e-9, "abs": 1e-12, "nan_ok": True}


def unknown_as_nan(values: list[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values])


def test_measures_of_returns_equal_quantstats() -> None:
    own = {
        "sharpe": ours.sharpe_ratio(RETURNS, 252),
        "sortino": ours.sortino_ratio(RETURNS, 252),
        "cagr": ours.annual_return(RETURNS, 252),
        "calmar": ours.calmar_ratio(RETURNS, 252),
        "volatility": ours.annual_volatility(RETURNS, 252),
        "max_drawdown": ours.max_drawdown(RETURNS),
        "omega": ours.omega_ratio(RETURNS),
        "omega_required_5_pct_a_year": ours.omega_ratio(RETURNS, required_return=1.05 ** (1 / 252) - 1),
        "ulcer_index": ours.ulcer_index(RETURNS, ddof=1),
        "ulcer_performance_index": ours.ulcer_performance_index(RETURNS, None, ddof=1),
        "gain_to_pain_ratio": ours.gain_to_pain_ratio(RETURNS),
        "kelly_criterion": ours.kelly_criterion(RETURNS),
        "skew": ours.skew(RETURNS),
        "kurtosis": ours.kurtosis(RETURNS),
        "value_at_risk": ours.value_at_risk(RETURNS, method="gaussian"),
        "value_at_risk_1_pct": ours.value_at_risk(RETURNS, 0.01, method="gaussian"),
        "expected_shortfall": ours.expected_shortfall(RETURNS, method="gaussian"),
        "expected_shortfall_historical": ours.expected_shortfall(RETURNS),
        "tail_ratio": ours.tail_ratio(RETURNS),
        "profit_factor": ours.profit_factor(RETURNS),
        "payoff_ratio": ours.payoff_ratio(RETURNS),
        "win_rate": ours.win_rate(RETURNS),
        "common_sense_ratio": ours.common_sense_ratio(RETURNS),
        "recovery_factor": abs(ours.total_return(RETURNS, compounding=False) / ours.max_drawdown(RETURNS)),
        "alpha": relative.alpha(RETURNS, BENCHMARK, 252, compounding=False),
        "beta": relative.beta(RETURNS, BENCHMARK),
        "r_squared": relative.correlation(RETURNS, BENCHMARK) ** 2,
        "information_ratio": relative.excess_sharpe(RETURNS, BENCHMARK),
    }
    assert own == pytest.approx({name: QUANTSTATS[name] for name in own}, **SAME)
    assert set(QUANTSTATS) == {*own, "rolling_sharpe_63", "drawdowns"}


def test_the_rolling_sharpe_ratio_equals_quantstats() -> None:
    expected = unknown_as_nan(QUANTSTATS["rolling_sharpe_63"])
    np.testing.assert_allclose(rolling_sharpe_ratio(RETURNS, 63, 252), expected, rtol=1e-9)


def test_the_deepest_drawdowns_are_those_of_quantstats() -> None:
    table = ours.drawdown_table(RETURNS, n_deepest=5)
    theirs = QUANTSTATS["drawdowns"]
    assert [(each.start, each.trough, each.end) for each in table] == [
        (row["start"], row["trough"], row["end"]) for row in theirs
    ]
    assert [each.depth for each in table] == pytest.approx([row["depth"] for row in theirs], rel=1e-9)


def test_groups_of_forecasts_equal_alphalens() -> None:
    assert quantiles.quantile_of(FORECAST, TIME, 4).tolist() == ALPHALENS["factor_quantile"]


@pytest.mark.parametrize(
    ("demeaned", "name"), [(False, "mean_return_by_quantile"), (True, "mean_return_by_quantile_demeaned")]
)
def test_quantile_returns_equal_alphalens(demeaned: bool, name: str) -> None:
    means = quantiles.quantile_returns(FORECAST, OUTCOME, TIME, n_quantiles=4, demeaned=demeaned)
    np.testing.assert_allclose(means, ALPHALENS[name], rtol=1e-9)


def test_information_coefficients_by_time_equal_alphalens() -> None:
    by_time = forecast.by_time(forecast.rank_information_coefficient, FORECAST, OUTCOME, TIME)
    np.testing.assert_allclose(by_time, ALPHALENS["information_coefficient"], rtol=1e-9)
    ratio = forecast.ic_information_ratio_by_time(FORECAST, OUTCOME, TIME)
    assert ratio == pytest.approx(ALPHALENS["ic_information_ratio"], **SAME)


@pytest.mark.parametrize("which", [1, 4])
@pytest.mark.parametrize("lag", [1, 2])
def test_quantile_turnover_equals_alphalens(which: int, lag: int) -> None:
    group = quantiles.quantile_of(FORECAST, TIME, 4)
    turned = forecast_turnover.quantile_turnover(group, TIME, INSTRUMENT, which=which, lag=lag)
    np.testing.assert_allclose(turned, unknown_as_nan(ALPHALENS["quantile_turnover"][f"{which}/{lag}"]), rtol=1e-9)


@pytest.mark.parametrize("lag", [1, 3])
def test_rank_autocorrelation_equals_alphalens(lag: int) -> None:
    found = forecast_turnover.factor_rank_autocorrelation(FORECAST, TIME, INSTRUMENT, lag=lag)
    expected = unknown_as_nan(ALPHALENS["factor_rank_autocorrelation"][str(lag)])
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)

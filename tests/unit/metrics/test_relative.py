from __future__ import annotations

import empyrical
import numpy as np
import pytest
from scipy import stats

from trimtab.errors import DatasetError
from trimtab.metrics import relative

RNG = np.random.default_rng(12)
MARKET = RNG.normal(0.0004, 0.01, 500)
OWN = 0.8 * MARKET + RNG.normal(0.0002, 0.006, 500)
OPTIONS = {"rel": 1e-9}


@pytest.mark.parametrize("risk_free", [0.0, 1e-4])
def test_alpha_and_beta_equal_empyrical(risk_free: float) -> None:
    alpha, beta = empyrical.alpha_beta(OWN, MARKET, risk_free=risk_free, annualization=252)
    assert relative.alpha(OWN, MARKET, 252, risk_free) == pytest.approx(alpha, **OPTIONS)
    assert relative.beta(OWN, MARKET) == pytest.approx(beta, **OPTIONS)


def test_alpha_beta_and_correlation_are_those_of_a_regression() -> None:
    line = stats.linregress(MARKET, OWN)
    assert relative.beta(OWN, MARKET) == pytest.approx(line.slope, **OPTIONS)
    assert relative.alpha(OWN, MARKET, 252, compounding=False) == pytest.approx(252 * line.intercept, **OPTIONS)
    assert relative.correlation(OWN, MARKET) == pytest.approx(line.rvalue, **OPTIONS)


@pytest.mark.parametrize("name", ["capture", "up_capture", "down_capture", "up_down_capture"])
def test_captures_equal_empyrical(name: str) -> None:
    expected = getattr(empyrical, name)(OWN, MARKET)
    assert getattr(relative, name)(OWN, MARKET, 252) == pytest.approx(expected, **OPTIONS)


def test_the_information_ratio_is_the_sharpe_ratio_of_the_difference() -> None:
    expected = empyrical.excess_sharpe(OWN, MARKET)
    assert relative.excess_sharpe(OWN, MARKET) == pytest.approx(expected, **OPTIONS)
    assert relative.information_ratio(OWN, MARKET, 252) == pytest.approx(expected * np.sqrt(252), **OPTIONS)
    mean_difference = (OWN - MARKET).mean() * 252
    assert relative.tracking_error(OWN, MARKET, 252) == pytest.approx(
        mean_difference / (expected * np.sqrt(252)), **OPTIONS
    )


def test_batting_average_equals_empyrical() -> None:
    expected = empyrical.batting_average(OWN, MARKET)["batting average"]
    assert relative.batting_average(OWN, MARKET) == pytest.approx(expected)
    assert relative.batting_average(MARKET, MARKET) == 0.0


def test_a_period_unknown_on_one_side_is_left_out_on_both() -> None:
    own, market = OWN.copy(), MARKET.copy()
    own[3], market[40] = np.nan, np.nan
    kept = np.setdiff1d(np.arange(500), [3, 40])
    for name in ("alpha", "excess_return", "tracking_error", "information_ratio", "capture", "up_capture"):
        measure = getattr(relative, name)
        assert measure(own, market, 252) == pytest.approx(measure(OWN[kept], MARKET[kept], 252)), name


def test_against_itself_nothing_is_left() -> None:
    assert relative.beta(MARKET, MARKET) == pytest.approx(1.0)
    assert relative.alpha(MARKET, MARKET, 252) == pytest.approx(0.0, abs=1e-12)
    assert relative.excess_return(MARKET, MARKET, 252) == 0.0
    assert relative.tracking_error(MARKET, MARKET, 252) == 0.0
    assert np.isnan(relative.information_ratio(MARKET, MARKET, 252))


def test_a_benchmark_that_never_moves_explains_nothing() -> None:
    flat = np.zeros(500)
    for name in ("beta", "correlation"):
        assert np.isnan(getattr(relative, name)(OWN, flat)), name
        # The mean of three tenths is not a tenth in floating point.
        assert np.isnan(getattr(relative, name)(OWN[:3], [0.1] * 3)), name
    for name in ("alpha", "capture", "up_capture", "down_capture"):
        assert np.isnan(getattr(relative, name)(OWN, flat, 252)), name


def test_series_of_different_lengths_are_refused() -> None:
    with pytest.raises(DatasetError, match="one length"):
        relative.beta(OWN, MARKET[1:])

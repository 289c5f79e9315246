from __future__ import annotations

import empyrical
import numpy as np
import pytest
from scipy import stats

from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.metrics import risk

RANDOM = np.random.default_rng(7).standard_t(4, 801) * 0.01 + 0.0003
WITH_GAPS = np.where(np.arange(801) % 50 == 7, np.nan, RANDOM)


@pytest.mark.parametrize("level", [0.01, 0.05, 0.3])
def test_gaussian_tails_equal_the_closed_forms_of_scipy(level: float) -> None:
    mean, deviation = RANDOM.mean(), RANDOM.std(ddof=1)
    normal = stats.norm(mean, deviation)
    assert risk.value_at_risk(RANDOM, level, "gaussian") == pytest.approx(normal.ppf(level), rel=1e-9)
    below = normal.expect(lambda value: value, ub=normal.ppf(level)) / level
    assert risk.expected_shortfall(RANDOM, level, "gaussian") == pytest.approx(below, rel=1e-6)


@pytest.mark.parametrize("level", [0.01, 0.05, 0.3])
def test_historical_tails_equal_empyrical(level: float) -> None:
    known = WITH_GAPS[~np.isnan(WITH_GAPS)]
    assert risk.value_at_risk(WITH_GAPS, level) == pytest.approx(empyrical.value_at_risk(known, level), rel=1e-9)
    expected = empyrical.conditional_value_at_risk(known, level)
    assert risk.expected_shortfall(WITH_GAPS, level) == pytest.approx(expected, rel=1e-9)
    assert risk.tail_ratio(WITH_GAPS) == pytest.approx(empyrical.tail_ratio(WITH_GAPS), rel=1e-9)


def test_of_twenty_returns_the_worst_is_the_worst_twentieth_as_in_empyrical() -> None:
    few = RANDOM[:20]
    assert risk.expected_shortfall(few, 0.05) == empyrical.conditional_value_at_risk(few, 0.05) == few.min()


def test_moments_equal_scipy_with_and_without_correction() -> None:
    for unbiased in (True, False):
        options = {"bias": not unbiased, "nan_policy": "omit"}
        assert risk.skew(WITH_GAPS, unbiased) == pytest.approx(stats.skew(WITH_GAPS, **options), rel=1e-9)
        assert risk.kurtosis(WITH_GAPS, unbiased) == pytest.approx(stats.kurtosis(WITH_GAPS, **options), rel=1e-9)


def test_ddof_reaches_the_gaussian_tail() -> None:
    few = [0.01, -0.02, 0.03]
    expected = stats.norm(np.mean(few), np.std(few)).ppf(0.05)
    assert risk.value_at_risk(few, method="gaussian", ddof=0) == pytest.approx(expected, rel=1e-9)


def test_too_few_returns_have_no_moments() -> None:
    assert np.isnan(risk.skew([0.1, 0.2]))
    assert np.isnan(risk.kurtosis([0.1, 0.2, 0.3]))
    assert np.isnan(risk.skew([0.1] * 9))


def test_tails_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="level is 5"):
        risk.value_at_risk(RANDOM, 5)
    with pytest.raises(UnknownNameError, match="did you mean 'gaussian'"):
        risk.expected_shortfall(RANDOM, method="gausian")  # type: ignore[arg-type]


LONG = np.random.default_rng(8).normal(0.0, 0.01, 50_000)


@pytest.mark.parametrize("level", [1e-9, 0.01, 0.05, 0.25, 0.5, 0.7, 0.999, 1.0 - 1e-16])
@pytest.mark.parametrize("n", [1, 2, 3, 21, 50_000])
def test_the_historical_quantile_is_numpys_to_the_last_bit(level: float, n: int) -> None:
    for values in (LONG[:n], np.round(LONG[:n], 2), np.where(LONG[:n] < -0.01, -np.inf, LONG[:n])):
        with np.errstate(invalid="ignore"):
            np.testing.assert_array_equal(risk.value_at_risk(values, level), np.quantile(values, level))

"""The test agrees with statsmodels, with arch, and with closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from arch.covariance.kernel import Bartlett
from scipy import stats

from trimtab.errors import ConfigurationError, DatasetError
from trimtab.validation.diebold_mariano import automatic_lags, diebold_mariano, long_run_variance


def autoregressive(n: int, persistence: float, seed: int) -> np.ndarray:
    shocks = np.random.default_rng(seed).normal(size=n)
    for i in range(1, n):
        shocks[i] += persistence * shocks[i - 1]
    return shocks


@pytest.mark.parametrize("n_lags", [0, 1, 4, 12])
@pytest.mark.parametrize("persistence", [0.0, 0.6])
def test_the_statistic_is_that_of_a_regression_on_a_constant_with_hac_errors(n_lags: int, persistence: float) -> None:
    gains = autoregressive(300, persistence, seed=n_lags) + 0.1
    theirs = sm.OLS(gains, np.ones(300)).fit(cov_type="HAC", cov_kwds={"maxlags": n_lags})
    found = diebold_mariano(gains, n_lags=n_lags, small_sample=False)
    assert found.statistic == pytest.approx(theirs.tvalues[0], rel=1e-10)
    assert found.p_value_two_sided == pytest.approx(theirs.pvalues[0], rel=1e-9)
    assert found.p_value == pytest.approx(stats.norm.sf(theirs.tvalues[0]), rel=1e-9)


def test_without_lags_the_corrected_test_is_students() -> None:
    # With h = 1 the correction is sqrt((n - 1) / n), which turns the deviation with ddof 0 into that with ddof 1.
    gains = np.random.default_rng(0).normal(0.1, 1.0, 120)
    theirs = stats.ttest_1samp(gains, 0.0, alternative="greater")
    found = diebold_mariano(gains, n_lags=0)
    assert (found.statistic, found.p_value) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-10)


def test_the_small_sample_correction_is_the_published_one() -> None:
    gains, h, n = autoregressive(50, 0.5, seed=1), 4, 50
    plain, corrected = (diebold_mariano(gains, n_lags=h - 1, small_sample=small) for small in (False, True))
    assert corrected.statistic / plain.statistic == pytest.approx(np.sqrt((n + 1 - 2 * h + h * (h - 1) / n) / n))
    assert corrected.p_value == pytest.approx(stats.t.sf(corrected.statistic, n - 1))
    assert corrected.p_value_two_sided > plain.p_value_two_sided


@pytest.mark.parametrize("persistence", [0.0, 0.3, 0.8, 0.95])
@pytest.mark.parametrize("n", [60, 500])
def test_automatic_lags_are_those_of_arch(n: int, persistence: float) -> None:
    gains = autoregressive(n, persistence, seed=n)
    theirs = Bartlett(gains, center=True).opt_bandwidth
    assert automatic_lags(gains) == min(int(theirs), n // 4)


def test_the_long_run_variance_of_a_dependent_series_comes_near_its_closed_form() -> None:
    gains = autoregressive(200_000, 0.5, seed=3)  # 1 / (1 - 0.5)² in the limit
    assert long_run_variance(gains, 60) == pytest.approx(4.0, rel=0.05)


def test_the_horizon_asks_for_at_least_as_many_lags_as_labels_overlap() -> None:
    gains = np.random.default_rng(0).normal(size=300)
    assert diebold_mariano(gains, horizon=40).n_lags == 39
    assert diebold_mariano(gains, horizon=1).n_lags == automatic_lags(gains) < 39


def test_the_other_direction_has_the_mirrored_p_value() -> None:
    gains = autoregressive(200, 0.4, seed=5) + 0.2
    one, other = diebold_mariano(gains), diebold_mariano(-gains)
    assert one.p_value + other.p_value == pytest.approx(1.0)
    assert one.p_value_two_sided == pytest.approx(other.p_value_two_sided)


def test_equal_losses_are_no_evidence_and_constant_gains_are_certain() -> None:
    same = diebold_mariano(np.zeros(100))
    assert (same.statistic, same.p_value, same.p_value_two_sided) == (0.0, 0.5, 1.0)
    always = diebold_mariano(np.full(100, 0.1))
    assert (always.statistic, always.p_value) == (np.inf, 0.0)


def test_too_few_observations_are_insufficient_evidence() -> None:
    found = diebold_mariano(np.random.default_rng(0).normal(size=19))
    assert found.n == 19
    assert np.isnan([found.statistic, found.p_value, found.p_value_two_sided]).all()


def test_unknown_gains_and_too_many_lags_are_refused() -> None:
    with pytest.raises(DatasetError, match="finite"):
        diebold_mariano(np.array([1.0, np.nan]))
    with pytest.raises(ConfigurationError, match="50 lags are too many for 100"):
        diebold_mariano(np.zeros(100), n_lags=50)

"""P-values and critical values agree with scipy and with simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from trimtab.drift.p_values import kolmogorov_smirnov_p_value, psi_critical_value
from trimtab.metrics.distributions import population_stability_index


@pytest.mark.parametrize("size", [(2_000, 500), (1_000, 250), (200, 50)])
def test_the_ks_p_value_is_near_the_exact_one_of_independent_rows(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    for shift in (0.0, 0.1, 0.2, 0.3):
        exact = stats.ks_2samp(rng.normal(size=size[0]), rng.normal(shift, size=size[1]), method="exact")
        assert kolmogorov_smirnov_p_value(exact.statistic, *size) == pytest.approx(exact.pvalue, abs=0.04, rel=0.3)


def test_fewer_effective_rows_are_less_evidence() -> None:
    p_values = [kolmogorov_smirnov_p_value(0.3, 10 * n, n) for n in (10, 30, 100, 1_000)]
    assert p_values == sorted(p_values, reverse=True)
    assert kolmogorov_smirnov_p_value(0.0, 10.0, 10.0) == 1.0


def test_the_psi_critical_value_is_exceeded_by_chance_once_in_twenty_times() -> None:
    rng = np.random.default_rng(11)
    values = [population_stability_index(rng.normal(size=2_000), rng.normal(size=500)) for _ in range(1_000)]
    share = np.mean(np.array(values) > psi_critical_value(10, 2_000, 500))
    assert 0.035 < share < 0.075  # the 99 % band of a 5 % event is ± 1.8 points; the theory is asymptotic


def test_one_bin_cannot_differ() -> None:
    assert psi_critical_value(1, 100, 100) == 0.0
    assert psi_critical_value(2, 100, 100) == pytest.approx(stats.chi2.ppf(0.95, 1) / 50)

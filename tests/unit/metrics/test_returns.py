from __future__ import annotations

import empyrical
import numpy as np
import pytest

from trimtab.metrics.returns import annual_return, stability_of_timeseries, total_return

RANDOM = np.random.default_rng(9).normal(0.0005, 0.01, 400)


def test_stability_equals_empyrical() -> None:
    gaps = np.where(np.arange(400) % 30 == 3, np.nan, RANDOM)
    assert stability_of_timeseries(gaps) == pytest.approx(empyrical.stability_of_timeseries(gaps), rel=1e-9)


def test_steady_growth_is_perfectly_stable_and_ruin_has_no_stability() -> None:
    assert stability_of_timeseries([0.01] * 50) == pytest.approx(1.0)
    assert np.isnan(stability_of_timeseries([0.01, -1.0, 0.01]))
    assert np.isnan(stability_of_timeseries([0.0, 0.0, 0.0]))


def test_losing_everything_is_an_annual_return_of_minus_one() -> None:
    assert annual_return([0.1, -1.0, 0.1], 252) == -1.0


def test_losing_more_than_everything_has_no_geometric_growth() -> None:
    assert np.isnan(annual_return([-1.5], 252))
    assert annual_return([-1.5], 252, compounding=False) == -378.0


def test_growth_beyond_floating_point_is_unknown_and_no_infinity() -> None:
    assert np.isnan(annual_return([1.0], 1e6))


def test_an_unknown_return_is_elapsed_time_without_growth() -> None:
    assert total_return([0.1, np.nan]) == pytest.approx(0.1)
    assert annual_return([0.1, np.nan], 2) == pytest.approx(0.1)
    assert annual_return([0.1, np.nan], 2, compounding=False) == pytest.approx(0.2)

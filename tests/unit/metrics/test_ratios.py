from __future__ import annotations

import empyrical
import numpy as np
import pytest

from trimtab.metrics import ratios
from trimtab.metrics.drawdown import max_drawdown, ulcer_index
from trimtab.metrics.returns import annual_return, total_return

RANDOM = np.random.default_rng(5).normal(0.0005, 0.01, 700)


@pytest.mark.parametrize("per_year", [0.0, 0.1])
def test_omega_equals_empyrical_whose_required_return_is_per_year(per_year: float) -> None:
    expected = empyrical.omega_ratio(RANDOM, required_return=per_year)
    assert ratios.omega_ratio(RANDOM, (1 + per_year) ** (1 / 252) - 1) == pytest.approx(expected, rel=1e-9)


def test_the_ulcer_performance_index_takes_the_risk_free_rate_to_the_span_of_the_return() -> None:
    grown, ulcer = annual_return(RANDOM, 252), ulcer_index(RANDOM)
    expected = (grown - (1.0001**252 - 1.0)) / ulcer
    assert ratios.ulcer_performance_index(RANDOM, 252, risk_free=1e-4) == pytest.approx(expected)
    expected = (total_return(RANDOM) - (1.0001**700 - 1.0)) / ulcer
    assert ratios.ulcer_performance_index(RANDOM, None, risk_free=1e-4) == pytest.approx(expected)
    expected = (RANDOM.mean() - 1e-4) * 252 / ulcer_index(RANDOM, compounding=False)
    found = ratios.ulcer_performance_index(RANDOM, 252, risk_free=1e-4, compounding=False)
    assert found == pytest.approx(expected)


def test_recovery_is_negative_after_a_loss() -> None:
    assert ratios.recovery_factor([-0.1, -0.1]) == pytest.approx(-1.0)
    assert ratios.recovery_factor(RANDOM, compounding=False) == pytest.approx(
        RANDOM.sum() / -max_drawdown(RANDOM, compounding=False)
    )


def test_gain_to_pain_is_the_profit_factor_minus_one() -> None:
    assert ratios.gain_to_pain_ratio(RANDOM) == pytest.approx(ratios.omega_ratio(RANDOM) - 1.0)


def test_ratios_over_nothing_lost_are_unknown() -> None:
    for name in ("gain_to_pain_ratio", "omega_ratio", "recovery_factor", "common_sense_ratio"):
        assert np.isnan(getattr(ratios, name)([0.1, 0.2, 0.0])), name

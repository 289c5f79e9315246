from __future__ import annotations

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from trimtab.errors import ConfigurationError
from trimtab.metrics.calibration import expected_calibration_error, reliability_table


def drawn(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    said = rng.random(n)
    return (rng.random(n) < said).astype(np.float64), said


def test_the_table_is_that_of_scikit_learn() -> None:
    outcome, said = drawn(3000)
    happened, mean_said = calibration_curve(outcome, said, n_bins=10)
    table = reliability_table(outcome, said)
    assert [each.happened for each in table] == pytest.approx(happened.tolist())
    assert [each.said for each in table] == pytest.approx(mean_said.tolist())
    assert sum(each.n for each in table) == 3000


def test_a_probability_on_an_edge_belongs_to_the_bin_below() -> None:
    assert [each.n for each in reliability_table([1, 1, 1, 1], [0.0, 0.5, 0.51, 1.0], n_bins=2)] == [2, 2]


def test_true_probabilities_have_an_error_near_zero_and_overconfident_ones_a_large_one() -> None:
    outcome, said = drawn(20_000)
    overconfident = np.where(said > 0.5, 0.99, 0.01)
    assert expected_calibration_error(outcome, said) < 0.015
    assert expected_calibration_error(outcome, overconfident) == pytest.approx(0.24, abs=0.02)


def test_what_is_unknown_is_left_out_and_nothing_at_all_is_unknown() -> None:
    nan = float("nan")
    assert expected_calibration_error([1.0, nan], [1.0, 0.3]) == 0.0
    assert np.isnan(expected_calibration_error([], []))
    assert np.isnan(reliability_table([1.0], [0.9], n_bins=2)[0].said)


def test_no_bins_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="at least 1"):
        reliability_table([1.0], [0.5], n_bins=0)

from __future__ import annotations

import numpy as np
import pytest

from trimtab.validation.verdict import Verdict, consistency, judge


@pytest.mark.parametrize(
    ("accuracy", "steady", "verdict"),
    [
        (0.66, 0.81, "GOOD"),
        (0.65, 0.99, "ACCEPTABLE"),
        (0.90, 0.80, "ACCEPTABLE"),
        (0.55, 0.90, "MARGINAL"),
        (0.90, 0.70, "MARGINAL"),
        (0.50, 0.90, "POOR"),
        (0.90, 0.60, "POOR"),
        (float("nan"), 0.9, "POOR"),
        (0.90, float("nan"), "POOR"),
    ],
)
def test_both_limits_must_be_exceeded(accuracy: float, steady: float, verdict: str) -> None:
    assert judge(accuracy, steady) is Verdict(verdict)


def test_consistency_is_one_minus_the_coefficient_of_variation() -> None:
    values = np.array([0.5, 0.6, 0.9])
    assert consistency(values) == pytest.approx(1 - np.std(values) / np.mean(values))


def test_one_fold_cannot_be_consistent() -> None:
    assert np.isnan(consistency([0.8]))


def test_accuracies_all_over_the_place_are_not_less_than_not_consistent() -> None:
    assert consistency([0.0, 0.0, 0.0, 0.0, 1.0]) == 0.0

from __future__ import annotations

import numpy as np
import pytest

from trimtab.config.strategy import Gates
from trimtab.lifecycle import gates
from trimtab.lifecycle.evidence import Evidence
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
    ],
)
def test_both_limits_must_be_exceeded(accuracy: float, steady: float, verdict: str) -> None:
    assert judge(accuracy, steady) is Verdict(verdict)


@pytest.mark.parametrize(
    ("accuracy", "verdict"),
    [(0.66, "GOOD"), (0.65, "ACCEPTABLE"), (0.51, "MARGINAL"), (0.50, "POOR"), (np.nan, "POOR")],
)
def test_a_single_test_part_is_judged_by_accuracy_alone(accuracy: float, verdict: str) -> None:
    assert judge(accuracy, consistency([accuracy])) is Verdict(verdict)


def test_without_consistency_the_gate_refuses_whatever_the_verdict() -> None:
    result = gates.consistency(Evidence(consistency=consistency([0.9])), Gates(min_consistency=0.0))
    assert not result.passed and "not known" in result.reason


def test_consistency_is_one_minus_the_coefficient_of_variation() -> None:
    values = np.array([0.5, 0.6, 0.9])
    assert consistency(values) == pytest.approx(1 - np.std(values) / np.mean(values))


def test_one_fold_cannot_be_consistent() -> None:
    assert np.isnan(consistency([0.8]))


def test_accuracies_all_over_the_place_are_not_less_than_not_consistent() -> None:
    assert consistency([0.0, 0.0, 0.0, 0.0, 1.0]) == 0.0

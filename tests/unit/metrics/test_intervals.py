from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from trimtab.errors import ConfigurationError, DatasetError
from trimtab.metrics.intervals import interval_coverage, interval_score, interval_width


def test_an_outcome_on_either_end_is_covered() -> None:
    assert interval_coverage([0.0, 1.0, 1.1], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]) == pytest.approx(2 / 3)


def test_intervals_or_outcomes_that_are_unknown_are_left_out() -> None:
    nan = float("nan")
    assert interval_coverage([0.5, nan, 2.0], [0.0, 0.0, nan], [1.0, 1.0, 3.0]) == 1.0
    assert interval_width([0.0, nan], [3.0, 1.0]) == 3.0
    assert np.isnan(interval_coverage([nan], [0.0], [1.0])) and np.isnan(interval_width([], []))


def test_the_score_is_width_and_a_penalty_for_what_lies_outside() -> None:
    target, low, high = np.array([-3.0, 0.0, 2.5]), np.array([-1.0, -1.0, -1.0]), np.array([1.0, 1.0, 1.0])
    by_hand = [2.0 + 2 / 0.1 * 2.0, 2.0, 2.0 + 2 / 0.1 * 1.5]
    assert interval_score(target, low, high, 0.9) == pytest.approx(np.mean(by_hand))


def test_the_score_is_smallest_for_the_true_quantiles() -> None:
    target = np.random.default_rng(0).standard_normal(200_000)
    right = float(norm.ppf(0.95))
    scores = {half: interval_score(target, *np.full((2, len(target)), [[-half], [half]]), 0.9) for half in (0.8 * right, right, 1.2 * right)}  # fmt: skip
    assert min(scores, key=scores.__getitem__) == right
    assert scores[right] == pytest.approx(2 * norm.pdf(right) / 0.05, rel=0.01)  # its closed form for a normal


@pytest.mark.parametrize("coverage", [0.0, 1.0, 90.0])
def test_a_coverage_that_is_no_share_is_refused(coverage: float) -> None:
    with pytest.raises(ConfigurationError, match="between 0 and 1"):
        interval_score([0.0], [0.0], [1.0], coverage)


def test_arrays_of_different_lengths_are_refused() -> None:
    with pytest.raises(DatasetError, match="one length"):
        interval_coverage([0.0], [0.0, 1.0], [1.0, 2.0])

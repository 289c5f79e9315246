"""Adjusted p-values agree with scipy and with a published table."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from trimtab.drift.multiple import benjamini_hochberg

# McDonald, Handbook of Biological Statistics, "Multiple comparisons": 25 dietary variables; at a
# false-discovery rate below 25 % the first five are significant, and the sixth is on the line.
MCDONALD = np.array(
    [
        *(0.001, 0.008, 0.039, 0.041, 0.042, 0.060, 0.074, 0.205, 0.212, 0.216, 0.222, 0.251, 0.269),
        *(0.275, 0.34, 0.341, 0.384, 0.569, 0.594, 0.696, 0.762, 0.94, 0.942, 0.975, 0.986),
    ]
)


def test_mcdonalds_table_has_five_discoveries_below_25_percent() -> None:
    adjusted = benjamini_hochberg(MCDONALD)
    assert adjusted[:6] == pytest.approx([0.025, 0.1, 0.21, 0.21, 0.21, 0.25])
    assert (adjusted[6:] > 0.25).all()


@pytest.mark.parametrize("k", [1, 2, 17, 200])
def test_adjusted_p_values_are_scipys(k: int) -> None:
    p_values = np.random.default_rng(k).random(k) ** 2
    p_values[: k // 3] = p_values[0]  # ties
    assert benjamini_hochberg(p_values) == pytest.approx(false_discovery_control(p_values))


def test_no_tests_give_no_p_values() -> None:
    assert benjamini_hochberg(np.empty(0)).tolist() == []

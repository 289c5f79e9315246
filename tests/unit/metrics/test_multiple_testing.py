"""Adjusted p-values agree with scipy, statsmodels and a published table."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import false_discovery_control
from statsmodels.stats.multitest import multipletests

from trimtab.errors import DatasetError
from trimtab.metrics.multiple_testing import benjamini_hochberg, benjamini_yekutieli, bonferroni, holm

# McDonald, Handbook of Biological Statistics, "Multiple comparisons": 25 dietary variables; at a
# false-discovery rate below 25 % the first five are significant, and the sixth is on the line.
MCDONALD = np.array(
    [
        *(0.001, 0.008, 0.039, 0.041, 0.042, 0.060, 0.074, 0.205, 0.212, 0.216, 0.222, 0.251, 0.269),
        *(0.275, 0.34, 0.341, 0.384, 0.569, 0.594, 0.696, 0.762, 0.94, 0.942, 0.975, 0.986),
    ]
)
PROCEDURES = {
    "bonferroni": bonferroni,
    "holm": holm,
    "fdr_bh": benjamini_hochberg,
    "fdr_by": benjamini_yekutieli,
}


def drawn(k: int) -> np.ndarray:
    p_values = np.random.default_rng(k).random(k) ** 2
    p_values[: k // 3] = p_values[0]  # ties
    return p_values


def test_mcdonalds_table_has_five_discoveries_below_25_percent() -> None:
    adjusted = benjamini_hochberg(MCDONALD)
    assert adjusted[:6] == pytest.approx([0.025, 0.1, 0.21, 0.21, 0.21, 0.25])
    assert (adjusted[6:] > 0.25).all()


def test_mcdonalds_table_has_one_discovery_where_no_false_one_is_allowed() -> None:
    assert (bonferroni(MCDONALD) <= 0.05).tolist() == (holm(MCDONALD) <= 0.05).tolist() == [True] + [False] * 24
    assert bonferroni(MCDONALD)[0] == pytest.approx(0.025)


@pytest.mark.parametrize("name", PROCEDURES)
@pytest.mark.parametrize("p_values", [MCDONALD, drawn(1), drawn(2), drawn(17), drawn(200)], ids=len)
def test_adjusted_p_values_are_those_of_statsmodels(name: str, p_values: np.ndarray) -> None:
    theirs = multipletests(p_values, method=name)[1]
    np.testing.assert_allclose(PROCEDURES[name](p_values), theirs, rtol=1e-12)


@pytest.mark.parametrize("k", [1, 2, 17, 200])
def test_false_discovery_rates_are_scipys(k: int) -> None:
    assert benjamini_hochberg(drawn(k)) == pytest.approx(false_discovery_control(drawn(k)))
    assert benjamini_yekutieli(drawn(k)) == pytest.approx(false_discovery_control(drawn(k), method="by"))


@pytest.mark.parametrize("adjust", PROCEDURES.values())
def test_no_tests_give_no_p_values_and_the_order_is_kept(adjust: object) -> None:
    assert adjust(np.empty(0)).tolist() == []  # type: ignore[operator]
    shuffled = np.random.default_rng(0).permutation(25)
    np.testing.assert_array_equal(adjust(MCDONALD[shuffled]), adjust(MCDONALD)[shuffled])  # type: ignore[operator]


def test_what_is_no_p_value_is_refused() -> None:
    for wrong in ([0.1, float("nan")], [1.2], [-0.1], [[0.1]]):
        with pytest.raises(DatasetError, match="between 0 and 1"):
            holm(wrong)

"""Distances between samples agree with scipy, with closed forms and with hand-made cases."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from trimtab.errors import NotEnoughDataError
from trimtab.metrics.distributions import (
    Sample,
    bin_counts,
    bin_edges,
    bin_shares,
    jensen_shannon,
    kolmogorov_smirnov,
    population_stability_index,
    psi_of_shares,
    wasserstein,
)


def samples() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(3)
    return [
        (rng.normal(size=500), rng.normal(0.3, 1.4, size=173)),
        (rng.standard_t(2, size=321), rng.standard_t(3, size=77)),
        (rng.integers(0, 4, 200).astype(float), rng.integers(1, 5, 90).astype(float)),  # ties everywhere
        (np.zeros(10), np.zeros(4)),
        (np.array([1.0]), np.array([2.0])),
    ]


@pytest.mark.parametrize(("reference", "current"), samples())
def test_kolmogorov_smirnov_is_scipys_also_under_ties(reference: np.ndarray, current: np.ndarray) -> None:
    assert kolmogorov_smirnov(reference, current) == pytest.approx(
        stats.ks_2samp(reference, current).statistic, abs=1e-12
    )


@pytest.mark.parametrize(("reference", "current"), samples()[:3])
def test_wasserstein_is_scipys_in_interquartile_ranges(reference: np.ndarray, current: np.ndarray) -> None:
    expected = stats.wasserstein_distance(reference, current) / stats.iqr(reference)
    assert wasserstein(reference, current) == pytest.approx(expected, rel=1e-12)


def test_wasserstein_of_a_feature_that_is_mostly_zero_is_in_standard_deviations() -> None:
    reference = np.repeat([0.0, 100.0], [95, 5])
    assert wasserstein(reference, np.full(10, 100.0)) == pytest.approx(95.0 / reference.std())


def test_wasserstein_of_a_constant_that_changed_is_unknown_and_of_one_that_did_not_is_zero() -> None:
    assert np.isnan(wasserstein(np.ones(10), np.full(10, 2.0)))
    assert wasserstein(np.ones(10), np.ones(3)) == 0.0


def test_psi_of_the_worked_example() -> None:
    assert psi_of_shares(np.full(4, 0.25), np.array([0.1, 0.2, 0.3, 0.4])) == pytest.approx(0.2282174096, abs=1e-10)


def test_psi_uses_deciles_of_the_reference_with_infinite_outer_bins() -> None:
    rng = np.random.default_rng(1)
    reference, current = rng.normal(size=2_000), rng.normal(0.5, 1.0, size=500)
    edges = np.concatenate([[-np.inf], np.quantile(reference, np.arange(1, 10) / 10), [np.inf]])
    # numpy's bins are [lower, upper), ours (lower, upper]: mirrored values make them the same.
    expected = np.histogram(-reference, -edges[::-1])[0] / 2_000
    actual = np.histogram(-current, -edges[::-1])[0] / 500
    assert population_stability_index(reference, current) == pytest.approx(psi_of_shares(expected, actual), rel=1e-12)


def test_one_absurd_value_does_not_hide_a_shift() -> None:
    rng = np.random.default_rng(1)
    reference, current = rng.normal(size=2_000), rng.normal(1.0, 1.0, size=500)
    with_outlier = np.append(current, 1e6)
    before, after = (population_stability_index(reference, sample) for sample in (current, with_outlier))
    assert after == pytest.approx(before, rel=0.02)
    assert after > 0.8


def test_an_empty_bin_counts_as_half_a_row() -> None:
    reference = Sample.of(np.arange(100.0))
    expected, actual = bin_shares(reference, Sample.of(np.full(50, 1_000.0)))
    assert expected == pytest.approx(np.full(10, 0.1))
    assert actual[:-1] == pytest.approx(np.full(9, 0.01))
    assert actual[-1] == 1.0


@pytest.mark.parametrize("share", [0.03, 0.5, 0.97])
def test_a_binary_feature_keeps_its_two_values_apart(share: float) -> None:
    reference = np.repeat([0.0, 1.0], [round(1_000 * (1 - share)), round(1_000 * share)])
    current = np.repeat([0.0, 1.0], [100, 100])
    expected = psi_of_shares(np.array([1 - share, share]), np.array([0.5, 0.5]))
    assert population_stability_index(reference, current) == pytest.approx(expected, abs=1e-12)


def test_a_constant_reference_notices_values_on_both_sides() -> None:
    for value in (-1.0, 1.0):
        assert population_stability_index(np.zeros(100), np.full(50, value)) > 5.0


def test_a_value_new_to_the_reference_counts_as_half_a_row_there() -> None:
    expected = psi_of_shares(np.array([1.0, 0.5 / 100]), np.array([0.5 / 50, 1.0]))
    assert population_stability_index(np.zeros(100), np.ones(50)) == pytest.approx(expected)


def test_missing_values_are_one_more_bin_and_one_value_above_all_others() -> None:
    reference = np.array([1.0, 2.0, 3.0, 4.0] * 25)
    current = np.where(np.arange(100) < 40, np.nan, reference)
    first, second = bin_counts(Sample.of(reference), Sample.of(current))
    assert (first[-1], second[-1]) == (0.0, 40.0)
    assert kolmogorov_smirnov(reference, current) == pytest.approx(0.4)
    assert population_stability_index(reference, current) > 1.0
    assert population_stability_index(current, current) == 0.0


def test_infinite_values_are_missing() -> None:
    sample = Sample.of(np.array([np.inf, 1.0, -np.inf, np.nan]))
    assert sample.present.tolist() == [1.0]
    assert sample.missing_share == 0.75


def test_a_feature_without_any_value_does_not_differ_from_itself() -> None:
    nothing = np.full(30, np.nan)
    assert population_stability_index(nothing, nothing) == 0.0
    assert kolmogorov_smirnov(nothing, nothing) == 0.0
    assert np.isnan(wasserstein(nothing, nothing))
    assert len(bin_edges(Sample.of(nothing))) == 0


@pytest.mark.parametrize(("reference", "current"), samples())
def test_jensen_shannon_is_scipys_on_the_same_bins(reference: np.ndarray, current: np.ndarray) -> None:
    counts = bin_counts(Sample.of(reference), Sample.of(current))
    assert jensen_shannon(reference, current) == pytest.approx(jensenshannon(*counts, base=2), abs=1e-12)


def test_an_empty_sample_is_refused_with_a_sentence() -> None:
    with pytest.raises(NotEnoughDataError, match="without rows"):
        kolmogorov_smirnov(np.empty(0), np.ones(3))

"""What holds for the drift measures on any two samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from trimtab.metrics.distributions import (
    Sample,
    bin_counts,
    jensen_shannon,
    kolmogorov_smirnov,
    population_stability_index,
    wasserstein,
)

numbers = st.one_of(st.integers(-3, 3).map(float), st.floats(-1e6, 1e6), st.just(float("nan")))
samples = st.lists(numbers, min_size=1, max_size=60).map(np.array)
present = st.lists(st.one_of(st.integers(-3, 3).map(float), st.floats(-1e6, 1e6)), min_size=1, max_size=60).map(
    np.array
)


@given(samples, samples)
def test_every_row_falls_into_exactly_one_bin(reference: np.ndarray, current: np.ndarray) -> None:
    first, second = bin_counts(Sample.of(reference), Sample.of(current))
    assert first.sum() == len(reference)
    assert second.sum() == len(current)


@given(samples, samples)
def test_distances_are_in_their_range_and_zero_for_equal_samples(reference: np.ndarray, current: np.ndarray) -> None:
    assert 0.0 <= population_stability_index(reference, current) < np.inf
    assert 0.0 <= kolmogorov_smirnov(reference, current) <= 1.0
    assert 0.0 <= jensen_shannon(reference, current) <= 1.0 + 1e-12
    for measure in (population_stability_index, kolmogorov_smirnov, jensen_shannon):
        assert measure(reference, reference[::-1]) == 0.0


@given(samples, samples)
def test_kolmogorov_smirnov_is_symmetric(reference: np.ndarray, current: np.ndarray) -> None:
    assert kolmogorov_smirnov(reference, current) == kolmogorov_smirnov(current, reference)


@given(present, present)
@settings(max_examples=60)
def test_statistics_of_present_values_are_those_of_the_definition_and_of_scipy(
    reference: np.ndarray, current: np.ndarray
) -> None:
    grid = np.concatenate([reference, current])
    shares = [(sample[:, None] <= grid).mean(axis=0) for sample in (reference, current)]
    assert kolmogorov_smirnov(reference, current) == pytest.approx(np.abs(shares[0] - shares[1]).max(), abs=1e-12)
    scale = stats.iqr(reference) or reference.std()
    if scale > 1e-3:
        expected = stats.wasserstein_distance(reference, current) / scale
        assert wasserstein(reference, current) == pytest.approx(expected, rel=1e-6, abs=1e-9)


@given(samples, samples, st.floats(0.1, 10.0), st.integers(-5, 5))
def test_ranks_decide_so_units_do_not_matter(
    reference: np.ndarray, current: np.ndarray, scale: float, shift: int
) -> None:
    # Rounding keeps values apart that the change of unit would otherwise merge.
    first, second = np.round(reference, 3), np.round(current, 3)
    changed = [np.round(sample, 3) * scale + shift for sample in (reference, current)]
    assert kolmogorov_smirnov(*changed) == kolmogorov_smirnov(first, second)

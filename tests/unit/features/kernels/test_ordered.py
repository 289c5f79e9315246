"""Quantiles and ranks of nested windows against numpy and scipy, window by window."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import rankdata

from trimtab.features.kernels.nested import WINDOWS
from trimtab.features.kernels.ordered import nested_quantiles, nested_ranks


def values_of(kind: str, n: int = 180) -> np.ndarray:
    rng = np.random.default_rng(6)
    return {
        "random": rng.normal(size=n),
        "ties": rng.integers(0, 4, n).astype(np.float64),
        "rising": np.arange(float(n)),
        "falling": -np.arange(float(n)),
        "equal": np.full(n, 0.3),
        "both zeros": rng.choice([-0.0, 0.0, 1.0, -1.0], n),
    }[kind]


KINDS = ("random", "ties", "rising", "falling", "equal", "both zeros")


@pytest.mark.parametrize("kind", KINDS)
def test_quantiles_equal_those_of_numpy(kind: str) -> None:
    values = values_of(kind)
    for share, found in zip((0.8, 0.2), nested_quantiles(values, 0.8, 0.2), strict=True):
        for k, w in enumerate(WINDOWS):
            expected = [np.quantile(values[max(0, i - w + 1) : i + 1], share) for i in range(len(values))]
            np.testing.assert_allclose(found[k], expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("kind", KINDS)
def test_ranks_equal_those_of_scipy_with_ties_averaged(kind: str) -> None:
    values = values_of(kind)
    for k, w in enumerate(WINDOWS):
        windows = [values[max(0, i - w + 1) : i + 1] for i in range(len(values))]
        expected = [rankdata(window)[-1] / len(window) for window in windows]
        np.testing.assert_allclose(nested_ranks(values)[k], expected, rtol=1e-15)


@pytest.mark.parametrize("n", [0, 1, 2, 5, 6, 59, 60, 61])
def test_the_past_keeps_its_bits_whatever_follows(n: int) -> None:
    values = values_of("random")
    np.testing.assert_array_equal(nested_ranks(values[:n]), nested_ranks(values)[:, :n])
    for of_past, of_all in zip(nested_quantiles(values[:n], 0.8, 0.2), nested_quantiles(values, 0.8, 0.2), strict=True):
        np.testing.assert_array_equal(of_past, of_all[:, :n])


@pytest.mark.parametrize("row", [0, 2, 90])
def test_a_missing_value_makes_its_windows_unknown_and_leaves_with_them(row: int) -> None:
    values, whole = values_of("random"), values_of("random")
    values[row] = np.nan
    tables = zip(
        (nested_ranks(values), *nested_quantiles(values, 0.8, 0.2)),
        (nested_ranks(whole), *nested_quantiles(whole, 0.8, 0.2)),
        strict=True,
    )
    for found, expected in tables:
        for k, w in enumerate(WINDOWS):
            held = np.zeros(len(values), bool)
            held[row : row + w] = True
            assert np.isnan(found[k, held]).all()
            np.testing.assert_array_equal(found[k, ~held], expected[k, ~held])

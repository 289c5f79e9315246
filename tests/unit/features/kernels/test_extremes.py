"""Median and rank of a window against pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trimtab.features.kernels.extremes import window_median, window_rank


def series_with(kind: str) -> np.ndarray:
    """900 values that are hard to keep in order, with missing ones near the beginning."""
    rng = np.random.default_rng(4)
    values = {
        "ties": rng.normal(size=900).round(1),
        "runs of one value": np.repeat(rng.normal(size=90), 10),
        "rising": np.arange(900.0) - 450.0,
        "falling": 450.0 - np.arange(900.0),
        "both zeros": rng.choice([-0.0, 0.0, 1.0, -1.0], 900),
        "far apart": rng.normal(size=900) * 10.0 ** rng.integers(-300, 300, 900),
    }[kind]
    values[rng.integers(0, 300, 6)] = np.nan
    return values


KINDS = ("ties", "runs of one value", "rising", "falling", "both zeros", "far apart")


@pytest.mark.parametrize("window", [1, 2, 5, 252])
@pytest.mark.parametrize("kind", KINDS)
def test_window_median_equals_that_of_numpy_to_the_last_bit(kind: str, window: int) -> None:
    values = series_with(kind)
    windows = np.lib.stride_tricks.sliding_window_view(values, window)
    expected = np.concatenate([np.full(window - 1, np.nan), np.median(windows, axis=1)])
    np.testing.assert_array_equal(window_median(values, window), expected)


@pytest.mark.parametrize("window", [1, 2, 5, 252])
@pytest.mark.parametrize("kind", KINDS)
def test_window_rank_equals_that_of_pandas_with_ties_counted_half(kind: str, window: int) -> None:
    values = series_with(kind)
    expected = (pd.Series(values).rolling(window).rank() - 0.5) / window
    np.testing.assert_allclose(window_rank(values, window), expected, rtol=0, atol=1e-12)


def test_values_that_differ_by_rounding_only_are_ties() -> None:
    values = np.array([0.1 + 0.2, 0.3, 0.3 * (1 + 1e-9)])
    assert window_rank(values, 2)[1:].tolist() == [0.5, 0.75]

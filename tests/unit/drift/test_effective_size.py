"""The autocorrelation time agrees with the closed form of AR(1) and keeps instruments apart."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import rankdata

from trimtab.drift.effective_size import (
    centred_rank,
    dependence_time,
    integrated_autocorrelation_time,
    pooled_autocorrelation_time,
    rows_by_group,
)


def autoregressive(phi: float, n: int, seed: int = 0) -> np.ndarray:
    return lfilter([1.0], [1.0, -phi], np.random.default_rng(seed).standard_normal(n))


def naive_time(series: np.ndarray) -> float:
    """Sokal's rule, written from the definition with full correlation."""
    x = series - series.mean()
    covariance = np.correlate(x, x, "full")[len(x) - 1 :]
    time = 1.0
    for lag in range(1, len(x)):
        time += 2.0 * covariance[lag] / covariance[0]
        if lag >= 5.0 * time:
            break
    return max(1.0, time)


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9, 0.97])
def test_the_time_of_a_long_ar1_series_is_the_closed_form(phi: float) -> None:
    measured = integrated_autocorrelation_time(autoregressive(phi, 400_000))
    assert measured == pytest.approx((1 + phi) / (1 - phi), rel=0.1)


@pytest.mark.parametrize("n", [2, 3, 7, 50, 501])
@pytest.mark.parametrize("phi", [-0.6, 0.4, 0.95])
def test_the_kernel_is_sokals_rule_written_out(phi: float, n: int) -> None:
    series = autoregressive(phi, n)
    assert integrated_autocorrelation_time(series) == pytest.approx(naive_time(series), rel=1e-9)


def test_alternating_and_constant_series_are_credited_with_nothing() -> None:
    assert integrated_autocorrelation_time(np.tile([1.0, -1.0], 500)) == 1.0
    assert integrated_autocorrelation_time(np.ones(100)) == 1.0


def test_products_never_cross_from_one_instrument_to_the_next() -> None:
    parts = [autoregressive(0.8, n, seed) + 5.0 * seed for seed, n in enumerate((400, 90, 3, 1, 250))]
    bounds = np.concatenate([[0], np.cumsum([len(part) for part in parts])])
    centred = [part - part.mean() for part in parts]
    variance = sum(float(part @ part) for part in centred)
    expected = 1.0
    for lag in range(1, 400):
        expected += 2.0 * sum(float(part[:-lag] @ part[lag:]) for part in centred if len(part) > lag) / variance
        if lag >= 5.0 * expected:
            break
    assert pooled_autocorrelation_time(np.concatenate(parts), bounds) == pytest.approx(expected, rel=1e-9)


def test_volatility_clustering_counts_although_levels_are_uncorrelated() -> None:
    rng = np.random.default_rng(4)
    clustered = rng.standard_normal(5_000) * np.exp(autoregressive(0.97, 5_000, 5) * 0.2)
    bounds = np.array([0, 5_000])
    assert integrated_autocorrelation_time(clustered) < 2.0
    assert dependence_time(clustered, bounds) > 10.0


def test_a_stretch_of_missing_rows_is_one_event_and_scattered_ones_are_many() -> None:
    values = np.random.default_rng(4).standard_normal(2_000)
    stretch, scattered = values.copy(), values.copy()
    stretch[:200] = np.nan
    scattered[np.random.default_rng(5).random(2_000) < 0.1] = np.nan
    bounds = np.array([0, 2_000])
    assert dependence_time(stretch, bounds) > 50.0
    assert dependence_time(scattered, bounds) < 2.0


def test_ranks_are_scipys_average_ranks() -> None:
    values = np.random.default_rng(0).integers(0, 7, 200).astype(float)
    values[::9] = np.nan
    missing = np.isnan(values)
    rank = centred_rank(values, missing)
    n = int((~missing).sum())
    assert rank[~missing] == pytest.approx((rankdata(values[~missing]) - 0.5) / n - 0.5)
    assert (rank[missing] == 0.0).all()
    assert (centred_rank(np.full(3, np.nan), np.ones(3, dtype=bool)) == 0.0).all()


def test_rows_of_each_instrument_stay_in_order_and_only_the_latest_are_kept() -> None:
    groups = np.arange(10_000) % 4
    rows, bounds = rows_by_group(groups, 10_000, max_rows=5_000)
    assert np.diff(bounds).tolist() == [1_250] * 4
    for code in range(4):
        assert rows[bounds[code] : bounds[code + 1]].tolist() == np.flatnonzero(groups == code)[-1_250:].tolist()

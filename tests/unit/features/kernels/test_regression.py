"""Lines and correlations of nested windows against numpy and scipy, window by window."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from trimtab.features.kernels.nested import WINDOWS
from trimtab.features.kernels.regression import nested_correlations, nested_lines


def walk(n: int = 160, seed: int = 3, level: float = 100.0) -> np.ndarray:
    return level * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0, 0.01, n)))


@pytest.mark.parametrize("level", [1e-5, 100.0, 1e6])
def test_lines_equal_those_of_scipy(level: float) -> None:
    values = walk(level=level)
    _, deviation, slope, r_squared, residual = nested_lines(values)
    for k, w in enumerate(WINDOWS):
        for i in range(1, len(values)):
            window = values[max(0, i - w + 1) : i + 1]
            times = np.arange(1.0, len(window) + 1.0)
            line = stats.linregress(times, window)
            assert deviation[k, i] == pytest.approx(window.std(ddof=1), rel=1e-9)
            assert slope[k, i] == pytest.approx(line.slope, rel=1e-8, abs=1e-12 * level)
            assert r_squared[k, i] == pytest.approx(line.rvalue**2, rel=1e-7, abs=1e-9)
            away = window[-1] - (line.intercept + line.slope * times[-1])
            assert residual[k, i] == pytest.approx(away, abs=1e-11 * level)


def test_a_straight_line_is_found_exactly() -> None:
    _, _, slope, r_squared, residual = nested_lines(3.0 + 0.25 * np.arange(100.0))
    assert (slope[:, 1:] == 0.25).all()
    np.testing.assert_allclose(r_squared[:, 1:], 1.0, rtol=1e-14)
    assert (r_squared[:, 1:] <= 1.0).all()
    np.testing.assert_allclose(residual[:, 1:], 0.0, atol=1e-13)


@pytest.mark.parametrize("slope", [0.1, -0.37, 1e-7, 12_345.6])
def test_r_squared_of_a_straight_line_never_exceeds_one_by_rounding(slope: float) -> None:
    r_squared = nested_lines(100.0 + slope * np.arange(300.0))[3][:, 1:]
    assert (r_squared <= 1.0).all()
    np.testing.assert_allclose(r_squared, 1.0, rtol=1e-4 if slope == 1e-7 else 1e-12)


def test_one_row_has_no_line_and_equal_values_have_no_r_squared() -> None:
    mean, deviation, slope, r_squared, residual = nested_lines(np.full(80, 0.3))
    assert (mean == 0.3).all()
    for table in (deviation, slope, residual):
        assert np.isnan(table[:, 0]).all() and (table[:, 1:] == 0.0).all()
    assert np.isnan(r_squared).all()


@pytest.mark.parametrize("start", [1, 13, 64])
def test_a_line_has_the_same_bits_wherever_history_begins_and_whatever_follows(start: int) -> None:
    values = walk()
    long = nested_lines(values)
    for of_long, of_later, of_earlier in zip(
        long, nested_lines(values[start:]), nested_lines(values[:start]), strict=True
    ):
        np.testing.assert_array_equal(of_earlier, of_long[:, :start])
        for k, w in enumerate(WINDOWS):
            np.testing.assert_array_equal(of_later[k, w - 1 :], of_long[k, start + w - 1 :])


@pytest.mark.parametrize("gaps", [0.0, 0.02, 0.6, 1.0])
def test_correlations_equal_those_of_numpy_over_the_rows_known_on_both_sides(gaps: float) -> None:
    rng = np.random.default_rng(5)
    x, y = walk(), rng.normal(size=160)
    x[rng.random(160) < gaps / 2], y[rng.random(160) < gaps] = np.nan, np.nan
    found = nested_correlations(x, y, 0.0)
    for k, w in enumerate(WINDOWS):
        for i in range(160):
            a, b = x[max(0, i - w + 1) : i + 1], y[max(0, i - w + 1) : i + 1]
            both = ~np.isnan(a) & ~np.isnan(b)
            expected = np.corrcoef(a[both], b[both])[0, 1] if both.sum() > 1 else np.nan
            assert found[k, i] == pytest.approx(expected, abs=1e-9, nan_ok=True)


def test_a_side_that_hardly_moves_has_no_correlation() -> None:
    x = np.where(np.arange(100) % 2 == 0, 1.0, 1.0 + 2e-5)
    y = np.random.default_rng(0).normal(size=100)
    assert np.isnan(nested_correlations(x, y, 2e-5)).all()
    assert np.isnan(nested_correlations(y, x, 2e-5)).all()
    assert not np.isnan(nested_correlations(x, y, 1e-5)[-1, 5:]).any()


def test_a_side_is_judged_by_all_of_its_own_values_even_those_without_a_partner() -> None:
    x = np.array([1.0, 1.0, 1.0, 9.0])
    y = np.array([1.0, 2.0, 3.0, np.nan])
    assert np.isnan(nested_correlations(x, y, 0.0)[0]).all()  # x moves only where y is missing: 0 / 0
    x[1] = 1.0 + 1e-6
    assert np.isnan(nested_correlations(x, y, 2e-5)[0, 2])  # still among the known pairs
    assert nested_correlations(x, y, 2e-5)[0, 3] == pytest.approx(0.0, abs=1e-6)  # moves, by the row without a partner


def test_a_side_that_hardly_moves_has_no_correlation_around_a_missing_row_either() -> None:
    x, y = np.array([1.0, 1.0 + 1e-6, 1.0, 1.0 + 1e-6]), np.array([1.0, 2.0, np.nan, 3.0])
    assert np.isnan(nested_correlations(x, y, 2e-5)[:, 3]).all()
    assert np.isnan(nested_correlations(y, x, 2e-5)[:, 3]).all()
    assert (nested_correlations(x, y, 1e-8)[:, 3] > 0.8).all()


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_perfect_correlation_is_one_and_never_more(sign: float) -> None:
    x = walk()
    found = nested_correlations(x, sign * (7.0 - 3.0 * x), 0.0)[:, 1:]
    assert (np.abs(found) <= 1.0).all()
    np.testing.assert_allclose(found, -sign, rtol=1e-12)

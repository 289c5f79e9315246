"""Sums, means, deviations and extremes of nested windows against each window computed by itself."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from trimtab.features.kernels.nested import (
    WINDOWS,
    nested_highest,
    nested_lowest,
    nested_means,
    nested_products,
    nested_spread,
    nested_sums,
)

LENGTHS = (0, 1, 2, 4, 5, 6, 9, 10, 11, 19, 20, 29, 30, 31, 59, 60, 61, 200)


def hard_values(kind: str, n: int = 200) -> np.ndarray:
    """Values that are easy to get wrong: ties, zeros of both signs, a large level, steps, magnitudes far apart."""
    rng = np.random.default_rng(8)
    return {
        "walk": 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, n))),
        "ties": rng.normal(size=n).round(1),
        "both zeros": rng.choice([-0.0, 0.0, 1.0, -1.0], n),
        "large level": 1e9 + rng.normal(size=n),
        "steps": np.repeat(rng.normal(size=n // 40), 40)[:n],
        "far apart": rng.normal(size=n) * 10.0 ** rng.integers(-30, 30, n),
    }[kind]


KINDS = ("walk", "ties", "both zeros", "large level", "steps", "far apart")


def by_window(values: np.ndarray, function: Callable[[np.ndarray], float]) -> np.ndarray:
    """`function` of every window of every length, the rows there are before it is full."""
    rows = range(len(values))
    return np.array([[function(values[max(0, i - w + 1) : i + 1]) for i in rows] for w in WINDOWS])


def exact_deviation(window: np.ndarray) -> float:
    """Sample standard deviation in fractions, rounded once at the end."""
    given = [Fraction(float(value)) for value in window]
    mean = sum(given) / len(given)
    return float(sum((value - mean) ** 2 for value in given) / (len(given) - 1)) ** 0.5 if len(given) > 1 else np.nan


@pytest.mark.parametrize("kind", KINDS)
def test_sums_and_means_are_those_of_each_window(kind: str) -> None:
    values = hard_values(kind)
    size = by_window(np.abs(values), np.sum)
    assert (np.abs(nested_sums(values) - by_window(values, np.sum)) <= 1e-14 * size).all()
    assert (np.abs(nested_means(values) - by_window(values, np.mean)) <= 1e-14 * size).all()


@pytest.mark.parametrize("kind", KINDS)
def test_deviations_equal_those_computed_in_fractions(kind: str) -> None:
    values = hard_values(kind)
    _, deviation = nested_spread(values)
    np.testing.assert_allclose(
        deviation, by_window(values, exact_deviation), rtol=1e-7 if kind == "large level" else 1e-13
    )


def test_products_are_sums_of_products_of_distances_from_the_means() -> None:
    x, y = hard_values("walk"), hard_values("ties")
    found = nested_products(x, nested_means(x), y, nested_means(y))
    for k, w in enumerate(WINDOWS):
        for i in (0, 1, 3, w - 2, w - 1, w, 199):
            a, b = x[max(0, i - w + 1) : i + 1], y[max(0, i - w + 1) : i + 1]
            assert found[k, i] == pytest.approx(((a - a.mean()) * (b - b.mean())).sum(), rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_highest_and_lowest_and_their_places_are_exact_and_the_oldest_of_equals_counts(kind: str) -> None:
    values = hard_values(kind)
    highest, place_of_highest = nested_highest(values)
    lowest, place_of_lowest = nested_lowest(values)
    np.testing.assert_array_equal(highest, by_window(values, np.max))
    np.testing.assert_array_equal(lowest, by_window(values, np.min))
    np.testing.assert_array_equal(place_of_highest, by_window(values, lambda window: np.argmax(window) + 1.0))
    np.testing.assert_array_equal(place_of_lowest, by_window(values, lambda window: np.argmin(window) + 1.0))


@pytest.mark.parametrize("value", [0.1 + 0.2, 1e-5, 12_345.678])
def test_equal_values_have_exactly_their_mean_and_no_deviation(value: float) -> None:
    mean, deviation = nested_spread(np.full(150, value))
    assert (mean == value).all()
    assert np.isnan(deviation[:, 0]).all() and (deviation[:, 1:] == 0.0).all()


TABLES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sums": nested_sums,
    "means": nested_means,
    "deviations": lambda values: nested_spread(values)[1],
    "highest": lambda values: nested_highest(values)[0],
    "place of the highest": lambda values: nested_highest(values)[1],
    "lowest": lambda values: nested_lowest(values)[0],
}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("n", LENGTHS)
def test_the_past_keeps_its_bits_whatever_follows(table: str, n: int) -> None:
    values = hard_values("walk")
    np.testing.assert_array_equal(TABLES[table](values[:n]), TABLES[table](values)[:, :n])


@pytest.mark.parametrize("table", TABLES)
def test_a_full_window_has_the_same_bits_wherever_history_begins(table: str) -> None:
    values = hard_values("walk")
    long = TABLES[table](values)
    for start in (1, 7, 64, 101):
        short = TABLES[table](values[start:])
        for k, w in enumerate(WINDOWS):
            np.testing.assert_array_equal(short[k, w - 1 :], long[k, start + w - 1 :])


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("row", [0, 3, 100])
def test_a_missing_value_makes_its_windows_unknown_and_leaves_with_them(table: str, row: int) -> None:
    values = hard_values("walk")
    values[row] = np.nan
    unknown = np.isnan(TABLES[table](values))
    for k, w in enumerate(WINDOWS):
        expected = np.zeros(200, bool)
        expected[row : row + w] = True
        expected[0] |= table == "deviations"
        np.testing.assert_array_equal(unknown[k], expected)

"""From what Yahoo shows back to what was traded: exact for prices that were whole cents."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.bars.sources.yahoo.prices import as_traded, clean, split_level

DAYS = np.arange("2020-01-01", "2020-01-11", dtype="datetime64[D]")


def shown(traded: np.ndarray, level: float) -> np.ndarray:
    """What Yahoo makes of prices: divided, rounded to six decimals, kept in single precision."""
    return np.round(traded / level, 6).astype(np.float32).astype(np.float64)


@settings(max_examples=300, deadline=None)
@given(
    cents=st.lists(st.integers(100, 9_999_99), min_size=1, max_size=20),
    ratios=st.lists(st.sampled_from([2.0, 3.0, 1.5, 4.0, 7.0, 0.1, 0.125, 10.0]), max_size=3),
)
def test_prices_in_cents_come_back_exactly_whatever_splits_followed(cents: list[int], ratios: list[float]) -> None:
    level = float(np.prod(ratios))
    traded = np.array(cents) / 100.0
    if (traded / level).min() < 1.0:  # six decimals of less than a dollar are too few digits for the cents
        traded = traded + level
        traded = np.round(traded, 2)
    np.testing.assert_array_equal(as_traded(shown(traded, level), np.full(len(traded), level)), traded)


def test_another_split_does_not_change_what_was_traded() -> None:
    rng = np.random.default_rng(3)
    traded = np.round(rng.lognormal(5, 0.5, 5_000), 2)
    before, after = (as_traded(shown(traded, level), np.full(5_000, level)) for level in (7.0, 28.0))
    np.testing.assert_array_equal(before, after)


def test_plain_rounding_to_seven_digits_would_not_be_enough() -> None:
    traded = np.round(np.random.default_rng(3).lognormal(5, 0.5, 5_000), 2)
    seven = np.array([float(f"{value:.7g}") for value in shown(traded, 28.0) * 28.0])
    assert (seven != traded).mean() > 0.1


def test_single_precision_alone_becomes_the_decimal_that_was_meant() -> None:
    values = np.array([19.59, 0.988, 745_000.5, 97_123.45, 1.23456e-5, 123.4567])
    np.testing.assert_array_equal(as_traded(values.astype(np.float32).astype(float), np.ones(6)), values)


def test_prices_from_before_decimal_quotes_come_back() -> None:
    # Apple's first close, 28 3/4, after splits of 2, 2, 2, 7 and 4.
    assert as_traded(np.array([float(np.float32(0.128348))]), np.array([224.0])).tolist() == [28.75]


def test_what_is_no_number_stays_what_it_is() -> None:
    values = np.array([np.nan, np.inf, 0.0, -1.25])
    np.testing.assert_array_equal(as_traded(values, np.ones(4)), values)
    np.testing.assert_array_equal(clean(np.array([np.pi]), np.zeros(1)), [np.pi])


def test_the_level_is_the_product_of_the_splits_to_come() -> None:
    split_days, ratios = DAYS[[7, 3]], np.array([0.5, 4.0])  # in any order
    naive = [np.prod([r for d, r in zip(split_days, ratios, strict=True) if d > day]) for day in DAYS]
    np.testing.assert_array_equal(split_level(DAYS, split_days, ratios), naive)
    of_the_old_share = [np.prod([r for d, r in zip(split_days, ratios, strict=True) if d >= day]) for day in DAYS]
    np.testing.assert_array_equal(split_level(DAYS, split_days, ratios, on_the_day=True), of_the_old_share)


@pytest.mark.parametrize("on_the_day", [False, True])
def test_without_splits_every_share_is_one_share(on_the_day: bool) -> None:
    assert split_level(DAYS, DAYS[:0], np.empty(0), on_the_day=on_the_day).tolist() == [1.0] * 10

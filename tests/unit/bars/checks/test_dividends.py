"""Told dividends against prices and one another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.dividend_payers import paying, revalued
from scipy.stats import norm, t

from trimtab.bars.actions.schema import Actions
from trimtab.bars.checks import CheckLimits
from trimtab.bars.checks.dividends import _of_price, _of_share, check_dividends, payments_of
from trimtab.bars.schema import Bars

LIMITS = CheckLimits()
ROWS = [60, 120, 180, 240]
SHARES = [0.012, 0.013, 0.012, 0.014]


def found(bars: Bars, actions: Actions) -> list[tuple[str, int]]:
    return [(finding.check, finding.index) for finding in check_dividends(bars, actions, LIMITS)]


def test_ordinary_dividends_are_no_finding() -> None:
    assert found(*paying(ROWS, SHARES)) == []


@pytest.mark.parametrize("share", [0.0008, 0.15, 0.4])
def test_a_small_or_special_dividend_that_the_price_confirms_is_none_either(share: float) -> None:
    assert found(*paying(ROWS, [0.012, share, 0.012, 0.014])) == []


@pytest.mark.parametrize("by", [100.0, 0.01])
def test_one_dividend_a_hundred_times_off_is_named(by: float) -> None:
    bars, actions = paying(ROWS, SHARES)
    assert found(bars, revalued(actions, 1, by)) == [("dividend_unit_error", ROWS[1])]


@pytest.mark.parametrize("by", [100.0, 0.01])
def test_all_dividends_a_hundred_times_off_are_named(by: float) -> None:
    bars, actions = paying(ROWS, SHARES)
    wrong = replace(actions, value=actions.value * by)
    assert found(bars, wrong) == [("dividend_unit_error", row) for row in ROWS]


def test_dividends_that_vary_much_are_no_unit_error() -> None:
    assert found(*paying(ROWS, [0.026, 0.0004, 0.027, 0.0001])) == []


@pytest.mark.parametrize(("days", "n"), [(1, 2), (5, 2), (6, 0)])
def test_a_dividend_told_twice_within_days_is_named_both_times(days: int, n: int) -> None:
    bars, actions = paying([120], [0.012])
    again = Actions.build(
        "AAA", bars.event_time[[120, 120 + days]], ["dividend", "dividend"], np.repeat(actions.value, 2)
    )
    assert found(bars, again) == [("duplicate_dividend", 120), ("duplicate_dividend", 120 + days)][:n]


def test_an_ordinary_and_a_special_dividend_within_days_are_two() -> None:
    assert found(*paying([120, 122], [0.012, 0.016])) == []


def test_the_likelihoods_are_those_of_scipy() -> None:
    payments = payments_of(*paying(ROWS, SHARES), LIMITS)
    for scale in (1.0, 0.01):
        error = (payments.fell - payments.median - np.log(1 - payments.share * scale)) / payments.sigma
        expected = t.logpdf(error, 3) - t.logpdf(0.0, 3)
        np.testing.assert_allclose(_of_price(payments, scale), expected, atol=1e-12)
    expected = norm.logpdf(np.log(payments.share), np.log(0.01), 1.5) - norm.logpdf(0.0, 0.0, 1.5)
    np.testing.assert_allclose(_of_share(payments.share), expected, atol=1e-12)


def test_a_dividend_outside_the_bars_says_nothing() -> None:
    bars, actions = paying([120], [0.012])
    outside = Actions.build(
        "AAA", np.array(["2019-01-01", "2030-01-01"], "M8[us]"), ["dividend"] * 2, np.repeat(actions.value * 100, 2)
    )
    assert found(bars, outside) == []

"""Wilson's interval is that of scipy, and the cases it counts are those that say something new."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import binomtest, norm

from trimtab.validation.mean_interval import mean_interval
from trimtab.validation.share_interval import Share, effective_cases, is_rare, mean_share_interval, wilson_interval


def of(hits: np.ndarray, n_instruments: int = 1) -> Share:
    return Share(hits * n_instruments, np.full(len(hits), float(n_instruments)))


@pytest.mark.parametrize(("hits", "n"), [(0, 7), (3, 60), (59, 60), (250, 250)])
def test_ends_are_those_of_statsmodels(hits: int, n: int) -> None:
    for confidence in (0.9, 0.95):
        theirs = binomtest(hits, n).proportion_ci(confidence, method="wilson")
        assert wilson_interval(hits / n, n, confidence) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_a_side_with_cases_at_fewer_than_twenty_times_is_rare() -> None:
    right = np.ones(400)
    right[:19] = 0.0
    assert is_rare([of(right)]) and is_rare([of(1.0 - right)]) and is_rare([of(right, 10)])
    right[19] = 0.0
    assert not is_rare([of(right)])


def test_instruments_that_move_as_one_are_worth_one() -> None:
    right = np.ones(400)
    right[::40] = 0.0
    assert effective_cases(of(right), 1) == pytest.approx(400.0)
    assert effective_cases(of(right, 10), 1) == pytest.approx(400.0)


def test_a_spell_of_misses_is_worth_less_than_as_many_that_are_scattered() -> None:
    scattered, spell = np.ones(400), np.ones(400)
    scattered[::40], spell[100:110] = 0.0, 0.0
    assert effective_cases(of(scattered), 10) > 3.0 * effective_cases(of(spell), 10)


def test_without_a_case_there_is_no_interval() -> None:
    assert np.isnan(mean_share_interval([Share(np.zeros(30), np.zeros(30))], 1, 0.95)).all()


@pytest.mark.parametrize("persistence", [0.0, 0.5])
def test_the_interval_of_a_share_near_one_holds_it_about_as_often_as_it_says(persistence: float) -> None:
    """Of 250 decisions two or three are wrong, close together where they persist; the bootstrap alone holds 66 of 100."""
    n, repetitions, held = 250, 300, 0
    for k in range(repetitions):
        shocks = np.random.default_rng([11, k]).normal(size=n + 50) * np.sqrt(1.0 - persistence**2)
        right = lfilter([1.0], [1.0, -persistence], shocks)[50:] < norm.ppf(0.99)
        found = mean_interval(right.astype(float), np.arange(n), seed=k)
        held += found.low <= 0.99 <= found.high
    assert 0.91 <= held / repetitions <= 0.99

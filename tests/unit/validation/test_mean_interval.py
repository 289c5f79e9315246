"""The interval of a mean over forecasts."""

from __future__ import annotations

import numpy as np
import pytest

from trimtab.validation.mean_interval import mean_interval


def test_the_value_is_the_mean_of_all_rows_that_say_something() -> None:
    values = np.random.default_rng(2).permutation(np.array([1.0, 0.0, np.nan, 1.0] * 30))
    found = mean_interval(values, np.repeat(np.arange(60), 2), seed=0)
    assert found.value == 2.0 / 3.0
    assert found.low < 2.0 / 3.0 < found.high


def test_an_interval_of_shares_stays_between_0_and_1() -> None:
    nearly_all = np.ones(60)
    nearly_all[7:9] = 0.0
    found = mean_interval(nearly_all, np.arange(60), seed=0)
    assert nearly_all.mean() < found.high < 1.0  # two of sixty are wrong: the truth may be nearer, but is not 1
    assert mean_interval(nearly_all - 1.0, np.arange(60), seed=0, lowest=-1.0).low < -0.03


def test_a_share_of_which_all_are_right_is_not_certain() -> None:
    found = mean_interval(np.ones(60), np.arange(60), seed=0)
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(60 / (60 + 1.959964**2))  # Wilson's, in closed form


def test_a_constant_that_is_no_share_has_a_point() -> None:
    found = mean_interval(np.full(60, 0.5), np.arange(60), seed=0)
    assert (found.low, found.high) == (0.5, 0.5)


def test_alike_instruments_are_no_further_evidence() -> None:
    once = (np.random.default_rng(1).random(300) < 0.5).astype(float)
    alone = mean_interval(once, np.arange(300), seed=0)
    copied = mean_interval(np.repeat(once, 8), np.repeat(np.arange(300), 8), seed=0)
    assert np.isclose(copied.high - copied.low, alone.high - alone.low)


def test_nothing_to_say_has_no_mean() -> None:
    found = mean_interval(np.full(5, np.nan), np.arange(5), seed=0)
    assert np.isnan([found.value, found.low, found.high]).all()
    assert found.n_times == 0

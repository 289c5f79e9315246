from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.metrics.drawdown import drawdown_table, drawdowns, longest_drawdown, max_drawdown, ulcer_index

RANDOM = np.random.default_rng(5).normal(0.0005, 0.01, 700)
some_returns = st.lists(st.sampled_from([-0.2, -0.1, 0.0, 0.05, 0.1, 0.3, np.nan]), max_size=40)


def test_drawdowns_equal_pandas() -> None:
    curve = pd.Series(1.0 + RANDOM).cumprod()
    expected = curve / np.maximum(curve.cummax(), 1.0) - 1.0
    np.testing.assert_allclose(drawdowns(RANDOM), expected, atol=1e-12)


@given(some_returns, st.booleans())
def test_the_table_holds_every_period_under_water_once(returns: list[float], compounding: bool) -> None:
    depth = drawdowns(returns, compounding)
    table = drawdown_table(returns, compounding=compounding)
    covered = sorted(period for each in table for period in range(each.start, each.end + 1))
    assert covered == np.flatnonzero(depth < 0.0).tolist()
    assert [each.depth for each in table] == sorted(each.depth for each in table)
    for each in table:
        assert each.depth == depth[each.trough] == depth[each.start : each.end + 1].min()
        assert each.length == each.end - each.start + 1
        assert each.is_recovered == (each.end < len(returns) - 1)


def test_the_deepest_of_the_table_is_the_maximum_drawdown() -> None:
    (deepest,) = drawdown_table(RANDOM, n_deepest=1)
    assert deepest.depth == max_drawdown(RANDOM) == drawdowns(RANDOM)[deepest.trough]
    assert longest_drawdown(RANDOM) == max(each.length for each in drawdown_table(RANDOM))


def test_an_account_that_only_rises_was_never_under_water() -> None:
    assert drawdown_table([0.1, 0.0, 0.2]) == ()
    assert longest_drawdown([0.1, 0.0, 0.2]) == 0.0
    assert ulcer_index([0.1, 0.0, 0.2]) == 0.0


def test_a_loss_in_the_first_period_is_a_drawdown_from_the_start() -> None:
    (only,) = drawdown_table([-0.5, 0.1])
    assert (only.start, only.trough, only.end, only.is_recovered) == (0, 0, 1, False)


def test_the_ulcer_index_of_one_steady_depth_is_that_depth() -> None:
    assert ulcer_index([-0.2] + [0.0] * 99) == pytest.approx(0.2)
    assert ulcer_index([-0.2] + [0.0] * 99, ddof=1) == pytest.approx(0.2 * np.sqrt(100 / 99))
    assert ulcer_index([-0.2, -0.2], compounding=False) == pytest.approx(np.sqrt((0.2**2 + 0.4**2) / 2))

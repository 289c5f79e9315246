from __future__ import annotations

import empyrical
import numpy as np
import pytest

from trimtab.backtest.comparison import MAX_CELLS, against_benchmark
from trimtab.metrics.relative import excess_return
from trimtab.validation.bootstrap import block_bootstrap_mean


def two(n: int = 500, edge: float = 0.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A market, and an account that follows it by 0.6 and earns `edge` a bar besides."""
    random = np.random.default_rng(seed)
    market = random.normal(0.0004, 0.01, n)
    return 0.6 * market + edge + random.normal(0.0, 0.004, n), market


def test_measures_equal_empyrical() -> None:
    own, market = two()
    found = against_benchmark(own, market, periods_per_year=252, seed=1)
    alpha, beta = empyrical.alpha_beta_aligned(own, market, annualization=252)
    assert (found.alpha, found.beta) == (pytest.approx(alpha, rel=1e-9), pytest.approx(beta, rel=1e-9))
    assert found.information_ratio == pytest.approx(empyrical.excess_sharpe(own, market) * np.sqrt(252), rel=1e-9)
    assert found.up_capture == pytest.approx(empyrical.up_capture(own, market), rel=1e-9)
    assert found.down_capture == pytest.approx(empyrical.down_capture(own, market), rel=1e-9)


def test_the_difference_is_judged_by_the_paired_block_bootstrap() -> None:
    own, market = two(edge=0.001)
    found, test = (
        against_benchmark(own, market, periods_per_year=252, seed=1),
        block_bootstrap_mean(own - market, seed=1),
    )
    assert found.p_value == test.p_value < 0.05
    assert found.excess_return_sum == pytest.approx(test.mean * 252)
    assert (found.excess_return_sum_low, found.excess_return_sum_high) == pytest.approx(
        (test.ci_low * 252, test.ci_high * 252)
    )
    assert found.excess_return_sum_low < found.excess_return_sum < found.excess_return_sum_high


def test_the_same_account_is_not_better_than_itself() -> None:
    own, _ = two()
    found = against_benchmark(own, own, periods_per_year=252, seed=1)
    assert (found.p_value, found.excess_return_sum) == (1.0, 0.0)
    assert found.beta == pytest.approx(1.0)
    assert np.isnan(found.information_ratio)


def test_bars_in_which_a_return_is_unknown_are_left_out() -> None:
    own, market = two(300)
    holed, short = own.copy(), market.copy()
    holed[7], short[200] = np.nan, np.nan
    kept = np.delete(np.arange(300), [7, 200])
    found = against_benchmark(holed, short, periods_per_year=252, seed=1)
    assert found.n_bars == 298
    assert found == against_benchmark(own[kept], market[kept], periods_per_year=252, seed=1)


def test_a_long_series_is_judged_by_sums_of_neighbours_and_says_the_same() -> None:
    own, market = two(MAX_CELLS * 3 + 1, edge=0.0)
    found = against_benchmark(own, market, periods_per_year=252, seed=1)
    whole = block_bootstrap_mean(own - market, seed=1)
    assert found.excess_return_sum == pytest.approx((own - market).mean() * 252)
    width = (found.excess_return_sum_high - found.excess_return_sum_low) / (whole.ci_high - whole.ci_low) / 252
    assert 0.85 < width < 1.15
    assert found.block_length >= 3.0


def test_too_few_bars_are_evidence_of_nothing() -> None:
    own, market = two(10)
    found = against_benchmark(own, market, periods_per_year=252, seed=1)
    assert np.isnan([found.p_value, found.excess_return_sum_low, found.excess_return_sum_high]).all()
    assert found.to_json()["p_value"] is None


def test_an_account_whose_every_return_is_unknown_is_compared_with_nothing() -> None:
    found = against_benchmark(np.full(30, np.nan), np.zeros(30), periods_per_year=252, seed=1)
    assert found.to_json() == dict.fromkeys(found.to_json()) | {"n_bars": 0}


def test_the_name_of_the_mean_difference_is_not_that_of_the_difference_of_annual_returns() -> None:
    own, market = two()
    found = against_benchmark(own, market, periods_per_year=252, seed=1).to_json()
    assert "excess_return" not in found
    assert found["excess_return_sum"] == pytest.approx(excess_return(own, market, 252, compounding=False))
    assert found["excess_return_sum"] != pytest.approx(excess_return(own, market, 252))

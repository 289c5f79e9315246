from __future__ import annotations

import json
import math
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import linregress, rankdata

from trimtab.errors import ConfigurationError, DatasetError, NotEnoughDataError, UnknownNameError
from trimtab.validation.backtest_overfitting import backtest_overfitting

NOISE = np.random.default_rng(0).normal(0.0, 0.01, size=(400, 6))


def by_hand(
    returns: np.ndarray,
    n_blocks: int,
    spread: Callable[[np.ndarray], np.ndarray] = lambda part: part.std(axis=0, ddof=1),
) -> tuple[list[float], list[float], list[float]]:
    """Cut by cut, with loops and scipy's ranks: Sharpe ratio inside and outside, and logit, of the chosen trial."""
    blocks = np.split(returns[: len(returns) // n_blocks * n_blocks], n_blocks)
    inside, outside, logits = [], [], []
    for half in combinations(range(n_blocks), n_blocks // 2):
        seen = np.concatenate([blocks[b] for b in half])
        unseen = np.concatenate([blocks[b] for b in range(n_blocks) if b not in half])
        scores = [part.mean(axis=0) / spread(part) for part in (seen, unseen)]
        best = int(np.argmax(scores[0]))
        share = rankdata(scores[1])[best] / (returns.shape[1] + 1)
        inside.append(scores[0][best])
        outside.append(scores[1][best])
        logits.append(math.log(share / (1 - share)))
    return inside, outside, logits


@pytest.mark.parametrize("n_blocks", [4, 8, 10])
def test_every_cut_equals_the_calculation_by_hand(n_blocks: int) -> None:
    returns = NOISE + np.array(
        [0.0, 0.0, 0.001, 0.0, 5.0, -5.0]
    )  # two of them far from zero, so that digits would be lost
    returns[:, 4] -= 5.0
    returns = np.column_stack([returns, returns[:, 2]])  # and the one that is mostly chosen comes twice
    inside, outside, logits = by_hand(returns, n_blocks)
    found = backtest_overfitting(returns, n_blocks=n_blocks, n_resamples=0)
    assert found.logits == pytest.approx(np.array(logits), abs=1e-12)
    assert found.pbo == np.mean(np.array(logits) <= 0)
    assert found.probability_of_loss == np.mean(np.array(outside) < 0)
    line = linregress(inside, outside)
    assert (found.slope, found.r_squared) == (
        pytest.approx(line.slope, rel=1e-6),
        pytest.approx(line.rvalue**2, rel=1e-6),
    )
    assert found.n_combinations == math.comb(n_blocks, n_blocks // 2)
    assert math.isnan(found.low) and math.isnan(found.high)


@pytest.mark.parametrize("n_blocks", [8, 16])
def test_the_49_trials_of_the_reference_file(shared_data: Path, n_blocks: int) -> None:
    expected = json.loads((shared_data / "reference" / "sharpe_expected.json").read_text())["real_example"]
    trials = pd.read_parquet(shared_data / "reference" / "sharpe_trials_spy_ma.parquet").drop(columns="ts").to_numpy()
    found = backtest_overfitting(trials, n_blocks=n_blocks, n_resamples=0)
    assert found.pbo == pytest.approx(expected[f"pbo_S{n_blocks}"], abs=1e-12)
    assert found.probability_of_loss == pytest.approx(expected[f"prob_oos_loss_S{n_blocks}"], abs=1e-12)
    assert found.n_rows == expected[f"rows_used_S{n_blocks}"]
    assert f"{found.pbo:.4f}" == {8: "0.6857", 16: "0.6647"}[n_blocks]


def test_trials_with_the_same_mean_over_all_rows_are_overfit_in_every_cut() -> None:
    """The vignette of the R package pbo: what is gained in one half is lost in the other, whatever the seed."""
    for seed in range(3):
        noise = np.random.default_rng(seed).normal(size=(2400, 100))
        scaled = (noise - noise.mean(axis=0)) / noise.std(axis=0, ddof=1) / math.sqrt(252) - 0.03 / 252
        found = backtest_overfitting(scaled, n_blocks=8, n_resamples=0)
        assert (found.pbo, found.probability_of_loss) == (1.0, 1.0)
        assert -1.0 < found.slope < -0.94
        assert 0.96 < found.r_squared < 0.99


def test_noise_gives_about_a_half_and_skill_nearly_nothing() -> None:
    noise, skilled = [], []
    for seed in range(30):
        returns = np.random.default_rng(seed).normal(0.0, 0.01, size=(1000, 100))
        noise.append(backtest_overfitting(returns, n_blocks=8, n_resamples=0).pbo)
        returns[:, 0] += 3.0 / math.sqrt(252) * 0.01
        skilled.append(backtest_overfitting(returns, n_blocks=8, n_resamples=0).pbo)
    assert 0.38 < np.mean(noise) < 0.53 and 0.10 < np.std(noise) < 0.22  # 0.451 and 0.163 in an independent run
    assert np.mean(skilled) < 0.08  # 0.031 there


def test_the_interval_holds_the_number_repeats_itself_and_is_wide_on_noise() -> None:
    first, again = (backtest_overfitting(NOISE, seed=4, n_resamples=60) for _ in range(2))
    assert first == again
    assert first.low <= first.pbo <= first.high
    assert first.high - first.low > 0.2
    assert backtest_overfitting(NOISE, seed=5, n_resamples=60) != first


def test_the_interval_of_a_skilled_trial_stays_away_from_a_half() -> None:
    returns = NOISE.copy()
    returns[:, 2] += 0.003
    found = backtest_overfitting(returns, seed=1, n_resamples=60)
    assert found.high < 0.3


def test_a_trial_that_never_trades_is_neither_good_nor_bad() -> None:
    losing = NOISE - 0.004
    found = backtest_overfitting(np.column_stack([losing, np.zeros(400)]), n_blocks=8, n_resamples=0)
    assert (found.pbo, found.probability_of_loss) == (0.0, 0.0)  # chosen everywhere, best everywhere
    assert math.isnan(found.slope)


def test_a_trial_that_pays_the_same_in_every_period_is_not_infinitely_good() -> None:
    found = backtest_overfitting(np.column_stack([NOISE + 0.004, np.full(400, 1e-4)]), n_blocks=8, n_resamples=0)
    alone = backtest_overfitting(NOISE + 0.004, n_blocks=8, n_resamples=0)
    assert found.slope == pytest.approx(alone.slope)  # the same ones are chosen
    assert found.pbo <= alone.pbo


def test_by_mean_return_risk_does_not_count() -> None:
    returns = NOISE * np.array([1.0, 1.0, 1.0, 1.0, 1.0, 10.0])
    _, _, logits = by_hand(returns, 8, spread=lambda part: np.ones(part.shape[1]))
    found = backtest_overfitting(returns, n_blocks=8, n_resamples=0, statistic="mean_return")
    assert found.logits == pytest.approx(np.array(logits), abs=1e-12)
    assert found.pbo != backtest_overfitting(returns, n_blocks=8, n_resamples=0).pbo


def test_many_trials_are_judged_in_parts_with_the_same_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = backtest_overfitting(NOISE, n_blocks=8, n_resamples=5)
    monkeypatch.setattr("trimtab.validation.backtest_overfitting._AT_ONCE", 50)
    parts = backtest_overfitting(NOISE, n_blocks=8, n_resamples=5)
    assert parts == whole and np.array_equal(parts.logits, whole.logits)


def test_what_cannot_be_judged_is_refused_in_one_sentence() -> None:
    with pytest.raises(NotEnoughDataError, match="31 periods cannot be cut into 16 blocks"):
        backtest_overfitting(NOISE[:31])
    with pytest.raises(NotEnoughDataError, match="two trials whose returns differ"):
        backtest_overfitting(NOISE[:, :1])
    with pytest.raises(NotEnoughDataError, match="two trials whose returns differ"):
        backtest_overfitting(NOISE[:, [0, 0, 0]])
    with pytest.raises(ConfigurationError, match="n_blocks is 7"):
        backtest_overfitting(NOISE, n_blocks=7)
    with pytest.raises(ConfigurationError, match="n_blocks is 22"):
        backtest_overfitting(NOISE, n_blocks=22)
    with pytest.raises(DatasetError, match="without NaN"):
        backtest_overfitting(np.where(NOISE > 0.02, np.nan, NOISE))
    with pytest.raises(DatasetError, match=r"shape \(400,\)"):
        backtest_overfitting(NOISE[:, 0])
    with pytest.raises(UnknownNameError, match="statistic"):
        backtest_overfitting(NOISE, statistic="sortino")  # type: ignore[arg-type]

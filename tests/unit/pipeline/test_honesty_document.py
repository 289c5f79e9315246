from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from trimtab.metrics.sharpe import deflated_sharpe_ratio, sharpe_sample
from trimtab.pipeline.honesty_document import honesty_document
from trimtab.pipeline.trial_evidence import weigh_trials
from trimtab.pipeline.trial_returns import TrialReturns
from trimtab.registry.trials import Trial

RANDOM = np.random.default_rng(8)
RETURNS = RANDOM.normal(0.001, 0.01, 400)
TRIALS = RANDOM.normal(0.0002, 0.01, size=(500, 6))


def group(returns: np.ndarray, period: str) -> TrialReturns:
    trials = tuple(Trial("s", n, "mine", "d" * 64, "direction:1", "linear", {}, 0.1) for n in range(returns.shape[1]))
    return TrialReturns(period, trials, np.arange(len(returns)), returns, returns[:, 0] * 0.5)


def told(returns: np.ndarray, *groups: TrialReturns, n_unknown: int = 0, held: float | None = 0.4) -> dict[str, Any]:
    by_source = [{"study": "s", "kind": "tuning", "dataset": "d", "n": 6}]
    found = honesty_document(returns, 252.0, held, weigh_trials(groups, n_unknown, seed=1), by_source)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    return found


def test_a_strategy_that_searched_nothing_made_one_trial() -> None:
    found = told(RETURNS, group(RETURNS[:, None], "walk_forward"))
    assert (found["trials"]["n_trials"], found["trials"]["n_effective"]) == (1, 1)
    for convention in ("classic", "null_variance"):
        assert found["deflated_sharpe_ratio"][convention] == found["probabilistic_sharpe_ratio"][convention]
    assert found["deflated_sharpe_ratio"]["expected_max_sharpe_annual"] == 0.0
    assert found["notes"][0].startswith("One trial was made")


def test_the_numbers_are_those_of_the_formulas_on_the_trials_given() -> None:
    found = told(RETURNS, group(TRIALS, "tuning"), group(RETURNS[:, None], "walk_forward"))
    sample, std = sharpe_sample(RETURNS), (TRIALS.mean(axis=0) / TRIALS.std(axis=0, ddof=1)).std(ddof=1)
    assert found["trials"]["n_effective"] == 7
    expected = deflated_sharpe_ratio(
        sample.ratio, 400, sample.skew, sample.kurtosis, n_trials=7, sharpe_std=std, convention="null_variance"
    )
    assert found["deflated_sharpe_ratio"]["null_variance"] == pytest.approx(expected)
    assert found["sharpe"]["annual"] == pytest.approx(sample.ratio * math.sqrt(252))
    assert found["trials"]["sharpe_std_annual"] == pytest.approx(std * math.sqrt(252))
    assert found["backtest_overfitting"]["n_trials"] == 6


def test_a_losing_account_is_told_that_no_track_record_would_help() -> None:
    found = told(RETURNS - 0.003, group(TRIALS, "tuning"))
    assert found["minimum_track_record_length"] == {"classic": None, "null_variance": None}
    assert any("a track record of any length" in note for note in found["notes"])
    assert found["deflated_sharpe_ratio"]["classic"] < 0.01


def test_a_short_track_record_is_told_how_long_it_must_be() -> None:
    found = told(RETURNS[:60], group(TRIALS, "tuning"))
    needed = found["minimum_track_record_length"]["classic"]
    assert needed > 60
    assert any(f"has 60 bars; one with this Sharpe ratio needs {needed:,.0f}" in note for note in found["notes"])


def test_an_account_that_never_varied_has_no_numbers_and_one_reason() -> None:
    found = told(np.zeros(100), group(TRIALS, "tuning"))
    assert found["sharpe"]["per_period"] is None
    assert found["probabilistic_sharpe_ratio"] == {"classic": None, "null_variance": None}
    assert found["deflated_sharpe_ratio"]["classic"] is None
    assert sum("never varied" in note for note in found["notes"]) == 1
    assert not any("Fewer than two trials" in note for note in found["notes"])


def test_the_headline_of_superior_ability_is_the_studentised_one_and_hansens_stand_beside_it() -> None:
    evidence = weigh_trials([group(TRIALS, "tuning")], 0, seed=1)
    found, shown = evidence.superior, told(RETURNS, group(TRIALS, "tuning"))["superior_ability"]
    assert found is not None and found.p_studentised != found.p_consistent
    assert shown["spa_p_value"] == found.p_studentised
    assert (shown["spa_p_lower"], shown["spa_p_consistent"], shown["spa_p_upper"]) == (
        found.p_lower, found.p_consistent, found.p_upper,
    )  # fmt: skip
    assert shown["reality_check_p_value"] == found.reality_check_p


def test_the_reader_is_told_what_the_market_did() -> None:
    assert any("had 0.40 per year" in note for note in told(RETURNS, group(TRIALS, "tuning"))["notes"])
    assert not any("above the market" in note for note in told(RETURNS, group(TRIALS, "tuning"), held=None)["notes"])
    worse = told(RETURNS, group(TRIALS - 0.01, "tuning"))
    assert worse["superior_ability"]["spa_p_value"] > 0.05
    assert any("superior predictive ability" in note for note in worse["notes"])

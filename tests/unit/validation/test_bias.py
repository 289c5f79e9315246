"""Bias by instrument and by side."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fakes.datasets import make_dataset
from fakes.out_of_sample import out_of_sample

from trimtab.validation.bias import performance_by_instrument, performance_by_side
from trimtab.validation.bootstrap import block_bootstrap_mean

NAMES = ("AAA", "BBB", "CCC", "DDD")
DATASET = make_dataset(n=1200, instruments=NAMES)


def forecasts(right: np.ndarray, target: np.ndarray = DATASET.target):  # type: ignore[no-untyped-def]
    return out_of_sample(target, value=np.where(right, target, 1.0 - target))


def test_an_instrument_below_the_rest_is_found_and_the_others_are_not() -> None:
    share = np.array([0.65, 0.65, 0.4, 0.65])[DATASET.instrument]
    right = np.random.default_rng(1).random(1200) < share
    found = performance_by_instrument(DATASET, forecasts(right), seed=0)
    assert [each.instrument_id for each in found if each.is_below_rest] == ["CCC"]
    assert found[2].accuracy == right[DATASET.instrument == 2].mean()
    others = right.reshape(300, 4)[:, [0, 1, 3]].mean()
    assert found[2].below_rest == pytest.approx(found[2].accuracy - others)
    assert found[2].low < found[2].accuracy < found[2].high


def test_p_values_are_corrected_for_the_number_of_instruments() -> None:
    share = np.array([0.55, 0.55, 0.48, 0.55])[DATASET.instrument]
    right = np.random.default_rng(3).random(1200) < share
    found = performance_by_instrument(DATASET, forecasts(right), seed=0)
    by_time = right.reshape(300, 4).astype(float)
    gap = by_time[:, [0, 1, 3]].mean(axis=1) - by_time[:, 2]
    alone = block_bootstrap_mean(gap, seed=0).p_value
    assert found[2].p_value == pytest.approx(4.0 * alone)
    assert found[2].p_value < 1.0


def test_the_rest_is_the_mean_of_the_others_at_the_times_both_have() -> None:
    rows = np.random.default_rng(5).random(1200) < 0.6  # at many times an instrument is alone, or not there
    dataset = DATASET.take(np.flatnonzero(rows))
    right = np.random.default_rng(6).random(len(dataset)) < 0.55
    found = performance_by_instrument(dataset, forecasts(right, dataset.target), seed=0)
    table = pd.DataFrame({"time": dataset.decision_time, "code": dataset.instrument, "right": right.astype(float)})
    for code, each in enumerate(found):
        own = table["code"] == code
        mine, rest = (table[side].groupby("time")["right"].mean() for side in (own, ~own))
        gap = (mine - rest).dropna()
        assert 20 < len(gap) < own.sum()
        assert each.below_rest == pytest.approx(gap.mean(), abs=1e-12)


def test_shares_said_and_happened_are_of_the_instrument() -> None:
    samples = out_of_sample(DATASET.target, value=np.where(DATASET.instrument == 1, 0.9, 0.2))
    found = performance_by_instrument(DATASET, samples, seed=0)
    assert [each.said_up_share for each in found] == [0.0, 1.0, 0.0, 0.0]
    for code, each in enumerate(found):
        assert each.happened_share == DATASET.target[DATASET.instrument == code].mean()


def test_a_single_instrument_has_no_rest() -> None:
    dataset = make_dataset(n=200, instruments=("AAA",))
    (found,) = performance_by_instrument(dataset, forecasts(np.ones(200, bool), dataset.target), seed=0)
    assert np.isnan(found.below_rest) and np.isnan(found.p_value) and not found.is_below_rest


def test_sides_are_judged_on_what_was_said() -> None:
    said = np.tile([1.0, 1.0, 0.0], 400)
    samples = out_of_sample(DATASET.target, value=said)
    returns = np.where(said == 1.0, 0.02, -0.01)
    returns[0] = np.nan
    up, down = performance_by_side(DATASET, samples, seed=0, returns=returns)
    assert (up.side, up.n, down.side, down.n) == ("said 1", 800, "said 0", 400)
    assert up.accuracy == DATASET.target[said == 1.0].mean()
    assert down.accuracy == pytest.approx(1.0 - DATASET.target[said == 0.0].mean())
    assert up.base_rate + down.base_rate == pytest.approx(1.0)
    assert up.mean_return == pytest.approx(0.02) and down.mean_return == pytest.approx(-0.01)


def test_a_side_never_said_is_shown_empty() -> None:
    dataset = make_dataset(n=200, task="regression")
    up, down = performance_by_side(dataset, out_of_sample(dataset.target, value=np.ones(200)), seed=0)
    assert (up.side, down.side, down.n) == ("said up", "said down", 0)
    assert np.isnan(down.accuracy) and np.isnan(up.mean_return)

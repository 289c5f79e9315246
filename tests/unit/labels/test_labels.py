from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.bars import bars_from_closes, random_walk

from trimtab.config.strategy import Label
from trimtab.labels import LabelBlock
from trimtab.labels.compute import compute_label

KINDS = [
    Label(kind="forward_return"),
    Label(kind="direction"),
    Label(kind="triple_barrier", volatility_window=5),
    Label(kind="volatility_regime", memory=20),
]


def test_forward_return_spans_the_horizon_and_ends_where_the_last_bar_closes() -> None:
    bars = bars_from_closes([100, 110, 121, 60.5])
    block = compute_label(bars, Label(kind="forward_return"), 2)
    np.testing.assert_allclose(block.value, [0.21, -0.45, np.nan, np.nan])
    assert block.label_start[0] == np.datetime64("2020-01-02")  # the close of the first bar
    assert block.label_end[0] == np.datetime64("2020-01-04")  # the close of the third
    assert np.isnat(block.label_end[2:]).all()


def test_direction_leaves_out_returns_inside_the_neutral_band() -> None:
    bars = bars_from_closes([100, 102, 102.1, 100, 100])
    block = compute_label(bars, Label(kind="direction", neutral_band=0.01), 1)
    np.testing.assert_array_equal(block.value, [1, np.nan, 0, np.nan, np.nan])
    np.testing.assert_array_equal(block.baseline, [np.nan, 1, 1, 0, 0])


def test_a_split_in_raw_prices_is_no_return_when_the_factor_knows_it() -> None:
    bars = replace(bars_from_closes([100, 50, 55]), factor=np.array([0.5, 1.0, 1.0]))
    np.testing.assert_allclose(compute_label(bars, Label(kind="forward_return"), 1).value[:2], [0.0, 0.1])


def test_volatility_regime_equals_a_slow_and_plain_computation() -> None:
    bars, h, memory = random_walk(120, seed=3), 5, 20
    block = compute_label(bars, Label(kind="volatility_regime", memory=memory), h)
    returns = np.diff(np.log(bars.close))
    for t in range(len(bars)):
        past = [np.sqrt(np.mean(returns[s - h : s] ** 2)) for s in range(t - memory + 1, t + 1) if s >= h]
        if len(past) < memory or t + h >= len(bars):
            assert np.isnan(block.value[t])
            continue
        assert block.value[t] == float(np.sqrt(np.mean(returns[t : t + h] ** 2)) > np.median(past))
        assert block.baseline[t] == float(past[-1] > np.median(past))


@pytest.mark.parametrize("label", KINDS, ids=lambda label: label.kind)
@pytest.mark.parametrize("horizon", [1, 5])
def test_a_label_sees_nothing_after_its_own_end(label: Label, horizon: int) -> None:
    bars, cut = random_walk(150, seed=1), 100
    other = random_walk(150, seed=2)
    mixed = replace(bars, close=np.where(np.arange(150) < cut, bars.close, other.close))
    whole, changed = compute_label(bars, label, horizon), compute_label(mixed, label, horizon)
    truncated = compute_label(bars.take(slice(0, cut)), label, horizon)
    seen = cut - horizon  # labels of earlier bars end before the change
    for name in ("value", "baseline", "label_start", "label_end"):
        reference = getattr(whole, name)[:seen]
        np.testing.assert_array_equal(getattr(changed, name)[:seen], reference)
        np.testing.assert_array_equal(getattr(truncated, name)[:seen], reference)
    np.testing.assert_array_equal(changed.baseline[:cut], whole.baseline[:cut])  # known at the decision
    assert not np.array_equal(changed.value[cut - horizon :], whole.value[cut - horizon :], equal_nan=True)


@pytest.mark.parametrize("label", KINDS, ids=lambda label: label.kind)
@pytest.mark.parametrize("n", [0, 1, 5])
def test_too_short_a_history_gives_no_label_and_no_error(label: Label, n: int) -> None:
    block: LabelBlock = compute_label(random_walk(30).take(slice(0, n)), label, 5)
    assert len(block.value) == n
    assert np.isnan(block.value).all()

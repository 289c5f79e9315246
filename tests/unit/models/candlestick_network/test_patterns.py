"""The labels are what the rules say, and a window of twenty bars holds all a rule reads."""

from __future__ import annotations

import numpy as np
from fakes.bars import random_walk

from trimtab.features.catalogue import catalogue
from trimtab.features.engine import compute
from trimtab.models.candlestick_network.patterns import PATTERNS, rule_labels
from trimtab.models.candlestick_network.windows import WINDOW


def test_a_label_is_set_where_a_rule_says_either_direction() -> None:
    bars = random_walk(400, seed=1)
    labels = rule_labels(bars)
    said = compute(bars, PATTERNS)
    for number, name in enumerate(PATTERNS):
        assert np.array_equal(labels[:, number], np.nan_to_num(said.column(name)) != 0.0)
    assert (np.nan_to_num(said.column("marubozu")) < 0.0).any()  # the other direction occurs
    assert labels.sum() > 100


def test_no_rule_looks_back_farther_than_a_window() -> None:
    assert max(catalogue()[name].lookback for name in PATTERNS) < WINDOW


def test_the_twenty_bars_of_a_window_alone_give_its_label() -> None:
    bars = random_walk(300, seed=2)
    whole = rule_labels(bars)
    for last in range(WINDOW - 1, len(bars)):
        alone = rule_labels(bars.take(slice(last - WINDOW + 1, last + 1)))
        assert np.array_equal(alone[-1], whole[last])

"""Highs and lows that one bad print is enough for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.bars import random_walk

from trimtab.bars.checks import CheckLimits
from trimtab.bars.checks.wicks import check_wicks
from trimtab.bars.schema import Bars

LIMITS = CheckLimits()
AT = 120


def edited(by: float, name: str) -> Bars:
    bars = random_walk(300, seed=3)
    array = getattr(bars, name).copy()
    array[AT] *= by
    return replace(bars, **{name: array})


@pytest.mark.parametrize(("name", "by"), [("high", 1.3), ("low", 0.7), ("high", 5.0), ("low", 1e-4)])
def test_a_high_or_low_far_outside_its_own_bar_is_said(name: str, by: float) -> None:
    bars = edited(by, name)
    (finding,) = check_wicks(bars, LIMITS)
    assert (finding.check, finding.severity, finding.index) == ("wick", "warning", AT)
    assert finding.detail.startswith(f"{name} {getattr(bars, name)[AT]:.10g}")


@pytest.mark.parametrize(("name", "by"), [("high", 1.15), ("low", 0.87)])
def test_a_long_day_is_not(name: str, by: float) -> None:
    assert check_wicks(edited(by, name), LIMITS) == []


def test_nor_is_it_where_prices_move_as_much_every_day() -> None:
    wild = np.random.default_rng(1).normal(0.0, 0.2, 300)
    bars = random_walk(300, seed=3)
    level = np.exp(np.cumsum(wild))
    prices = {name: getattr(bars, name) * level for name in ("open", "high", "low", "close")}
    high = prices["high"].copy()
    high[AT] *= 1.5
    assert check_wicks(replace(bars, **prices | {"high": high}), LIMITS) == []


def test_a_first_bar_and_a_lone_one_can_be_judged() -> None:
    bars = edited(1.0, "high")
    high = bars.high.copy()
    high[0] *= 2
    assert [finding.index for finding in check_wicks(replace(bars, high=high), LIMITS)] == [0]
    assert check_wicks(bars.take(slice(0, 1)), LIMITS) == []

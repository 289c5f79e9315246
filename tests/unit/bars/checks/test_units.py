"""A price in another unit jumps between two bars; a market that collapses trades through one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.bars import bars_from_closes

from trimtab.bars.checks import Verdict, judge
from trimtab.bars.schema import Bars

AT = 200


def walk(n: int = 300) -> np.ndarray:
    return 100 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.01, n)))


def fallen(at: int = AT, n: int = 300, to: float = 0.01) -> Bars:
    """A market that loses 99 % within one bar, which opens where the one before closed, and stays there."""
    return bars_from_closes(walk(n) * np.where(np.arange(n) < at, 1.0, to))


def edited(bars: Bars, at: int, **times: float) -> Bars:
    arrays = {name: getattr(bars, name).copy() for name in times}
    for name, by in times.items():
        arrays[name][at] *= by
    return replace(bars, **arrays)


def found(verdict: Verdict) -> list[tuple[str, str, int]]:
    return [(finding.check, finding.severity, finding.index) for finding in verdict.findings]


@pytest.mark.parametrize("to", [0.01, 0.012, 100.0])
@pytest.mark.parametrize("at", [20, AT, 290, 299])
def test_a_market_that_trades_through_a_factor_100_and_stays_there_is_kept_and_said(at: int, to: float) -> None:
    assert found(judge(fallen(at, to=to))) == [("unit_error", "warning", at)]


def test_a_collapse_fetched_day_by_day_is_kept_on_every_day() -> None:
    bars = fallen()
    for day in range(AT - 2, len(bars)):
        verdict = judge(bars.take(slice(day, day + 1)), context=bars.take(slice(0, day)))
        assert verdict.accepted.all(), day
        assert found(verdict) == ([("unit_error", "warning", 0)] if day == AT else [])


def test_a_market_that_collapses_twice_is_kept() -> None:
    level = np.where(np.arange(300) < 200, 1.0, np.where(np.arange(300) < 230, 0.01, 0.0001))
    assert judge(bars_from_closes(walk() * level)).accepted.all()


def test_prices_that_jump_between_two_bars_are_refused_at_the_end_of_the_bars() -> None:
    bars = edited(fallen(299), 299, open=0.01)
    assert found(judge(bars)) == [("unit_error", "quarantine", 299)]


def test_a_close_in_another_unit_is_refused_once_the_next_bar_is_back() -> None:
    bars = edited(bars_from_closes(walk()), AT, close=0.01, low=0.01)
    bars = edited(bars, AT + 1, open=1.0)
    assert found(judge(bars)) == [("unit_error", "quarantine", AT)]


def test_a_close_in_another_unit_after_a_large_move_is_refused_once_the_next_bar_is_back() -> None:
    bars = edited(bars_from_closes(walk()), AT, open=1.6, high=1.6, close=0.016, low=0.015)
    assert ("unit_error", "quarantine", AT) in found(judge(edited(bars, AT + 1, open=1.0)))


@pytest.mark.parametrize("by", [100.0, 0.01])
def test_an_open_in_another_unit_than_everything_beside_it_is_refused(by: float) -> None:
    side = "high" if by > 1 else "low"
    bars = edited(bars_from_closes(walk()), AT, open=by, **{side: by})
    assert found(judge(bars)) == [("unit_error", "quarantine", AT)]


def test_an_open_taken_from_a_close_in_another_unit_is_refused_with_it() -> None:
    close = walk()
    close[AT] *= 100.0
    assert found(judge(bars_from_closes(close))) == [
        ("unit_error", "quarantine", AT),
        ("unit_error", "quarantine", AT + 1),
    ]


@pytest.mark.parametrize("values", [{"high": 100.0}, {"low": 0.01}])
def test_a_high_or_low_far_from_open_and_close_is_refused(values: dict[str, float]) -> None:
    assert found(judge(edited(bars_from_closes(walk()), AT, **values))) == [("unit_error", "quarantine", AT)]

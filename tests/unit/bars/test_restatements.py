"""A corrected bar is told from a new vintage of the adjustment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.bars import random_walk

from trimtab.bars import Bars
from trimtab.bars.restatements import RatioChanges, late_bars, ratio_changes
from trimtab.bars.schema import PRICES, TIME

BARS = random_walk(60, seed=5)
AT = 20


def with_values(bars: Bars, at: object, **factors: float) -> Bars:
    """Some columns of some bars multiplied."""
    arrays = {name: getattr(bars, name).copy() for name in factors}
    for name, by in factors.items():
        arrays[name][at] *= by
    return replace(bars, **arrays)


def positions(changes: RatioChanges) -> tuple[list[int], list[int]]:
    """Where the changes are: within bars, and from the bar before."""
    within, steps = (np.searchsorted(BARS.event_time, times) for times in (changes.within, changes.from_previous))
    return within.tolist(), steps.tolist()


def test_equal_bars_have_no_changes() -> None:
    assert positions(ratio_changes(BARS, BARS)) == ([], [])
    assert positions(ratio_changes(BARS.take(slice(0, 0)), BARS)) == ([], [])


def test_a_corrected_close_changes_its_bar_and_both_steps() -> None:
    assert positions(ratio_changes(BARS, with_values(BARS, AT, close=1.0001))) == ([AT], [AT, AT + 1])


def test_a_corrected_volume_or_high_changes_only_its_bar() -> None:
    assert positions(ratio_changes(BARS, with_values(BARS, AT, volume=1.5))) == ([AT], [])
    assert positions(ratio_changes(BARS, with_values(BARS, AT, high=1.01))) == ([AT], [])
    assert positions(ratio_changes(with_values(BARS, AT, volume=0.0), BARS)) == ([AT], [])
    silent = with_values(BARS, AT, volume=0.0)
    assert positions(ratio_changes(silent, silent)) == ([], [])


def test_a_bar_a_hundred_times_too_high_changes_its_steps() -> None:
    wrong = with_values(BARS, AT, **dict.fromkeys(PRICES, 100.0))
    assert positions(ratio_changes(wrong, BARS)) == ([AT], [AT, AT + 1])  # its traded value was wrong too


@pytest.mark.parametrize("by", [0.5, 0.97, 7.0])
def test_a_new_vintage_that_rescales_the_whole_past_changes_nothing(by: float) -> None:
    assert positions(ratio_changes(BARS, with_values(BARS, slice(None), factor=by))) == ([], [])
    rescaled = with_values(BARS, slice(None), **dict.fromkeys(PRICES, by), volume=1 / by)
    assert positions(ratio_changes(BARS, rescaled)) == ([], [])


def test_a_split_or_dividend_inside_the_past_changes_one_step() -> None:
    for by in (0.5, 0.98):
        assert positions(ratio_changes(BARS, with_values(BARS, slice(0, AT), factor=by))) == ([], [AT])


def test_a_split_that_was_missed_and_is_corrected_changes_one_step() -> None:
    corrected = with_values(BARS, slice(0, AT), **dict.fromkeys(PRICES, 0.5), volume=2.0)
    assert positions(ratio_changes(BARS, corrected)) == ([], [AT])


def test_adjusted_prices_rounded_to_cents_are_no_news() -> None:
    """The sample's vendor rounds its adjusted close; the next vintage rounds all of them anew."""
    adjusted = [np.round(BARS.close * by, 2) for by in (0.9, 0.88)]
    one, other = (replace(BARS, factor=each / BARS.close) for each in adjusted)
    assert not np.allclose(np.diff(np.log(one.factor)), np.diff(np.log(other.factor)), rtol=0, atol=1e-6)
    assert positions(ratio_changes(one, other)) == ([], [])


def test_single_precision_noise_is_no_news_and_a_small_correction_is() -> None:
    noisy = replace(BARS, **{name: getattr(BARS, name).astype(np.float32).astype(float) for name in PRICES})
    assert positions(ratio_changes(BARS, noisy)) == ([], [])
    assert positions(ratio_changes(BARS, with_values(BARS, AT, close=1 + 2e-6))) == ([AT], [AT, AT + 1])


def test_a_bar_that_was_not_there_is_a_change_and_a_later_one_is_not() -> None:
    holed = BARS.take(slice(0, 50)).take(np.arange(50) != AT)
    within, steps = positions(ratio_changes(holed, BARS))
    assert (within, steps) == ([AT], [])
    assert ratio_changes(holed, BARS).times.tolist() == [BARS.event_time[AT].item()]


def received(*days: str) -> Bars:
    return replace(BARS.take(slice(0, len(days))), received_time=np.array(days, TIME))


@pytest.mark.parametrize(
    ("days", "late"),
    [
        (("2020-02-01",) * 4, []),  # loaded at once
        (("2020-02-01", "2020-02-02", "2020-02-03", "2020-02-04"), []),
        (("2020-02-01", "2020-02-03", "2020-02-02", "2020-02-04"), [1]),  # a hole was filled
        (("2020-02-09", "2020-02-09", "2020-02-01", "2020-02-02"), [0, 1]),  # older history was added
    ],
)
def test_a_bar_is_late_when_a_later_one_came_before_it(days: tuple[str, ...], late: list[int]) -> None:
    bars = received(*days)
    assert np.flatnonzero(late_bars(bars, np.zeros(4, bool))).tolist() == late


def test_a_restated_bar_is_not_late_and_makes_no_other_late() -> None:
    bars = received("2020-02-01", "2020-02-09", "2020-02-02", "2020-01-01")
    restated = np.array([False, True, False, True])
    assert np.flatnonzero(late_bars(bars, restated)).tolist() == []

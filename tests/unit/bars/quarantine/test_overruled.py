"""The next refresh of the source respects what a person has decided."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.bar_sources import GivenBars
from fakes.quarantined import (
    CONFLICT,
    HUNDREDFOLD,
    MISSING,
    ODD,
    TWICE,
    Desk,
    clean_bars,
    delivered,
    edited,
)

from trimtab.bars.checks import judge
from trimtab.bars.ingest import ingest
from trimtab.bars.quarantine import accept_decided, bar_ids, without_overruled
from trimtab.bars.schema import Bars
from trimtab.clock import SimulatedClock
from trimtab.storage.lake import Lake


@pytest.fixture
def desk(lake: Lake) -> Desk:
    desk = Desk(lake)
    desk.refresh(delivered())
    return desk


def current(desk: Desk, at: int) -> Bars:
    return desk.stored(at).take(slice(-1, None))


def test_a_corrected_bar_survives_the_refresh_that_delivers_the_old_values_again(desk: Desk) -> None:
    desk.correct_stored(5, {"volume": 9.0})
    desk.refresh(delivered())
    assert desk.stored(5).volume.tolist() == [clean_bars().volume[5], 9.0]


def test_ingest_leaves_a_correction_alone(lake: Lake, clock: SimulatedClock) -> None:
    desk, source = Desk(lake), GivenBars(clean_bars())
    ingest(source, desk.series, desk.store, desk.quarantine, clock)
    desk.correct_stored(5, {"volume": 9.0})
    report = ingest(source, desk.series, desk.store, desk.quarantine, clock)
    assert report.restated == 0
    assert current(desk, 5).volume.tolist() == [9.0]


def test_values_nobody_has_seen_restate_a_corrected_bar(desk: Desk) -> None:
    desk.correct_stored(5, {"volume": 9.0})
    desk.refresh(edited(delivered(), 5, volume=11.0))
    assert desk.stored(5).volume.tolist() == [clean_bars().volume[5], 9.0, 11.0]


def test_a_restatement_overruled_by_a_correction_back_to_the_first_values_stays_overruled(desk: Desk) -> None:
    restated = edited(delivered(), 5, volume=11.0)
    desk.refresh(restated)
    desk.correct_stored(5, {"volume": float(clean_bars().volume[5])})
    desk.refresh(restated)
    assert current(desk, 5).volume.tolist() == [clean_bars().volume[5]]
    assert desk.quarantine.overruled(desk.series) == set(bar_ids(restated, [5]))


def test_a_rejected_bar_stays_out_although_the_checks_would_take_it_now(desk: Desk) -> None:
    (bar,) = desk.refused(ODD)
    desk.reject(bar)
    bars = delivered().take(slice(ODD, ODD + 1))
    assert accept_decided(bars, np.array([True]), desk.quarantine.decisions(desk.series)).tolist() == [False]


def test_rejecting_one_of_two_contradicting_bars_does_not_let_the_other_in(desk: Desk) -> None:
    first, second = desk.refused(CONFLICT)
    desk.reject(first)
    desk.refresh(delivered())
    assert len(desk.stored(CONFLICT)) == 0
    assert desk.quarantine.states(desk.series)[second] == "open"


def test_after_the_release_of_one_the_other_stays_out_even_when_it_comes_alone(desk: Desk) -> None:
    first, second = desk.refused(CONFLICT)
    desk.release(first)
    desk.refresh(delivered().take(np.r_[0:CONFLICT, CONFLICT + 1 : 60]))
    assert bar_ids(desk.stored(CONFLICT)) == [first]
    assert second in desk.quarantine.overruled(desk.series)


def test_new_values_beside_an_overruled_row_are_judged_without_it(desk: Desk) -> None:
    first, _ = desk.refused(CONFLICT)
    desk.release(first)
    new = edited(delivered(), CONFLICT, volume=11.0, close=delivered().open[CONFLICT])
    desk.refresh(new)
    assert bar_ids(desk.stored(CONFLICT)) == [first, *bar_ids(new, [CONFLICT])]


def test_rejecting_a_row_told_twice_keeps_the_bar_it_repeats(lake: Lake, desk: Desk) -> None:
    (twice,) = desk.refused(TWICE)
    desk.reject(twice)
    assert desk.quarantine.overruled(desk.series) == frozenset()
    restated = edited(delivered(), TWICE, volume=11.0)
    desk.refresh(restated.take(np.r_[0:60, 61:62]))
    desk.refresh(delivered())
    assert current(desk, TWICE).volume.tolist() == [clean_bars().volume[TWICE]]


def test_a_row_told_twice_may_be_rejected_before_the_first_one_is_stored(lake: Lake) -> None:
    desk, bars = Desk(lake), delivered()
    # As if a run had been killed between the quarantine and the store.
    desk.quarantine.add(desk.series, bars, judge(bars).findings, desk.now)
    (twice,) = desk.refused(TWICE)
    desk.reject(twice)
    desk.refresh(bars)
    assert bar_ids(desk.stored(TWICE)) == [twice]


def test_a_new_vintage_of_the_factor_reaches_corrected_and_released_bars(desk: Desk) -> None:
    (released,), (corrected,) = desk.refused(HUNDREDFOLD), desk.refused(MISSING)
    desk.release(released)
    close = float(clean_bars().close[MISSING])
    desk.correct(corrected, {"close": close})
    vintage = delivered()
    desk.refresh(replace(vintage, factor=np.full(len(vintage), 0.5)))
    assert desk.store.stored(desk.series).factor.tolist()[:CONFLICT] == [0.5] * CONFLICT
    assert (current(desk, HUNDREDFOLD).factor[0], current(desk, HUNDREDFOLD).close[0]) == (
        0.5,
        vintage.close[HUNDREDFOLD],
    )
    assert (current(desk, MISSING).factor[0], current(desk, MISSING).close[0]) == (0.5, close)
    assert desk.quarantine.counts(desk.series).open == 6


def test_a_factor_that_is_no_number_does_not_replace_a_stored_one(desk: Desk) -> None:
    desk.correct_stored(5, {"volume": 9.0})
    desk.refresh(edited(delivered(), 5, factor=np.nan))
    assert (len(desk.stored(5)), current(desk, 5).factor[0]) == (2, 1.0)


def test_no_gap_is_said_where_a_corrected_bar_is_stored(desk: Desk) -> None:
    desk.correct_stored(5, {"volume": 9.0})
    decisions, stored = desk.quarantine.decisions(desk.series), desk.store.stored(desk.series)
    kept = without_overruled(clean_bars(), decisions, stored)
    assert bar_ids(kept, [5]) == bar_ids(desk.stored(5))[1:]
    assert judge(kept).of("gap") == []
    left_out = without_overruled(clean_bars(), decisions)
    np.testing.assert_array_equal(left_out.event_time, np.delete(clean_bars().event_time, 5))


def test_a_released_bar_that_is_delivered_twice_is_stored_once(desk: Desk) -> None:
    (bar,) = desk.refused(HUNDREDFOLD)
    desk.release(bar)
    bars = delivered()
    desk.refresh(bars.take(np.r_[0 : len(bars), HUNDREDFOLD]))
    assert len(desk.stored(HUNDREDFOLD)) == 1


def test_a_good_bar_of_the_time_of_a_released_one_restates_it(desk: Desk) -> None:
    (bar,) = desk.refused(ODD)
    desk.release(bar)
    both = delivered()
    both = replace(both, **{name: np.append(array, getattr(clean_bars(), name)[ODD]) for name, array in both.arrays()})
    desk.refresh(both)
    assert bar_ids(desk.stored(ODD)) == [bar, *bar_ids(clean_bars(), [ODD])]


def test_without_decisions_nothing_is_copied() -> None:
    bars = clean_bars()
    assert without_overruled(bars, (), bars) is bars

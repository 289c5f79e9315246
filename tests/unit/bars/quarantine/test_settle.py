"""What a decision means for the store: released, rejected, corrected, changed, and cut off in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from fakes.quarantined import (
    CONFLICT,
    HUNDREDFOLD,
    MISSING,
    NEGATIVE,
    ODD,
    TWICE,
    Desk,
    clean_bars,
    delivered,
    edited,
)

from trimtab.bars.actions.schema import Actions
from trimtab.bars.quarantine import QuarantineCounts, bar_ids
from trimtab.bars.quarantine.settle import plan_correct, plan_release
from trimtab.bars.schema import PRICES
from trimtab.errors import BarsError, ConfigurationError, NotFoundError, TransitionError
from trimtab.storage.lake import Lake


@pytest.fixture
def desk(lake: Lake) -> Desk:
    """A desk on which the defects of `delivered` lie, nothing decided."""
    desk = Desk(lake)
    desk.refresh(delivered())
    return desk


def test_refused_bars_are_open_until_somebody_decides(desk: Desk) -> None:
    assert desk.quarantine.counts(desk.series) == QuarantineCounts(open=8, released=0, rejected=0, corrected=0)
    (bar,) = desk.refused(HUNDREDFOLD)
    desk.reject(bar)
    assert desk.quarantine.counts(desk.series) == QuarantineCounts(open=7, released=0, rejected=1, corrected=0)
    assert bar not in {kept.bar for kept in desk.quarantine.open(desk.series)}
    assert bar in {kept.bar for kept in desk.quarantine.list(desk.series)}


def test_a_released_bar_is_stored_as_delivered_and_known_from_its_release(desk: Desk) -> None:
    (bar,) = desk.refused(HUNDREDFOLD)
    made = desk.release(bar).decision
    stored = desk.stored(HUNDREDFOLD)
    assert stored.close.tolist() == [delivered().close[HUNDREDFOLD]]
    assert desk.time(HUNDREDFOLD) not in times(desk, made.decided - timedelta(microseconds=1))
    assert desk.time(HUNDREDFOLD) in times(desk, made.decided)
    assert desk.quarantine.states(desk.series)[bar] == "released"


def times(desk: Desk, known_at: object) -> list[object]:
    bars = desk.store.as_known_at(desk.series, known_at)  # type: ignore[arg-type]  # a datetime
    return [time.replace(tzinfo=desk.now.tzinfo) for time in bars.event_time.tolist()]


def test_who_when_why_and_what_is_kept(desk: Desk) -> None:
    (bar,) = desk.refused(HUNDREDFOLD)
    desk.release(bar, actor="grace", reason="the exchange confirms it")
    (made,) = desk.quarantine.decisions(desk.series)
    assert (made.bar, made.event_time, made.action) == (bar, desk.time(HUNDREDFOLD), "release")
    assert (made.actor, made.reason, made.decided) == ("grace", "the exchange confirms it", desk.now)
    assert made.values is not None
    assert made.values["close"] == delivered().close[HUNDREDFOLD]


@pytest.mark.parametrize(("actor", "reason", "word"), [("", "why", "actor"), ("ada", "  ", "reason")])
def test_nobody_decides_without_a_name_and_a_reason(desk: Desk, actor: str, reason: str, word: str) -> None:
    (bar,) = desk.refused(HUNDREDFOLD)
    with pytest.raises(ConfigurationError, match=f"needs a {word}"):
        desk.release(bar, actor=actor, reason=reason)
    assert len(desk.stored(HUNDREDFOLD)) == 0
    assert desk.quarantine.decisions(desk.series) == ()


def test_releasing_one_of_two_contradicting_bars_rejects_the_other(desk: Desk) -> None:
    first, second = desk.refused(CONFLICT)
    done = desk.release(second)
    assert [made.bar for made in done.decisions] == [first, second]
    assert bar_ids(desk.stored(CONFLICT)) == [second]
    assert desk.quarantine.states(desk.series)[first] == "rejected"
    assert desk.quarantine.decisions(desk.series)[0].reason == f"bar {second} of the same time was released"


def test_a_bar_that_is_rejected_already_is_not_rejected_again_by_the_other_one(desk: Desk) -> None:
    first, second = desk.refused(CONFLICT)
    desk.reject(first, reason="a wrong close")
    assert [made.bar for made in desk.release(second).decisions] == [second]
    assert [made.reason for made in desk.quarantine.decisions(desk.series)] == ["a wrong close", "looked it up"]


def test_releasing_the_other_one_afterwards_makes_it_the_newest_version(desk: Desk) -> None:
    first, second = desk.refused(CONFLICT)
    desk.release(second)
    desk.release(first)
    assert bar_ids(desk.stored(CONFLICT)) == [second, first]
    states = desk.quarantine.states(desk.series)
    assert (states[first], states[second]) == ("released", "rejected")
    assert desk.quarantine.overruled(desk.series) == {second}


@pytest.mark.parametrize(
    ("at", "why"),
    [
        (MISSING, "missing_value: no finite number in close; correct or reject it"),
        (NEGATIVE, "non_positive_price"),
        (None, "missing_time: the bar has no time; correct it \\(--time says when it was\\) or reject it"),
    ],
)
def test_a_bar_that_nobody_can_compute_with_cannot_be_released(desk: Desk, at: int | None, why: str) -> None:
    (bar,) = desk.refused(at)
    with pytest.raises(BarsError, match=f"cannot be stored: {why}"):
        desk.release(bar)
    assert desk.quarantine.states(desk.series)[bar] == "open"


def test_a_bar_whose_high_is_not_the_highest_can_be_released(desk: Desk) -> None:
    (bar,) = desk.refused(ODD)
    desk.release(bar)
    assert len(desk.stored(ODD)) == 1


def test_a_bar_is_released_once_and_rejected_once(desk: Desk) -> None:
    (bar,) = desk.refused(HUNDREDFOLD)
    desk.reject(bar)
    with pytest.raises(TransitionError, match="was rejected by ada at 2024-01-02T02:00:00Z; nothing is left to do"):
        desk.reject(bar)
    desk.release(bar)
    with pytest.raises(TransitionError, match=r"was released by ada .* nothing is left to do"):
        desk.release(bar)
    assert len(desk.quarantine.decisions(desk.series)) == 2


def test_what_is_stored_by_a_decision_cannot_be_rejected(desk: Desk) -> None:
    (released,), (corrected,) = desk.refused(HUNDREDFOLD), desk.refused(MISSING)
    desk.release(released)
    desk.correct(corrected, {"close": float(clean_bars().close[MISSING])})
    for bar in (released, corrected):
        with pytest.raises(TransitionError, match="a stored version stays; correct it instead"):
            desk.reject(bar)


def test_a_released_bar_that_was_restated_since_may_be_kept_out_from_then_on(desk: Desk) -> None:
    (bar,) = desk.refused(ODD)
    desk.release(bar)
    desk.refresh(clean_bars())
    desk.reject(bar)
    assert desk.quarantine.overruled(desk.series) == {bar}
    np.testing.assert_array_equal(desk.stored(ODD).high[-1:], clean_bars().high[ODD : ODD + 1])


def test_a_correction_changes_what_it_names_and_nothing_else(desk: Desk) -> None:
    (bar,) = desk.refused(MISSING)
    close = float(clean_bars().close[MISSING])
    done = desk.correct(bar, {"close": close})
    stored = desk.stored(MISSING)
    assert bar_ids(stored) == bar_ids(clean_bars(), [MISSING])
    assert stored.known_time.tolist() == [done.decision.decided.replace(tzinfo=None)]
    assert desk.quarantine.states(desk.series)[bar] == "corrected"


def test_a_second_correction_starts_from_the_first(desk: Desk) -> None:
    (bar,) = desk.refused(MISSING)
    low, high = float(clean_bars().low[MISSING]), float(clean_bars().high[MISSING])
    desk.correct(bar, {"close": low})
    desk.correct(bar, {"volume": 7.0})
    assert desk.stored(MISSING).close.tolist() == [low, low]
    desk.correct(bar, {"close": high})
    assert (desk.stored(MISSING).close[-1], desk.stored(MISSING).volume[-1]) == (high, 7.0)
    with pytest.raises(TransitionError, match="nothing is left to do"):
        desk.correct(bar, {"close": high})


def test_a_correction_that_makes_no_bar_is_refused(desk: Desk) -> None:
    (bar,) = desk.refused(MISSING)
    with pytest.raises(BarsError, match="would be refused: non_positive_price: close is -1"):
        desk.correct(bar, {"close": -1.0})
    with pytest.raises(BarsError, match="inconsistent_ohlc"):
        desk.correct(bar, {"close": 1e6})
    with pytest.raises(ConfigurationError, match="nothing was given"):
        desk.correct(bar, {})
    with pytest.raises(ConfigurationError, match=r"'vwap' was given .* allowed are open, high, low, close, volume"):
        desk.correct(bar, {"vwap": 1.0})
    assert len(desk.stored(MISSING)) == 0


def test_a_correction_that_leaves_prices_in_another_unit_is_refused(desk: Desk) -> None:
    (bar,) = desk.refused(HUNDREDFOLD)
    true = {name: float(getattr(clean_bars(), name)[HUNDREDFOLD]) for name in PRICES}
    half = {name: true[name] for name in ("close", "low")}
    with pytest.raises(BarsError, match=r"does not fit the bars around it: unit_error: open .*; give every value"):
        desk.correct(bar, half)
    with pytest.raises(BarsError, match=r"unit_error: close .* is about 100 times the level around it"):
        desk.correct(bar, {"volume": 5.0})
    assert len(desk.stored(HUNDREDFOLD)) == 0
    assert desk.correct(bar, true).despite == ()


@pytest.mark.parametrize(
    ("given", "check"),
    [({"high": 1.5}, "wick"), ({"low": 0.5}, "wick"), (dict.fromkeys(PRICES, 1.5), "spike")],
)
def test_a_correction_unlike_its_neighbours_is_refused_unless_it_is_said_to_be_true(
    desk: Desk, given: dict[str, float], check: str
) -> None:
    (bar,) = desk.refused(MISSING)
    close = float(clean_bars().open[MISSING])
    values = {"close": close} | {name: close * times for name, times in given.items()}
    with pytest.raises(BarsError, match=f"does not fit the bars around it: {check}: .* or --anyway"):
        desk.correct(bar, values)
    assert len(desk.stored(MISSING)) == 0
    (said,) = desk.correct(bar, values, anyway=True).despite
    assert said.startswith(f"{check}: ")


def test_what_is_strange_about_a_stored_bar_does_not_hinder_correcting_the_rest_of_it(desk: Desk) -> None:
    (bar,) = desk.refused(MISSING)
    close = float(clean_bars().open[MISSING])
    desk.correct(bar, {"close": close, "high": close * 1.5}, anyway=True)
    assert desk.correct(bar, {"volume": 7.0}).despite == ()
    with pytest.raises(BarsError, match="wick"):
        desk.correct(bar, {"high": close * 1.6})


def test_a_correction_beside_a_told_split_is_judged_at_one_level(lake: Lake) -> None:
    ratio, at = 100.0, 30
    bars = clean_bars()
    before = np.arange(len(bars)) < at
    bars = replace(bars, **{name: getattr(bars, name) * np.where(before, ratio, 1.0) for name in PRICES})
    desk = Desk(lake)
    split = Actions.build(bars.series.instrument_id, bars.event_time[[at]], np.array(["split"]), np.array([ratio]))
    desk.store.actions.append(split, desk.now, last_seen=None)
    desk.store.append(bars, desk.now)
    assert desk.correct_stored(at - 1, {"close": float(bars.open[at - 1])}).despite == ()
    with pytest.raises(BarsError, match=r"unit_error: close .* is about 1/100 of the level"):
        desk.correct_stored(at - 1, {name: float(getattr(bars, name)[at - 1]) / ratio for name in PRICES})


def test_the_factor_follows_its_source_unless_it_gave_none(lake: Lake) -> None:
    desk = Desk(lake)
    desk.refresh(edited(clean_bars(), MISSING, factor=np.nan))
    (bar,) = desk.refused(MISSING)
    with pytest.raises(BarsError, match="no finite number in factor"):
        desk.correct(bar, {"close": float(clean_bars().close[MISSING])})
    with pytest.raises(BarsError, match="spike: adjusted close moved"):
        desk.correct(bar, {"factor": 0.5})
    desk.correct(bar, {"factor": 0.5}, anyway=True)
    assert desk.stored(MISSING).factor.tolist() == [0.5]
    with pytest.raises(ConfigurationError, match="follows its source"):
        desk.correct(bar, {"factor": 0.25})


def test_an_accepted_bar_is_corrected_by_its_time(desk: Desk) -> None:
    before = desk.stored(5)
    done = desk.correct_stored(5, {"volume": 9.0})
    after = desk.stored(5)
    assert (len(after), after.close[1], after.volume[1]) == (2, before.close[0], 9.0)
    assert done.decision.overruled == tuple(bar_ids(before))
    assert desk.quarantine.counts(desk.series).corrected == 1
    desk.correct_stored(5, {"volume": 10.0})
    assert desk.quarantine.counts(desk.series).corrected == 1
    assert desk.stored(5).volume.tolist() == [before.volume[0], 9.0, 10.0]


def test_an_accepted_bar_that_was_corrected_can_only_be_corrected_again(desk: Desk) -> None:
    bar = desk.correct_stored(5, {"volume": 9.0}).decision.bar
    for action in (desk.release, desk.reject):
        with pytest.raises(TransitionError, match="was accepted, never refused; it can only be corrected"):
            action(bar)


def test_correcting_a_time_rejects_what_was_refused_of_it(desk: Desk) -> None:
    first, second = desk.refused(CONFLICT)
    done = desk.correct(first, {"close": float(clean_bars().open[CONFLICT])})
    assert [made.action for made in done.decisions] == ["reject", "correct"]
    assert {first, second} == desk.quarantine.overruled(desk.series)


def test_nothing_can_be_corrected_where_nothing_is_stored(desk: Desk) -> None:
    with pytest.raises(NotFoundError, match="no bar of AAA__1d is stored at 2020-01-11T00:00:00Z; the next one is at"):
        desk.correct_stored(HUNDREDFOLD, {"close": 1.0})


def test_a_bar_without_a_time_can_be_given_one_by_its_correction(desk: Desk) -> None:
    (bar,) = desk.refused(None)
    with pytest.raises(BarsError, match="came without a time; say which bar it is with --time"):
        desk.correct(bar, {"volume": 1.0})
    desk.correct(bar, {"volume": 1.0}, desk.time(59))
    assert desk.stored(59).close.tolist() == [clean_bars().close[59]]
    assert desk.quarantine.states(desk.series)[bar] == "corrected"
    with pytest.raises(ConfigurationError, match="its time cannot be corrected"):
        desk.correct(bar, {"volume": 2.0}, desk.time(58))
    with pytest.raises(BarsError, match="missing_time"):
        desk.release(bar)


def test_a_release_that_was_cut_off_is_completed_by_doing_it_again(desk: Desk) -> None:
    first, second = desk.refused(CONFLICT)
    desk.cut_off(plan_release(desk.case(second), desk.signed()))
    assert bar_ids(desk.stored(CONFLICT)) == [second]
    assert desk.quarantine.decisions(desk.series) == ()
    with pytest.raises(TransitionError, match="is what is stored, and a stored version stays"):
        desk.reject(second)
    desk.release(second)
    assert bar_ids(desk.stored(CONFLICT)) == [second]
    assert desk.quarantine.overruled(desk.series) == {first}


def test_a_correction_that_was_cut_off_still_overrules_what_it_replaced(desk: Desk) -> None:
    (bar,) = desk.refused(MISSING)
    desk.correct(bar, {"close": float(clean_bars().low[MISSING])})
    first = bar_ids(desk.stored(MISSING))[-1]
    again = {"close": float(clean_bars().high[MISSING])}
    desk.cut_off(plan_correct(desk.case(bar), desk.signed(), again, desk.store))
    desk.correct(bar, again)
    assert len(desk.stored(MISSING)) == 2
    assert desk.quarantine.overruled(desk.series) == {bar, first}


def test_the_same_decision_in_the_same_state_has_the_same_fingerprint_whenever_it_is_taken(desk: Desk) -> None:
    (bar,) = desk.refused(HUNDREDFOLD)
    first, later = (plan_release(desk.case(bar), desk.signed()) for _ in range(2))
    assert first.decision.decided < later.decision.decided
    assert first.fingerprint == later.fingerprint
    other = plan_release(desk.case(bar), replace(desk.signed(), reason="another"))
    assert other.fingerprint != first.fingerprint
    desk.reject(bar)
    assert plan_release(desk.case(bar), desk.signed()).fingerprint != first.fingerprint


def test_an_effect_says_what_the_store_did(desk: Desk) -> None:
    (bar,), (twice,) = desk.refused(HUNDREDFOLD), desk.refused(TWICE)
    assert desk.release(bar).effect == "new"
    assert desk.correct(bar, {"volume": 1.0}).effect == "restated"
    assert desk.release(twice).effect == "unchanged"
    assert desk.reject(twice).effect is None

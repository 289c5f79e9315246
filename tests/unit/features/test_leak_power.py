"""What the leak check must be able to see: splits told late or still to come, and leaks of a few rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.surroundings import surroundings_of

from trimtab.bars import Bars
from trimtab.bars.actions.schema import ActionKind, Actions
from trimtab.features.catalogue import catalogue
from trimtab.features.leaks import World, certify, certify_function, changed_futures
from trimtab.features.leaks import canaries as planted_leaks
from trimtab.features.leaks.canaries import CANARIES
from trimtab.features.leaks.cuts import SPREAD, STRETCH, closer_cuts
from trimtab.features.surroundings import NOTHING, Surroundings

OF_SPLITS = ("log_market_value", "earnings_yield", "book_to_price")
A_SPLIT = "a split used before it was known"
RARELY = "the close of the next bar in one row of 20"


def _outcomes(names: tuple[str, ...], bars: Bars, beside: Surroundings, seed: int = 0) -> dict[str, str]:
    certificate = certify(names, bars, cuts=2, seed=seed, surroundings=beside)
    assert certificate.missed == ()
    return {each.name: each.outcome for each in certificate.findings}


def _without_actions(beside: Surroundings, how: str) -> Surroundings:
    return replace(beside, actions={"none": None, "empty": Actions.empty("FAKE"), "some": beside.actions}[how])


# Splits.


def of_all_times(actions: Actions, after: np.ndarray, until: np.ndarray, decision_time: np.ndarray) -> np.ndarray:
    return actions.ex_time[:, None] > after


def up_to_the_row_whenever_told(
    actions: Actions, after: np.ndarray, until: np.ndarray, decision_time: np.ndarray
) -> np.ndarray:
    return (actions.ex_time[:, None] > after) & (actions.ex_time[:, None] <= until)


def after_the_decision(actions: Actions, after: np.ndarray, until: np.ndarray, decision_time: np.ndarray) -> np.ndarray:
    return actions.ex_time[:, None] > decision_time


@pytest.mark.parametrize("how", ["none", "empty", "some"])
@pytest.mark.parametrize("counted", [of_all_times, up_to_the_row_whenever_told, after_the_decision])
def test_a_market_value_that_counts_splits_it_could_not_know_is_caught(
    how: str, counted: Callable[..., np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    def splits_between(actions: Actions | None, after: np.ndarray, until: np.ndarray, at: np.ndarray) -> np.ndarray:
        if actions is None:
            return np.ones(len(until))
        splits = actions.take(actions.kind == ActionKind.SPLIT)
        return np.where(counted(splits, after, until, at), splits.value[:, None], 1.0).prod(axis=0)

    monkeypatch.setattr("trimtab.features.accounts.splits_between", splits_between)
    bars = random_walk(400, seed=5)
    beside = _without_actions(surroundings_of(bars), how)
    assert set(_outcomes(OF_SPLITS, bars, beside).values()) == {"leaks"}


@pytest.mark.parametrize("how", ["none", "empty", "some"])
def test_the_market_values_of_the_catalogue_pass_whatever_splits_come_later(how: str) -> None:
    bars = random_walk(400, seed=5)
    beside = _without_actions(surroundings_of(bars), how)
    assert set(_outcomes(OF_SPLITS, bars, beside).values()) == {"passed"}


def test_a_split_that_is_told_anew_after_the_cut_is_another_one_in_the_other_future() -> None:
    bars = random_walk(300)
    beside, moment = surroundings_of(bars), bars.known_time[249]
    told = beside.actions
    assert told is not None and told.known_time[0] < moment
    futures = dict(changed_futures(World(bars, beside), 250, np.random.default_rng(0)))
    later = futures["replaced with other values"].surroundings.actions
    assert later is not None
    later = later.take(later.known_time > moment)
    assert told.value[0] not in later.value[later.ex_time == told.ex_time[0]].tolist()
    assert (later.ex_time == told.ex_time[0]).any()
    for kind in ActionKind:
        ex_time = later.ex_time[later.kind == kind]
        assert (ex_time < moment).any() and (ex_time > moment).any()


def test_without_anything_around_the_bars_nothing_is_planted_around_them() -> None:
    bars = random_walk(100)
    assert all(w.surroundings.actions is None for _, w in changed_futures(World(bars), 60, np.random.default_rng(0)))


@pytest.mark.parametrize("needs", [("figures",), ("texts",), ("peers",)])
def test_who_reads_facts_or_peers_is_checked_beside_a_split_used_too_early(needs: tuple[str, ...]) -> None:
    bars = random_walk(300)
    name = next(name for name, feature in catalogue().items() if feature.needs == needs)
    beside = replace(surroundings_of(bars), actions=None)
    planted = {each.name: each.caught for each in certify([name], bars, cuts=2, seed=0, surroundings=beside).canaries}
    assert planted[A_SPLIT]
    alone = certify(["return_1"], bars, cuts=2, seed=0, surroundings=beside).canaries
    assert A_SPLIT not in {each.name for each in alone}


def test_a_check_that_does_not_see_a_split_used_too_early_does_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    blind = tuple(replace(c, values=lambda w: w.bars.close) if c.name == A_SPLIT else c for c in CANARIES)
    monkeypatch.setattr(planted_leaks, "CANARIES", blind)
    bars = random_walk(300)
    certificate = certify(OF_SPLITS, bars, cuts=2, seed=0, surroundings=surroundings_of(bars))
    assert certificate.missed == (A_SPLIT,) and not certificate.passed


# Leaks of a few rows.


def _leaks_in_one_row_of(every: int, phase: int) -> Callable[[Bars, Surroundings], np.ndarray]:
    def values(bars: Bars, _: Surroundings) -> np.ndarray:
        following = np.append(bars.close[1:], np.nan)
        return np.where(np.arange(len(bars)) % every == phase, following, bars.close).reshape(-1, 1)

    return values


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("every", [20, 60])
def test_a_leak_in_one_row_of_sixty_is_caught_wherever_it_is(every: int, seed: int) -> None:
    bars = random_walk(400, seed=2)
    for phase in range(0, every, 7):
        certificate = certify_function(_leaks_in_one_row_of(every, phase), ["rare"], bars, cuts=2, seed=seed)
        assert certificate.leaking == ("rare",)
        assert certificate.missed == ()
        assert (certificate.findings[0].first_row or 0) % every == phase


def test_a_leak_in_the_first_half_alone_is_caught() -> None:
    def early(bars: Bars, _: Surroundings) -> np.ndarray:
        following = np.append(bars.close[1:], np.nan)
        return np.where(np.arange(len(bars)) < 150, following, bars.close).reshape(-1, 1)

    for seed in range(5):
        assert certify_function(early, ["early"], random_walk(600), cuts=2, seed=seed).leaking == ("early",)


@pytest.mark.parametrize("n", [2, 3, 19, 21, 63, 64, 65, 130, 1000])
def test_the_closer_cuts_hold_a_whole_stretch_at_any_length(n: int) -> None:
    for seed in range(20):
        cuts = closer_cuts(n, np.random.default_rng(seed))
        assert cuts[0] >= 1 and cuts[-1] < n and sorted(set(cuts)) == list(cuts)
        assert len(cuts) <= STRETCH + SPREAD
        longest = max(map(len, np.split(cuts, np.flatnonzero(np.diff(cuts) != 1) + 1)))
        assert longest >= min(STRETCH, n - 1)


@pytest.mark.parametrize("n", [2, 10, 30, 70, 200])
def test_the_rare_planted_leak_is_caught_on_any_history_and_planted_only_beside_a_stretch(n: int) -> None:
    bars = random_walk(200).take(slice(0, n))
    drawn = certify(["return_1"], bars, cuts=1, seed=0)
    assert {each.name: each.caught for each in drawn.canaries}[RARELY]
    assert drawn.removed_at and drawn.document()["removed_at"] == list(drawn.removed_at)
    given = certify(["return_1"], bars, cuts=[n - 1], seed=0)
    assert RARELY not in {each.name for each in given.canaries} and given.removed_at == ()


def test_the_certificate_says_which_leaks_it_could_not_see() -> None:
    drawn = certify(["return_1"], random_walk(300), cuts=1, seed=0).document()["not_seen"]
    assert f"any that comes back within {STRETCH} rows was seen" in drawn
    assert "none of the cuts" in certify(["return_1"], random_walk(300), cuts=[200], seed=0).not_seen


def test_a_check_without_its_stretch_misses_the_rare_leak_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trimtab.features.leaks.cuts.STRETCH", 0)
    monkeypatch.setattr("trimtab.features.leaks.cuts.SPREAD", 0)
    missed = [certify(["return_1"], random_walk(300), cuts=2, seed=seed).missed for seed in range(5)]
    assert (RARELY,) in missed
    assert certify(["return_1"], random_walk(300), cuts=[150], seed=0, surroundings=NOTHING).missed == ()

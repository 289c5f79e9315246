"""Facts are read once however often features are asked for, and what is kept of them hides no other facts."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.surroundings import surroundings_of

from trimtab.facts import Figures, Texts, fundamentals, moods, options
from trimtab.features import accounts
from trimtab.features.accounts import Accounts, at_rows
from trimtab.features.catalogue import catalogue
from trimtab.features.context import Context
from trimtab.features.engine import compute
from trimtab.features.incremental import update
from trimtab.features.leaks import certify
from trimtab.features.surroundings import Surroundings

BARS = random_walk(400, seed=5)
OF_FACTS = tuple(name for name, each in catalogue().items() if {"figures", "texts", "options"} & set(each.needs))


def last_bits(around: Surroundings) -> bytes:
    return update(BARS, OF_FACTS, 3, around, complete_history=True).values.tobytes()


def again(around: Surroundings) -> Surroundings:
    """The same facts as other objects, of which nothing is kept."""
    assert around.figures is not None and around.texts is not None and around.actions is not None
    return replace(
        around, figures=replace(around.figures), texts=replace(around.texts), actions=replace(around.actions)
    )


def test_bars_added_one_by_one_read_the_facts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def noted(name: str, whole: Callable[..., Any]) -> Callable[..., Any]:
        def function(*arguments: Any, **options: Any) -> Any:
            read.append(name)
            return whole(*arguments, **options)

        return function

    for module, name in ((moods, "heard"), (options, "newest_days"), (accounts, "history")):
        monkeypatch.setattr(module, name, noted(name, getattr(module, name)))
    around = surroundings_of(BARS)
    for n in range(390, 401):
        update(BARS.take(slice(0, n)), OF_FACTS, 1, around, complete_history=True)
        if n == 390:
            first = sorted(read)
            assert set(first) == {"heard", "history", "newest_days"}
    assert sorted(read) == first


def test_values_are_those_of_facts_of_which_nothing_is_kept() -> None:
    around = surroundings_of(BARS)
    fresh = last_bits(again(around))
    assert last_bits(around) == last_bits(around) == fresh
    parts = [compute(BARS.take(slice(0, n)), OF_FACTS, surroundings=around).values[-1] for n in (100, 250, 400)]
    fresh_parts = [
        compute(BARS.take(slice(0, n)), OF_FACTS, surroundings=again(around)).values[-1] for n in (100, 250, 400)
    ]
    assert np.array(parts).tobytes() == np.array(fresh_parts).tobytes()


def test_facts_that_were_stated_anew_are_read_anew() -> None:
    around = surroundings_of(BARS)
    assert around.figures is not None and around.texts is not None
    before = compute(BARS, OF_FACTS, surroundings=around)
    louder = replace(around.texts, score=np.clip(around.texts.score * 1.5, -1.0, 1.0))
    richer = replace(around.figures, value=around.figures.value * np.linspace(1.0, 2.0, len(around.figures)))
    after = compute(BARS, OF_FACTS, surroundings=replace(around, texts=louder, figures=richer))
    changed = {n for n in OF_FACTS if before.column(n).tobytes() != after.column(n).tobytes()}
    assert {"mood_all_5", "bullishness_social", "earnings_yield", "gross_margin", "put_call_volume"} <= changed
    assert len(changed) > 100


def test_the_facts_of_two_instruments_are_never_mixed_between_threads() -> None:
    every = [surroundings_of(BARS, seed=seed) for seed in range(4)]
    expected = [last_bits(again(each)) for each in every]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(last_bits, [every[k % 4] for k in range(24)]))
    assert found == [expected[k % 4] for k in range(24)]


def _all_figures_of_all_times(figures: Figures | None) -> np.ndarray:
    return np.array([0.0 if figures is None else np.nansum(figures.value)])


def _all_scores_of_all_times(texts: Texts | None) -> np.ndarray:
    return np.array([0.0 if texts is None else np.nansum(texts.score)])


def test_the_certificate_sees_a_leak_through_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def of_figures(c: Context, **_: Any) -> np.ndarray:
        return c.close * c.prepared(_all_figures_of_all_times, c.surroundings.figures)

    def of_texts(c: Context, **_: Any) -> np.ndarray:
        return c.close * c.prepared(_all_scores_of_all_times, c.surroundings.texts)

    known = catalogue()
    leaks = {"gross_margin": of_figures, "mood_all_5": of_texts}
    planted = {name: replace(known[name], computation=made) for name, made in leaks.items()}
    around = surroundings_of(BARS)
    compute(BARS, tuple(leaks), surroundings=around)
    monkeypatch.setattr("trimtab.features.catalogue._all_features", lambda: {**known, **planted})
    found = certify([*leaks, "net_margin", "mood_all_1"], BARS, cuts=3, seed=4, surroundings=around)
    assert {each.name for each in found.findings if each.outcome == "leaks"} == set(leaks)
    assert {each.name for each in found.findings if each.outcome == "passed"} == {"net_margin", "mood_all_1"}


def test_a_formula_of_accounts_reads_nothing_from_around_it() -> None:
    context, twice = Context(BARS, surroundings=surroundings_of(BARS)), 2.0
    with pytest.raises(ValueError, match="must not read variables from around it"):
        at_rows(context, lambda a: twice * a.now.gross_margin())

    def times(a: Accounts, factor: float = twice) -> np.ndarray:
        return factor * a.now.gross_margin()

    with pytest.raises(ValueError, match="must not read variables from around it"):
        at_rows(context, times)


def test_formulas_written_in_one_line_or_alike_are_told_apart() -> None:
    figures = surroundings_of(BARS).figures
    assert figures is not None
    known = Accounts(fundamentals.history(figures))
    one, other = known.column(lambda a: a.now.flow("revenue")), known.column(lambda a: a.now.flow("net_income"))
    np.testing.assert_array_equal(one, known.now.flow("revenue"))
    np.testing.assert_array_equal(other, known.now.flow("net_income"))
    assert not np.array_equal(one, other, equal_nan=True)


def test_features_say_what_the_plain_functions_of_facts_say_to_the_last_bit() -> None:
    around, at = surroundings_of(BARS), BARS.known_time
    assert around.texts is not None
    early = around.texts.take(around.texts.known_time < at[200])  # silent from there on, until moods are forgotten
    around = replace(around, texts=early)
    told, week = moods.heard(early, "social", scored=True), 7
    windows, mood_of_a_day = moods.last_days(told, at, week), moods.decayed_mean_after(told, told.score, None, 1)
    _, variance = moods.mean_and_variance(windows, told.score)
    volatility = options.newest_days(around.figures, ("implied_volatility",), 21)
    expected = {
        "mood_social_20": moods.decayed_mean(told, told.score, at, 20),
        "sure_mood_social": moods.decayed_mean(told, told.score, at, 5, weights=told.confidence),
        "mood_confidence_social": moods.decayed_mean(told, told.confidence, at, 5),
        "mood_strength_social": moods.decayed_mean(told, np.abs(told.score), at, 5),
        "mood_dispersion_social_7": np.where(windows.count >= 2.0, np.sqrt(variance), np.nan),
        "mood_volatility_social": moods.spread_over_days(told, mood_of_a_day, at, 20, 5, moods.FORGOTTEN),
        "days_since_text_news": moods.days_since(moods.heard(early, "news"), at),
        "implied_volatility": options.as_known(volatility, volatility.values[:, 0, -1], at, 10),
    }
    block = compute(BARS, tuple(expected), surroundings=around)
    for name, values in expected.items():
        assert np.isfinite(values).sum() > 50, name
        np.testing.assert_array_equal(block.column(name), values, err_msg=name)

"""Moods at given times: closed forms, a slow oracle, and a past that the future cannot move."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.facts import Texts, moods
from trimtab.facts.kernels import moments_tree, window_moments

DAY = np.timedelta64(moods.DAY_US, "us")
START = np.datetime64("2024-03-01", "us")


def _at(*days: float) -> np.ndarray:
    return START + (np.asarray(days) * moods.DAY_US).astype("timedelta64[us]")


def _texts(days: Any, score: Any, channel: Any = "news", late: Any = 0.0, text: Any = None) -> Texts:
    days = np.asarray(days, dtype=np.float64)
    n = len(days)
    words = [f"text {k}" for k in range(n)] if text is None else text
    channels = [channel] * n if isinstance(channel, str) else channel
    return Texts.build("X", _at(*days), channels, words, score, known_time=_at(*(days + np.asarray(late))))


def test_three_texts_age_as_the_formula_says() -> None:
    texts = moods.heard(_texts([0.0, 1.0, 3.0], [1.0, -0.5, 0.25]))
    now = moods.decayed_mean(texts, texts.score, _at(4.0), half_life_days=2)
    weights = np.array([2.0**-2.0, 2.0**-1.5, 2.0**-0.5])
    np.testing.assert_allclose(now, [weights @ [1.0, -0.5, 0.25] / weights.sum()], rtol=1e-14)


def test_confidence_weighs_beside_age() -> None:
    texts = moods.heard(_texts([0.0, 1.0], [1.0, -1.0]))
    now = moods.decayed_mean(texts, texts.score, _at(1.0), half_life_days=1, weights=np.array([0.2, 0.3]))
    np.testing.assert_allclose(now, [(0.5 * 0.2 - 0.3) / (0.5 * 0.2 + 0.3)], rtol=1e-14)


def test_a_text_without_weight_changes_nothing_and_alone_gives_nothing() -> None:
    texts = moods.heard(_texts([0.0, 1.0, 2.0], [1.0, 0.5, -1.0]))
    after = moods.decayed_mean_after(texts, texts.score, np.array([0.0, 0.7, 0.0]), 1)
    assert np.isnan(after[0]) and after[1:].tolist() == [0.5, 0.5]


def test_between_texts_the_mood_stands_still_until_it_is_forgotten() -> None:
    texts = moods.heard(_texts([0.0], [0.3]))
    asked = moods.decayed_mean(texts, texts.score, _at(-0.001, 0.0, 7.0, 20.0, 20.001), half_life_days=1)
    assert asked[1:4].tolist() == [0.3, 0.3, 0.3]
    assert np.isnan(asked[[0, 4]]).all()


@pytest.mark.parametrize("score", [0.1, -1.0, 1.0, 1.0 / 3.0])
def test_equal_scores_give_exactly_that_mood_and_no_spread(score: float) -> None:
    days = np.sort(np.random.default_rng(2).uniform(0.0, 40.0, 500))
    texts, at = moods.heard(_texts(days, [score] * 500)), _at(*np.arange(1.0, 45.0))
    assert set(moods.decayed_mean(texts, texts.score, at, 5)) == {score}
    mean, variance = moods.mean_and_variance(moods.last_days(texts, at, 7), texts.score)
    assert set(mean[~np.isnan(mean)]) == {score}
    assert set(variance[~np.isnan(variance)]) == {0.0}
    spread = moods.spread_over_days(texts, texts.score, at, 20, 5, 20)
    assert set(spread[~np.isnan(spread)]) == {0.0}


def test_a_text_is_unknown_until_it_is_known_however_early_it_was_written() -> None:
    texts = moods.heard(_texts([0.0, 1.0], [1.0, -1.0], late=[0.0, 5.0]))
    asked = moods.decayed_mean(texts, texts.score, _at(0.0, 1.0, 5.99, 6.0), half_life_days=1)
    assert asked[:3].tolist() == [1.0, 1.0, 1.0]
    assert asked[3] < 0.0
    assert moods.last_days(texts, _at(1.5, 6.5), 1).count.tolist() == [0.0, 1.0]
    assert moods.days_since(texts, _at(1.5, 6.5)).tolist() == [1.5, 0.5]


def test_a_window_has_its_end_and_not_its_beginning() -> None:
    texts = moods.heard(_texts([0.0, 1.0, 2.0], [0.0, 0.0, 0.0]))
    assert moods.last_days(texts, _at(1.0, 2.0, 2.5, 3.0), 1).count.tolist() == [1.0, 1.0, 1.0, 0.0]


def test_channels_are_heard_alone_and_together() -> None:
    texts = _texts([0.0, 1.0, 2.0], [0.1, 0.2, 0.3], channel=["news", "social", "blog"])
    assert moods.heard(texts, "news").score.tolist() == [0.1]
    assert moods.heard(texts, "social").score.tolist() == [0.2]
    assert moods.heard(texts).score.tolist() == [0.1, 0.2, 0.3]
    assert len(moods.heard(texts, "radio")) == len(moods.heard(None)) == 0


def test_a_text_scored_again_is_not_a_new_text_and_keeps_its_first_score() -> None:
    texts = _texts([0.0, 0.0, 0.0, 1.0], [0.5, -0.5, 0.9, 0.1], late=[0.0, 3.0, 0.0, 0.0], text=["a", "a", "b", "c"])
    assert moods.heard(texts).score.tolist() == [0.5, 0.9, 0.1]


def test_a_text_that_is_scored_only_later_is_counted_at_once_and_has_a_mood_from_then_on() -> None:
    texts = _texts([0.0, 0.0], [np.nan, 0.5], late=[0.0, 3.0], text=["a", "a"])
    assert moods.heard(texts).known_time.tolist() == _at(0.0).tolist()
    assert moods.heard(texts, scored=True).known_time.tolist() == _at(3.0).tolist()


def test_no_texts_give_unknown_moods_and_empty_windows() -> None:
    texts, at = moods.heard(Texts.empty("X")), _at(0.0, 1.0)
    assert np.isnan(moods.decayed_mean(texts, texts.score, at, 1)).all()
    assert np.isnan(moods.days_since(texts, at)).all()
    windows = moods.last_days(texts, at, 7)
    assert windows.count.tolist() == [0.0, 0.0]
    assert np.isnan(moods.mean_and_variance(windows, texts.score)).all()
    assert np.isnan(moods.spread_over_days(texts, texts.score, at, 20, 5, 20)).all()
    assert moods.decayed_mean(texts, texts.score, at[:0], 1).shape == (0,)


# Quarters of days, so that times coincide.
_some_texts = st.lists(
    st.tuples(st.integers(0, 160), st.floats(-1.0, 1.0, width=32), st.integers(0, 12), st.booleans()),
    min_size=0,
    max_size=40,
)
_some_times = st.lists(st.integers(-8, 260), min_size=1, max_size=12)


def _drawn(rows: list[tuple[int, float, int, bool]]) -> Texts:
    quarters = np.array([row[0] for row in rows], dtype=np.float64) / 4.0
    channels = ["news" if row[3] else "social" for row in rows]
    late = np.array([row[2] for row in rows], dtype=np.float64) / 4.0
    return _texts(quarters, [row[1] for row in rows], channels, late)


@settings(max_examples=150, deadline=None)
@given(_some_texts, _some_times, st.sampled_from([1, 5]))
def test_moods_are_those_of_a_slow_oracle(rows: list[Any], times: list[int], days: int) -> None:
    every, at = _drawn(rows), _at(*(np.array(times) / 4.0))
    texts = moods.heard(every)
    decayed = moods.decayed_mean(texts, texts.score, at, days)
    windows = moods.last_days(texts, at, days)
    mean, variance = moods.mean_and_variance(windows, texts.score)
    for row, now in enumerate(at):
        known = every.known_time <= now
        age = (now - every.known_time[known]).astype(np.int64) / moods.DAY_US
        score = every.score[known]
        if len(age) == 0 or age.min() > moods.FORGOTTEN * days:
            assert np.isnan(decayed[row])
        else:
            weight = 2.0 ** (-age / days)
            assert decayed[row] == pytest.approx(weight @ score / weight.sum(), abs=1e-12)
        inside = score[age < days]
        assert windows.count[row] == len(inside)
        if len(inside):
            assert mean[row] == pytest.approx(inside.mean(), abs=1e-12)
            assert variance[row] == pytest.approx(inside.var(), abs=1e-12)
        else:
            assert np.isnan(mean[row]) and np.isnan(variance[row])


def _everything(texts: Texts, at: np.ndarray) -> np.ndarray:
    heard = moods.heard(texts)
    windows = moods.last_days(heard, at, 7)
    after = moods.decayed_mean_after(heard, heard.score, None, 1)
    return np.column_stack(
        [
            moods.decayed_mean(heard, heard.score, at, 5),
            windows.count,
            *moods.mean_and_variance(windows, heard.score),
            moods.spread_over_days(heard, after, at, 20, 2, 20),
            moods.days_since(heard, at),
        ]
    )


@settings(max_examples=60, deadline=None)
@given(_some_texts, st.integers(0, 200), st.integers(0, 10_000))
def test_later_texts_do_not_move_one_bit_of_the_past(rows: list[Any], cut: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    texts, now = _drawn(rows), _at(cut / 4.0)[0]
    at = now - (rng.random(20) * 60 * moods.DAY_US).astype("timedelta64[us]")
    before = _everything(texts, at).tobytes()
    is_past = texts.known_time <= now
    assert _everything(texts.take(is_past), at).tobytes() == before
    n = int(rng.integers(1, 30))
    written = rng.uniform(0.0, cut / 4.0 + 20.0, n)  # some of them long ago, all of them known later
    later = _texts(written, rng.uniform(-1.0, 1.0, n), late=cut / 4.0 + 0.01 + rng.random(n), text=["new"] * n)
    assert _everything(_joined(texts.take(is_past), later), at).tobytes() == before


@settings(max_examples=30, deadline=None)
@given(_some_texts, st.integers(0, 10_000))
def test_neither_the_order_of_times_nor_of_texts_nor_other_times_change_an_answer(rows: list[Any], seed: int) -> None:
    rng = np.random.default_rng(seed)
    # At one known time the order of publication decides; make it strict.
    texts = _drawn([(4 * k, score, late, news) for k, (_, score, late, news) in enumerate(rows)])
    at = _at(*rng.uniform(-2.0, 60.0, 25))
    answers, shuffled = _everything(texts, at), rng.permutation(25)
    assert _everything(texts, at[shuffled]).tobytes() == answers[shuffled].tobytes()
    assert _everything(texts, at[3:4]).tobytes() == answers[3:4].tobytes()
    assert _everything(texts.take(rng.permutation(len(texts))), at).tobytes() == answers.tobytes()


def test_a_late_start_of_history_is_forgotten_at_the_documented_rate() -> None:
    rng = np.random.default_rng(5)
    days = np.sort(rng.uniform(0.0, 100.0, 400))
    texts = _texts(days, rng.uniform(-1.0, 1.0, 400))
    at = _at(*np.arange(60.0, 101.0))
    full, late = (moods.heard(each) for each in (texts, texts.take(days > 50.0)))
    difference = np.abs(moods.decayed_mean(full, full.score, at, 2) - moods.decayed_mean(late, late.score, at, 2))
    for row, now in enumerate(np.arange(60.0, 101.0)):
        left = np.sum(2.0 ** (-(now - days[(days > 50.0) & (days <= now)]) / 2.0))
        assert difference[row] <= 2.0 * np.sum(days <= 50.0) * 2.0 ** (-(now - 50.0) / 2.0) / left
    assert difference[0] > 1e-6 > difference[-1]


def test_the_tree_of_moments_gives_mean_and_variance_of_every_window() -> None:
    values = np.random.default_rng(7).normal(1e6, 1.0, 37)
    first, end = (each.ravel() for each in np.meshgrid(np.arange(38), np.arange(38), indexing="ij"))
    mean, variance = window_moments(*moments_tree(values), first, end)
    for k in range(len(first)):
        window = values[first[k] : end[k]]
        if len(window):
            assert mean[k] == pytest.approx(window.mean(), rel=1e-14)
            assert variance[k] == pytest.approx(window.var(), rel=1e-7, abs=1e-12)
        else:
            assert np.isnan(mean[k])


def test_the_spread_over_days_is_that_of_the_moods_of_those_days() -> None:
    texts = moods.heard(_texts([0.0, 1.0, 2.0], [0.2, 0.8, -0.4]))
    spread = moods.spread_over_days(texts, texts.score, _at(2.5), days=3, least=3, longest_days=20)
    np.testing.assert_allclose(spread, [np.std([0.2, 0.8, -0.4])], rtol=1e-14)
    assert np.isnan(moods.spread_over_days(texts, texts.score, _at(1.5), days=3, least=3, longest_days=20)).all()
    # A day whose mood was older than allowed has none.
    assert np.isnan(moods.spread_over_days(texts, texts.score, _at(4.5), days=3, least=3, longest_days=1)).all()


def _joined(one: Texts, other: Texts) -> Texts:
    names = ("event_time", "channel", "text", "score", "confidence", "scorer", "embedding", "known_time")
    return Texts.build("X", **{name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in names})

"""A leak is found where there is one, and only there; and a check that could not see says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from fakes.bars import random_walk
from fakes.surroundings import surroundings_of
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.bars import Bars
from trimtab.errors import NotEnoughDataError
from trimtab.facts import Figures, Texts
from trimtab.features.catalogue import Feature, catalogue
from trimtab.features.context import Context
from trimtab.features.leaks import (
    FUTURES,
    LeakFinding,
    World,
    certify,
    certify_function,
    certify_whole,
    changed_futures,
    check_isolation,
    newest_stretch,
)
from trimtab.features.leaks import canaries as planted_leaks
from trimtab.features.leaks.canaries import CANARIES, Canary
from trimtab.features.surroundings import NOTHING, Surroundings

DAY = np.timedelta64(86_400_000_000, "us")
KINDS = ("figures", "options", "texts", "peers")
Column = Callable[[Bars, Surroundings], np.ndarray]


def _planted(bars: Bars, _: Surroundings) -> np.ndarray:
    close = pd.Series(bars.close)
    columns = {
        "honest": close.rolling(5).mean(),
        "centred": close.rolling(5, center=True).mean(),
        "tomorrow": close.shift(-1),
        "standardised": (close - close.mean()) / close.std(),
        "filled_back": close.where(np.arange(len(close)) % 7 != 3).bfill(),
    }
    return np.column_stack([column.to_numpy() for column in columns.values()])


PLANTED = ("honest", "centred", "tomorrow", "standardised", "filled_back")


def _one(column: Column, bars: Bars, surroundings: Surroundings = NOTHING, **options: object) -> LeakFinding:
    """The finding for a single column."""
    arguments = {"cuts": 2, "seed": 0, "kinds": KINDS, **options}
    function = lambda bars, beside: column(bars, beside).reshape(-1, 1)  # noqa: E731 - a shape, not a function
    return certify_function(function, ["column"], bars, surroundings=surroundings, **arguments).findings[0]  # type: ignore[arg-type]  # by name


def test_planted_leaks_are_caught_with_their_first_row() -> None:
    certificate = certify_function(_planted, PLANTED, random_walk(300), cuts=[150, 202], seed=0)
    found = {finding.name: finding for finding in certificate.findings}
    assert certificate.leaking == ("centred", "tomorrow", "standardised")
    assert not certificate.passed
    assert "centred, tomorrow, standardised" in certificate.sentence
    assert found["honest"].outcome == "passed"
    assert found["centred"].first_row == 148  # two rows before the first cut
    assert found["tomorrow"].first_row == 149
    assert found["standardised"].first_row == 0


def test_a_leak_that_shows_only_at_some_cuts_is_found_by_cutting_there() -> None:
    bars = random_walk(300)
    at = next(cut for cut in range(150, 200) if (cut - 1) % 7 == 3)
    certificate = certify_function(_planted, PLANTED, bars, cuts=[at], seed=0)
    assert "filled_back" in certificate.leaking


def test_one_changed_bit_is_a_leak() -> None:
    def almost(bars: Bars, _: Surroundings) -> np.ndarray:
        return np.nextafter(bars.close, np.inf) if len(bars) % 2 else bars.close

    assert _one(almost, random_walk(200), cuts=[101]).outcome == "leaks"


def test_a_feature_without_a_value_before_the_cuts_is_unchecked_not_passed() -> None:
    certificate = certify(["sma_distance_200", "return_1"], random_walk(150), cuts=3, seed=0)
    assert certificate.unchecked == ("sma_distance_200",)
    assert certificate.leaking == ()
    assert "more bars" in certificate.findings[0].reason
    assert "1 features could not be checked" in certificate.sentence
    assert "more bars" in certify(["sma_distance_200"], random_walk(150), seed=0).sentence


def test_a_column_whose_first_row_of_the_future_never_tells_anything_is_unchecked() -> None:
    def ends_early(bars: Bars, _: Surroundings) -> np.ndarray:
        return np.where(np.arange(len(bars)) < 100, bars.close, np.nan)

    finding = _one(ends_early, random_walk(300), cuts=[200])
    assert (finding.outcome, finding.canary_caught) == ("unchecked", False)
    assert "one bar ahead" in finding.reason


def test_cuts_are_added_where_a_rare_feature_is_known() -> None:
    def rare(bars: Bars, _: Surroundings) -> np.ndarray:
        return np.where(np.isin(np.arange(len(bars)), (31, 32, 47)), bars.close, np.nan)

    def rare_and_peeking(bars: Bars, beside: Surroundings) -> np.ndarray:
        return rare(bars, beside) * np.append(bars.close[1:], np.nan)

    assert _one(rare, random_walk(300)).outcome == "passed"
    assert _one(rare_and_peeking, random_walk(300)).outcome == "leaks"


def test_the_certificate_says_what_was_checked() -> None:
    certificate = certify(["return_1"], random_walk(100), cuts=3, seed=5)
    document = certificate.document()
    assert json.loads(json.dumps(document)) == document
    assert document["n_bars"] == 100 and len(document["cuts"]) == 3 and document["futures"] == list(FUTURES)
    assert document["findings"][0]["values_compared"] == 3 * sum(cut - 1 for cut in document["cuts"])
    assert document["versions"] == {"return_1": 1}
    assert certify(["return_1"], random_walk(100), cuts=3, seed=5) == certificate
    assert certificate.code_version


def test_the_content_names_every_part_that_was_read() -> None:
    bars = random_walk(100)
    beside = surroundings_of(bars)
    content = certify(["return_1"], bars, seed=0, surroundings=beside).content
    assert set(content) == {"bars", "figures", "texts", "actions", "peers"}
    assert beside.texts is not None
    moody = replace(beside, texts=replace(beside.texts, score=-beside.texts.score))
    other = certify(["return_1"], bars, seed=0, surroundings=moody).content
    assert {name for name in content if content[name] != other[name]} == {"texts"}


def test_too_short_a_history_is_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="at least two bars"):
        certify(["return_1"], random_walk(5).take(slice(0, 1)), seed=0)
    with pytest.raises(NotEnoughDataError, match="between 1 and 9"):
        certify(["return_1"], random_walk(10), cuts=[10], seed=0)
    with pytest.raises(NotEnoughDataError, match="none was given"):
        certify(["return_1"], random_walk(10), cuts=[], seed=0)
    with pytest.raises(NotEnoughDataError, match="at least one cut"):
        certify(["return_1"], random_walk(10), cuts=0, seed=0)


# Facts and peers: the same question, with what was known instead of the row.


def _latest(time: np.ndarray, value: np.ndarray, bars: Bars) -> np.ndarray:
    order = np.argsort(time, kind="stable")
    at = np.searchsorted(time[order], bars.known_time, side="right")
    return np.concatenate([[np.nan], value[order]])[at]


def _net_income(beside: Surroundings) -> Figures:
    assert beside.figures is not None
    return beside.figures.take(beside.figures.concept == "net_income")


def figure_when_filed(bars: Bars, beside: Surroundings) -> np.ndarray:
    return _latest(_net_income(beside).known_time, _net_income(beside).value, bars)


def figure_at_the_end_of_its_period(bars: Bars, beside: Surroundings) -> np.ndarray:
    return _latest(_net_income(beside).period_end, _net_income(beside).value, bars)


def figure_as_restated_later(bars: Bars, beside: Surroundings) -> np.ndarray:
    """Waits for the filing, but takes the value the period has in the end."""
    figures = _net_income(beside)
    last = {end: value for end, _, value in sorted(zip(figures.period_end, figures.known_time, figures.value))}  # noqa: B905
    final = np.array([last[end] for end in figures.period_end])
    return _latest(figures.known_time, final, bars)


def posts_known(bars: Bars, beside: Surroundings) -> np.ndarray:
    assert beside.texts is not None
    return np.searchsorted(np.sort(beside.texts.known_time), bars.known_time, side="right").astype(float)


def posts_published(bars: Bars, beside: Surroundings) -> np.ndarray:
    assert beside.texts is not None
    return np.searchsorted(np.sort(beside.texts.event_time), bars.known_time, side="right").astype(float)


def posts_known_by_the_day(bars: Bars, beside: Surroundings) -> np.ndarray:
    """Counts a post on the whole day on which it became known, also before it did."""
    assert beside.texts is not None
    days = np.sort(beside.texts.known_time.astype("datetime64[D]"))
    return np.searchsorted(days, bars.known_time.astype("datetime64[D]"), side="right").astype(float)


def mood_over_all_time(bars: Bars, beside: Surroundings) -> np.ndarray:
    assert beside.texts is not None
    return posts_known(bars, beside) - np.nanmean(beside.texts.score)


def embedding_of_the_newest_post(bars: Bars, beside: Surroundings) -> np.ndarray:
    assert beside.texts is not None
    return _latest(beside.texts.event_time, beside.texts.embedding[:, 0].astype(float), bars)


def peer_known(bars: Bars, beside: Surroundings) -> np.ndarray:
    peer = beside.peers["PEER0"]
    return _latest(peer.known_time, peer.close, bars)


def peer_tomorrow(bars: Bars, beside: Surroundings) -> np.ndarray:
    peer = beside.peers["PEER0"]
    return _latest(peer.known_time - DAY, peer.close, bars)


def splits_to_come(bars: Bars, beside: Surroundings) -> np.ndarray:
    assert beside.actions is not None
    return bars.close * beside.actions.value.prod()


def splits_known(bars: Bars, beside: Surroundings) -> np.ndarray:
    assert beside.actions is not None
    known = beside.actions.known_time[:, None] <= bars.known_time
    return np.where(known, beside.actions.value[:, None], 1.0).prod(axis=0)


HONEST = (figure_when_filed, posts_known, peer_known)
LEAKING = (
    figure_at_the_end_of_its_period, figure_as_restated_later, posts_published, posts_known_by_the_day,
    mood_over_all_time, embedding_of_the_newest_post, peer_tomorrow,
)  # fmt: skip


@pytest.mark.parametrize("column", HONEST, ids=lambda column: column.__name__)
def test_what_uses_only_what_was_known_passes(column: Column) -> None:
    bars = random_walk(300)
    assert _one(column, bars, surroundings_of(bars)).outcome == "passed"


@pytest.mark.parametrize("column", LEAKING, ids=lambda column: column.__name__)
@pytest.mark.parametrize("seed", [0, 1])
def test_what_uses_facts_or_peers_before_they_were_known_is_caught_at_any_cut(column: Column, seed: int) -> None:
    bars = random_walk(300)
    finding = _one(column, bars, surroundings_of(bars), cuts=1, seed=seed)
    assert finding.outcome == "leaks"


def test_an_action_that_becomes_known_after_the_cut_is_future() -> None:
    bars = random_walk(300)
    beside = surroundings_of(bars)
    assert beside.actions is not None
    known = bars.known_time[250:251]
    late = replace(beside, actions=replace(beside.actions, known_time=known, received_time=known))
    assert _one(splits_to_come, bars, late, cuts=[200]).outcome == "leaks"
    assert _one(splits_to_come, bars, late, cuts=[260]).outcome == "leaks"  # others are told after that
    assert _one(splits_known, bars, late, cuts=[200, 260]).outcome == "passed"


def test_posts_that_are_always_known_at_once_do_not_hide_who_uses_them_too_early() -> None:
    bars = random_walk(300)
    beside = surroundings_of(bars)
    assert beside.texts is not None
    at_once = replace(beside, texts=replace(beside.texts, known_time=beside.texts.event_time))
    for seed in range(5):
        assert _one(posts_published, bars, at_once, cuts=1, seed=seed).outcome == "leaks"


def test_a_row_that_was_restated_later_is_not_compared_with_facts_known_before_that() -> None:
    bars = random_walk(300)
    known = bars.known_time.copy()
    known[100] = known[280]  # received again long after
    restated = replace(bars, known_time=known)
    assert _one(posts_known, restated, surroundings_of(bars), cuts=[200]).outcome == "passed"
    early = _one(posts_published, restated, surroundings_of(bars), cuts=[200])
    assert early.outcome == "leaks"
    assert early.first_row > 190  # the rows decided just before the cut, not the restated one


def test_the_three_futures_are_none_another_and_an_unknown_one() -> None:
    bars = random_walk(300)
    beside = surroundings_of(bars)
    moment = bars.known_time[199]
    removed, other, unknown = (w for _, w in changed_futures(World(bars, beside), 200, np.random.default_rng(0)))

    def later(world: World) -> dict[str, np.ndarray]:
        figures, texts, actions = world.surroundings.figures, world.surroundings.texts, world.surroundings.actions
        assert figures is not None and texts is not None and actions is not None
        peer = world.surroundings.peers["PEER1"]
        return {
            "bars": world.bars.close[200:],
            "figures": figures.value[figures.known_time > moment],
            "score": texts.score[texts.known_time > moment],
            "embedding": texts.embedding[texts.known_time > moment, 0],
            "actions": actions.value[actions.known_time > moment],
            "peers": peer.close[peer.known_time > moment],
        }

    as_it_was = later(World(bars, beside))
    assert {name: len(values) for name, values in later(removed).items()} == dict.fromkeys(as_it_was, 0)
    assert all(np.isnan(values).all() for values in later(unknown).values())
    for name, values in later(other).items():
        assert not np.isin(values, as_it_was[name]).any(), name
    assert len(later(other)["figures"]) > len(as_it_was["figures"])  # with late news about the time before
    assert len(later(other)["score"]) > len(as_it_was["score"])


@settings(deadline=None, max_examples=25)
@given(cut=st.integers(2, 119), seed=st.integers(0, 2**32 - 1))
def test_at_any_cut_and_with_any_seed_the_past_of_a_changed_world_is_the_past(cut: int, seed: int) -> None:
    bars = random_walk(120, seed=3)
    world = World(bars, surroundings_of(bars))
    moment = bars.known_time[cut - 1]
    for _, changed in changed_futures(world, cut, np.random.default_rng(seed)):
        for name, array in world.bars.arrays():
            assert array[:cut].tobytes() == dict(changed.bars.arrays())[name][:cut].tobytes()
        for kind in ("figures", "texts", "actions"):
            before, after = getattr(world.surroundings, kind), getattr(changed.surroundings, kind)
            known, still = before.take(before.known_time <= moment), after.take(after.known_time <= moment)
            assert len(known) == len(still)
            for name in ("value", "score", "embedding", "known_time"):
                if hasattr(known, name):
                    assert getattr(known, name).tobytes() == getattr(still, name).tobytes()
        for name, peer in world.surroundings.peers.items():
            known, still = (p.take(p.known_time <= moment) for p in (peer, changed.surroundings.peers[name]))
            assert known.close.tobytes() == still.close.tobytes()


@settings(deadline=None, max_examples=15)
@given(cut=st.integers(60, 119), seed=st.integers(0, 2**32 - 1))
def test_at_any_cut_and_with_any_seed_honest_columns_pass_and_planted_leaks_are_caught(cut: int, seed: int) -> None:
    bars = random_walk(120, seed=seed % 97)
    beside = surroundings_of(bars, seed=seed % 89)
    function = lambda bars, beside: np.column_stack([each(bars, beside) for each in HONEST])  # noqa: E731
    certificate = certify_function(
        function, [each.__name__ for each in HONEST], bars, cuts=[cut], seed=seed, surroundings=beside, kinds=KINDS
    )
    assert certificate.leaking == ()
    assert certificate.missed == ()


@settings(deadline=None, max_examples=6)
@given(cut=st.integers(280, 319), seed=st.integers(0, 2**32 - 1))
def test_at_any_cut_and_with_any_seed_no_feature_of_the_catalogue_leaks(cut: int, seed: int) -> None:
    bars = random_walk(320, seed=seed % 97)
    certificate = certify(
        tuple(catalogue()), bars, cuts=[cut], seed=seed, surroundings=surroundings_of(bars, seed=seed % 89)
    )
    assert certificate.leaking == ()
    assert certificate.missed == ()


# Canaries: the check must see.


def test_every_kind_that_is_read_has_a_leak_planted_and_caught() -> None:
    bars = random_walk(300)
    certificate = certify_function(
        lambda bars, _: bars.close.reshape(-1, 1),
        ["close"],
        bars,
        seed=0,
        surroundings=surroundings_of(bars),
        kinds=KINDS,
    )
    assert {canary.reads for canary in certificate.canaries} == {"bars", "actions", *KINDS}
    assert {canary.name for canary in certificate.canaries} == {canary.name for canary in CANARIES}
    assert all(canary.caught for canary in certificate.canaries)


def test_a_planted_leak_that_goes_unnoticed_fails_the_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    unseen = Canary("a leak nobody sees", "bars", lambda world: np.zeros(len(world.bars)))
    monkeypatch.setattr(planted_leaks, "CANARIES", (*CANARIES, unseen))
    certificate = certify(["return_1"], random_walk(100), seed=0)
    assert certificate.leaking == () and not certificate.passed
    assert certificate.missed == ("a leak nobody sees",)
    assert "could not see" in certificate.sentence


def test_a_market_that_stands_still_shows_no_leak_and_the_certificate_does_not_pass() -> None:
    """Cut by removal alone, constant values would look the same; the certificate must not rest on that."""
    bars = random_walk(100)
    only_removed = certify_function(
        lambda bars, _: np.full((len(bars), 1), 7.0), ["seven"], bars, cuts=[60], seed=0
    ).findings[0]
    assert only_removed.outcome == "passed"  # a constant knows nothing; removal shows that it would be seen ahead
    assert only_removed.canary_caught


# One instrument at a time.


def _patched(monkeypatch: pytest.MonkeyPatch, name: str, computation: Callable[[Context], np.ndarray]) -> None:
    """A feature of the catalogue computed in another way, for one test."""
    features = dict(catalogue())
    features[name] = replace(features[name], computation=lambda context, **_: computation(context))
    monkeypatch.setattr("trimtab.features.catalogue._all_features", lambda: features)


def test_the_catalogue_is_the_same_alone_and_in_company() -> None:
    bars = random_walk(300)
    names = ["return_1", "rsi_14", "ema_distance_20", "volatility_percentile"]
    assert [each.name for each in check_isolation(names, bars, seed=0, surroundings=surroundings_of(bars))] == names
    assert all(each.is_isolated for each in check_isolation(names, bars, seed=0, surroundings=surroundings_of(bars)))


def test_a_feature_that_remembers_another_instrument_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    highest = {"seen": 0.0}

    def against_the_highest_ever(context: Context) -> np.ndarray:
        highest["seen"] = max(highest["seen"], float(context.close.max(initial=0.0)))
        return context.close / highest["seen"]

    _patched(monkeypatch, "return_1", against_the_highest_ever)
    found = check_isolation(["return_1", "rsi_14"], random_walk(300), seed=0)
    assert [(each.name, each.changed_by) for each in found if not each.is_isolated] == [
        ("return_1", "computed after another instrument")
    ]


def _undeclared(kind: str) -> Callable[[Context], np.ndarray]:
    def computation(context: Context) -> np.ndarray:
        beside = context.surroundings
        read = {
            "figures": lambda: 0.0 if beside.figures is None else beside.figures.value.sum(),
            "texts": lambda: 0.0 if beside.texts is None else np.nansum(beside.texts.score),
            "actions": lambda: 0.0 if beside.actions is None else beside.actions.value.sum(),
            "peers": lambda: sum(peer.close.sum() for peer in beside.peers.values()),
        }
        return context.close + float(read[kind]())

    return computation


@pytest.mark.parametrize(
    ("kind", "said"),
    [("figures", "filed figures"), ("texts", "posts"), ("actions", "actions"), ("peers", "bars of peers")],
)
def test_a_feature_that_reads_what_it_does_not_declare_is_named(
    kind: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _patched(monkeypatch, "return_1", _undeclared(kind))
    bars = random_walk(200)
    found = check_isolation(["return_1"], bars, seed=0, surroundings=surroundings_of(bars))
    assert said in found[0].changed_by


# On which bars.


def test_bars_are_chosen_where_the_facts_still_come() -> None:
    bars = random_walk(1000)
    published = bars.event_time[:300]
    beside = Surroundings(texts=Texts.build("FAKE", published, ["news"] * 300))
    stretch = newest_stretch(bars, beside, ["texts"], 200)
    assert len(stretch) == 200
    assert stretch.event_time[0] < published[-1] < stretch.event_time[-1] < bars.event_time[310]
    assert newest_stretch(bars, beside, [], 200).event_time[-1] == bars.event_time[-1]
    assert len(newest_stretch(bars, NOTHING, ["texts"], 200)) == 200
    before_all = Surroundings(texts=Texts.build("FAKE", [bars.event_time[0] - 900 * DAY], ["news"]))
    assert len(newest_stretch(bars, before_all, ["texts"], 200)) >= 2


def test_a_feature_whose_facts_are_not_there_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    features = dict(catalogue())
    quiet: Feature = replace(
        features["return_1"],
        name="quiet",
        inputs=("texts",),
        computation=lambda context, **_: np.full(len(context.close), np.nan),
    )
    monkeypatch.setattr("trimtab.features.catalogue._all_features", lambda: {**features, "quiet": quiet})
    finding = certify(["quiet", "return_1"], random_walk(100), seed=0).findings[0]
    assert (finding.outcome, finding.reason) == ("absent", "there are no posts or headlines")


def test_the_whole_certificate_names_leaks_in_time_and_in_company(monkeypatch: pytest.MonkeyPatch) -> None:
    first_of_peers = lambda beside: sum(float(peer.close[0]) for peer in beside.peers.values())  # noqa: E731
    _patched(monkeypatch, "return_1", lambda context: context.close + first_of_peers(context.surroundings))
    _patched(monkeypatch, "rsi_14", lambda context: np.append(context.close[1:], np.nan))
    bars = random_walk(300)
    whole = certify_whole(
        ["return_1", "rsi_14", "sma_distance_20"], bars, n_bars=100, seed=0, surroundings=surroundings_of(bars)
    )
    reasons = {each.name: each.reason for each in whole.findings if each.outcome == "leaks"}
    assert "beside other bars of peers" in reasons["return_1"]
    assert "when the future from row" in reasons["rsi_14"]
    assert whole.named("passed") == ("sma_distance_20",)
    assert not whole.passed and "return_1, rsi_14" in whole.sentence
    assert json.loads(json.dumps(whole.document())) == whole.document()
    assert whole.certificates[0].n_bars == 119  # and the look-back


def test_a_whole_certificate_with_something_unchecked_does_not_pass() -> None:
    whole = certify_whole(["return_1", "sma_distance_200"], random_walk(150), n_bars=100, seed=0)
    assert not whole.passed and "could not be checked: sma_distance_200" in whole.sentence
    assert certify_whole(["return_1"], random_walk(150), n_bars=100, seed=0).passed

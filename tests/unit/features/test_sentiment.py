"""Sentiment features: what three texts say, what is unknown, and real posts beside real bars."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.bars import bars_from_closes, random_walk
from fakes.surroundings import surroundings_of

from trimtab.bars import Bars
from trimtab.bars.files import read_bar_file
from trimtab.facts import Figures, Texts
from trimtab.facts.sources import read_texts
from trimtab.features.catalogue import catalogue, feature_sets
from trimtab.features.engine import compute
from trimtab.features.leaks import certify
from trimtab.features.surroundings import Surroundings
from trimtab.features.warmup import check_warmup, compute_tail
from trimtab.market import Series, Timeframe

NAMES = feature_sets()["sentiment"]
OF_TEXTS = tuple(name for name in NAMES if "texts" in catalogue()[name].needs)
OF_OPTIONS = tuple(name for name in NAMES if "options" in catalogue()[name].needs)
DAY = np.timedelta64(86_400_000_000, "us")
# Decided at the end of each of thirty days; a text of day 0.5 is half a day old in row 0.
BARS = bars_from_closes(100.0 * 1.01 ** np.arange(30))
START = BARS.event_time[0]


def _time(days: Any) -> np.ndarray:
    return START + (np.asarray(days, np.float64) * 86_400e6).astype("timedelta64[us]")


def _texts(
    days: list[float], channel: list[str], score: list[float], sure: list[float] | None = None, late: float = 0.0
) -> Surroundings:
    embedding = np.eye(len(days), 8, dtype=np.float32)
    words = [f"text {k}" for k in range(len(days))]
    known = _time(np.array(days) + late)
    return Surroundings(
        texts=Texts.build("AAA", _time(days), channel, words, score, sure, embedding=embedding, known_time=known)
    )


def _row(name: str, around: Surroundings, row: int, bars: Bars = BARS) -> float:
    return float(compute(bars, [name], surroundings=around).column(name)[row])


def _figures(**daily: list[float]) -> Surroundings:
    """Options of one value a day from day 0, each known at the end of its day."""
    rows = [(concept, k, value) for concept, values in daily.items() for k, value in enumerate(values)]
    concept, day, value = zip(*rows, strict=True)
    period = _time(list(day))
    return Surroundings(figures=Figures.build("AAA", list(concept), period, period, list(value), period + DAY))


THREE = _texts([0.0, 1.5, 3.0], ["news", "social", "social"], [0.8, -0.4, 0.1], [1.0, 0.5, 0.25])
NOW = 4  # decided on day 5: the texts are 5, 3.5 and 2 days old
AGE = np.array([5.0, 3.5, 2.0])
SCORE = np.array([0.8, -0.4, 0.1])


def _mean(values: Any, half_life: float, chosen: Any = slice(None), weights: Any = 1.0) -> float:
    weight = (2.0 ** (-AGE / half_life) * weights)[chosen]
    return float(weight @ np.asarray(values)[chosen] / weight.sum())


MOODS = {n: _mean(SCORE, n) for n in (1, 5, 20)}
SOCIAL = {n: _mean(SCORE, n, slice(1, 3)) for n in (1, 5, 20)}
CLOSED_FORMS = {
    "mood_all_1": MOODS[1],
    "mood_all_20": MOODS[20],
    "mood_news_5": 0.8,
    "mood_social_5": SOCIAL[5],
    "sure_mood_all": _mean(SCORE, 5, weights=np.array([1.0, 0.5, 0.25])),
    "mood_confidence_all": _mean([1.0, 0.5, 0.25], 5),
    "mood_strength_all": _mean(np.abs(SCORE), 5),
    "text_count_all_1": 0.0,
    "text_count_all_7": np.log(4.0),
    "text_count_social_7": np.log(3.0),
    "text_count_news_1": 0.0,
    "buzz_all": np.log(1.0 / (1.0 + 3.0 / 30.0)),
    "days_since_text_all": 2.0,
    "days_since_text_news": 5.0,
    "mood_momentum_all_1_5": MOODS[1] - MOODS[5],
    "mood_momentum_all_5_20": MOODS[5] - MOODS[20],
    "mood_surprise_all": 0.1 - (2.0 ** (-3.0 / 5) * 0.8 - 2.0 ** (-1.5 / 5) * 0.4) / (2.0**-0.6 + 2.0**-0.3),
    "mood_surprise_social": 0.5,
    "mood_dispersion_all_7": np.std(SCORE),
    "bullish_share_all_7": 2.0 / 3.0,
    "bearish_share_all_7": 1.0 / 3.0,
    "bearish_share_social_7": 0.5,
    "bullishness_all": np.log(3.0 / 2.0),
    "bullishness_news": np.log(2.0),
    "mood_disagreement_all": np.sqrt(1.0 - 1.0 / 9.0),
    "mood_disagreement_news": 0.0,
    "mood_news_less_social_5": 0.8 - SOCIAL[5],
    "theme_all_1": _mean([1.0, 0.0, 0.0], 5),
    "theme_social_2": _mean([0.0, 1.0, 0.0], 5, slice(1, 3)),
    "theme_news_3": 0.0,
    "theme_shift_news": 0.0,
}


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_three_texts_say_what_the_formula_says(name: str) -> None:
    assert _row(name, THREE, NOW) == pytest.approx(CLOSED_FORMS[name], abs=1e-12)


def test_the_shift_of_the_theme_is_the_angle_between_late_and_before() -> None:
    late, before = (np.array([2.0 ** (-age / n) for age in AGE]) for n in (1, 20))
    expected = 1.0 - late @ before / np.sqrt(late @ late * (before @ before))
    assert _row("theme_shift_all", THREE, NOW) == pytest.approx(expected, abs=1e-12)


def _with_points(*points: Any) -> Surroundings:
    """The three texts with other embeddings."""
    assert THREE.texts is not None
    return Surroundings(texts=replace(THREE.texts, embedding=np.array(points, np.float32)))


THEME = ("theme_all_1", "theme_all_2", "theme_shift_all")


def test_a_text_whose_point_is_unknown_says_nothing_of_the_subject_and_silences_no_other() -> None:
    nan = np.nan
    for unknown in ([nan, nan, nan], [nan, 1.0, 0.0], [0.0, np.inf, 0.0]):
        gap = compute(BARS, THEME, surroundings=_with_points([1.0, 0.0, 0.0], unknown, [0.0, 1.0, 0.0]))
        absent = _with_points([1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0])
        assert gap.values.tobytes() == compute(BARS, THEME, surroundings=absent).values.tobytes()
        assert not np.isnan(gap.values[:20]).any()


def test_a_new_embedder_begins_anew_and_changes_no_row_before_it() -> None:
    nan = np.nan
    alone = compute(BARS, THEME, surroundings=_with_points([3.0, 4.0], [1.0, 0.0], [0.0, 0.0])).values
    mixed = compute(BARS, THEME, surroundings=_with_points([3.0, 4.0, nan], [1.0, 0.0, nan], [0.0, 0.0, 2.0])).values
    # The third text, of day 3, is known from the row decided on day 3 on.
    assert mixed[:2].tobytes() == alone[:2].tobytes()
    np.testing.assert_array_equal(mixed[2:10], np.zeros((8, 3)))


def test_acceleration_is_the_momentum_now_less_the_momentum_known_five_days_before() -> None:
    momentum = compute(BARS, ["mood_momentum_all_5_20"], surroundings=THREE).column("mood_momentum_all_5_20")
    acceleration = compute(BARS, ["mood_acceleration_all"], surroundings=THREE).column("mood_acceleration_all")
    np.testing.assert_allclose(acceleration[5:], momentum[5:] - momentum[:-5], atol=1e-12)


def test_the_volatility_of_the_mood_is_the_spread_of_the_days_before() -> None:
    mood = compute(BARS, ["mood_all_1"], surroundings=THREE).column("mood_all_1")
    spread = compute(BARS, ["mood_volatility_all"], surroundings=THREE).column("mood_volatility_all")
    assert np.isnan(spread[:3]).all()
    for row in range(4, 20):
        # The mood of day 0 at 00:00 is a point before the first row.
        points = np.concatenate([[0.8], mood[: row + 1]])[-20:]
        assert spread[row] == pytest.approx(np.std(points), abs=1e-12)


def test_a_mood_that_likes_what_rose_agrees_with_the_price() -> None:
    liked = _texts([0.0], ["news"], [0.5])
    row = 25
    assert _row("mood_against_price_all", liked, row) == -0.5
    # Twenty equal rises: their sum is sqrt(20) times the root of their squares.
    assert _row("mood_less_price_all", liked, row) == pytest.approx(0.5 - np.tanh(np.sqrt(20.0)))
    falling = bars_from_closes(100.0 * 0.99 ** np.arange(30))
    assert _row("mood_against_price_all", liked, row, falling) == 0.5
    still = bars_from_closes(np.full(30, 100.0))
    assert _row("mood_against_price_all", liked, row, still) == 0.0
    assert _row("mood_less_price_all", liked, row, still) == 0.5


def test_without_any_text_everything_about_texts_is_unknown() -> None:
    for around in (Surroundings(), Surroundings(texts=Texts.empty("AAA")), _figures(implied_skew=[0.1] * 30)):
        assert np.isnan(compute(BARS, OF_TEXTS, surroundings=around).values).all()


def test_before_the_first_text_of_the_instrument_counts_are_unknown_and_then_zero_where_a_channel_is_silent() -> None:
    around = _texts([2.5], ["social"], [0.3])
    for name in ("text_count_news_7", "buzz_news", "bullishness_news"):
        assert np.isnan([_row(name, around, 0), _row(name, around, 1)]).all()
        assert _row(name, around, 2) == pytest.approx(0.0)
    for name in ("mood_news_5", "bullish_share_news_7", "days_since_text_news", "mood_disagreement_news"):
        assert np.isnan(compute(BARS, [name], surroundings=around).values).all(), name


def test_texts_that_nobody_scored_are_counted_and_have_no_mood() -> None:
    around = _texts([0.0, 1.0], ["news", "news"], [np.nan, np.nan])
    assert _row("text_count_news_7", around, 4) == pytest.approx(np.log(3.0))
    assert np.isnan(
        compute(BARS, ["mood_news_5", "bullish_share_news_7", "mood_surprise_news"], surroundings=around).values
    ).all()


def test_one_text_alone_is_not_dispersed_and_no_surprise() -> None:
    around = _texts([0.0], ["news"], [0.5])
    names = ["mood_dispersion_news_7", "mood_surprise_news", "mood_dispersion_all_30"]
    assert np.isnan(compute(BARS, names, surroundings=around).values).all()


def test_a_mood_is_forgotten_after_twenty_half_lives_of_silence() -> None:
    around = _texts([0.0], ["news"], [0.5])
    mood = compute(BARS, ["mood_news_1", "mood_news_5"], surroundings=around)
    assert mood.column("mood_news_1")[:20].tolist() == [0.5] * 20
    assert np.isnan(mood.column("mood_news_1")[20:]).all()
    assert mood.column("mood_news_5").tolist() == [0.5] * 30


def test_texts_without_an_embedding_or_with_a_short_one_have_no_theme_there() -> None:
    texts = THREE.texts
    assert texts is not None
    for d, known in ((0, 0), (2, 2)):
        around = Surroundings(texts=replace(texts, embedding=texts.embedding[:, :d]))
        values = compute(BARS, ["theme_all_1", "theme_all_2", "theme_all_3"], surroundings=around).values[NOW]
        assert (~np.isnan(values)).sum() == known


@pytest.mark.parametrize("name", OF_TEXTS)
def test_a_text_known_late_moves_no_row_before_it_was_known(name: str) -> None:
    bars = random_walk(80, seed=4)
    around = surroundings_of(bars)
    texts = around.texts
    assert texts is not None
    cut = bars.known_time[50]
    before = compute(bars, [name], surroundings=around).column(name)
    # Everything that became known after the row is delayed further, or was never said, or said the opposite.
    later = texts.known_time > cut
    for changed in (
        replace(texts, known_time=np.where(later, texts.known_time + 9 * DAY, texts.known_time)),
        texts.take(~later),
        replace(
            texts, score=np.where(later, -texts.score, texts.score), event_time=texts.event_time - later * 60 * DAY
        ),
    ):
        after = compute(bars, [name], surroundings=replace(around, texts=changed)).column(name)
        assert after[:51].tobytes() == before[:51].tobytes()


def test_decision_times_need_not_be_in_the_order_of_the_bars() -> None:
    bars = random_walk(120, seed=6)
    around = surroundings_of(bars)
    delayed = bars.known_time + np.random.default_rng(1).integers(0, 12, 120) * DAY
    assert (np.diff(delayed) < np.timedelta64(0)).any()
    values = compute(replace(bars, known_time=delayed), NAMES, surroundings=around).values
    for row in (40, 77, 119):
        alone = np.where(np.arange(120) == row, delayed, bars.known_time)
        one = compute(replace(bars, known_time=alone), NAMES, surroundings=around).values
        assert one[row].tobytes() == values[row].tobytes()


DAYS = 30
PUTS, CALLS = [100.0 + 10.0 * (k % 7) for k in range(DAYS)], [200.0 + 5.0 * (k % 5) for k in range(DAYS)]
OPTIONS = _figures(
    put_volume=PUTS, call_volume=CALLS, put_open_interest=CALLS, call_open_interest=PUTS,
    implied_volatility=[0.2 + 0.01 * (k % 6) for k in range(DAYS)], implied_skew=[0.01 * (k % 4) for k in range(DAYS)],
)  # fmt: skip
RATIO = np.array(PUTS) / np.array(CALLS)
FLOW = (np.array(CALLS) - np.array(PUTS)) / (np.array(CALLS) + np.array(PUTS))
TOTAL = np.array(CALLS) + np.array(PUTS)
IMPLIED = 0.2 + 0.01 * (np.arange(DAYS) % 6)
OPTION_FORMS = {
    "put_call_volume": RATIO[25],
    "put_call_open_interest": 1.0 / RATIO[25],
    "put_call_change_volume": np.log(RATIO[25] / RATIO[20]),
    "put_call_zscore_volume": (RATIO[25] - RATIO[5:25].mean()) / RATIO[5:25].std(ddof=1),
    "option_flow_volume": FLOW[25],
    "option_flow_open_interest": -FLOW[25],
    "option_flow_mean_volume": FLOW[21:26].mean(),
    "option_volume_to_usual": np.log(TOTAL[25] / TOTAL[5:25].mean()),
    "implied_volatility": IMPLIED[25],
    "implied_volatility_change": np.log(IMPLIED[25] / IMPLIED[20]),
    "implied_volatility_zscore": (IMPLIED[25] - IMPLIED[5:25].mean()) / IMPLIED[5:25].std(ddof=1),
    "implied_skew": 0.01,
    "implied_skew_change": 0.01,
    "implied_less_realised": IMPLIED[25] - np.log(1.01) * np.sqrt(365.25),
}


@pytest.mark.parametrize("name", OPTION_FORMS)
def test_options_say_what_the_formula_says(name: str) -> None:
    # The bar of day 25 is decided at its end, when its options are known.
    assert _row(name, OPTIONS, 25) == pytest.approx(OPTION_FORMS[name], abs=1e-9)


def test_options_that_stand_still_are_usual() -> None:
    still = _figures(put_volume=[0.1] * DAYS, call_volume=[0.3] * DAYS, implied_volatility=[0.2] * DAYS)
    for name in ("put_call_zscore_volume", "put_call_change_volume", "implied_volatility_zscore"):
        assert _row(name, still, 25) == 0.0
    assert _row("option_volume_to_usual", still, 25) == pytest.approx(0.0, abs=1e-12)


def test_options_nobody_traded_have_no_flow_and_no_ratio() -> None:
    silent = _figures(put_volume=[0.0] * DAYS, call_volume=[0.0] * DAYS)
    assert _row("option_flow_volume", silent, 25) == 0.0
    assert np.isnan([_row("put_call_volume", silent, 25), _row("option_volume_to_usual", silent, 25)]).all()


def test_an_old_day_of_options_says_nothing() -> None:
    stopped = _figures(implied_volatility=[0.2] * 5)
    values = compute(BARS, ["implied_volatility"], surroundings=stopped).column("implied_volatility")
    # Day 4 is the newest; it is 10 days old at the end of day 13.
    assert values[:14].tolist() == [0.2] * 14
    assert np.isnan(values[14:]).all()


def test_counts_and_volatilities_below_zero_are_unknown() -> None:
    wrong = _figures(put_volume=[-1.0] * DAYS, call_volume=[5.0] * DAYS, implied_volatility=[-0.2] * DAYS)
    assert np.isnan(
        compute(BARS, ["put_call_volume", "option_flow_volume", "implied_volatility"], surroundings=wrong).values
    ).all()


@pytest.mark.parametrize("name", OF_OPTIONS)
def test_options_known_late_move_no_row_before_they_were_known(name: str) -> None:
    bars = random_walk(80, seed=4)
    around = surroundings_of(bars)
    figures = around.figures
    assert figures is not None
    before = compute(bars, [name], surroundings=around).column(name)
    later = figures.known_time > bars.known_time[60]
    for changed in (
        replace(figures, known_time=np.where(later, figures.known_time + 9 * DAY, figures.known_time)),
        figures.take(~later),
        replace(figures, value=np.where(later, 3.0 * figures.value, figures.value)),
    ):
        after = compute(bars, [name], surroundings=replace(around, figures=changed)).column(name)
        assert after[:61].tobytes() == before[:61].tobytes()
    assert not np.isnan(before[21:61]).all()


def test_the_family_has_the_breadth_that_is_promised() -> None:
    assert len(OF_TEXTS) >= 39
    assert len(OF_OPTIONS) >= 10
    assert len(NAMES) == len(OF_TEXTS) + len(OF_OPTIONS)


@pytest.mark.slow
def test_real_tweets_beside_real_bars_neither_leak_nor_leave_their_bounds(shared_data: Path) -> None:
    everything = read_bar_file(shared_data / "equities_daily_stocknet.parquet").bars
    bars = everything[Series("AAPL", Timeframe.DAY)]
    bars = bars.take((bars.event_time >= np.datetime64("2014-01-01")) & (bars.event_time < np.datetime64("2015-07-01")))
    tweets = read_texts("posts", shared_data / "tweets.parquet", ["AAPL"])["AAPL"]
    around = Surroundings(texts=tweets)
    block = compute(bars, OF_TEXTS, surroundings=around)
    for name in OF_TEXTS:
        values = block.column(name)
        if "news" in name:
            continue  # tweets are no news
        low, high = catalogue()[name].bounds
        known = values[~np.isnan(values)]
        assert len(known) > 300, name
        assert len(np.unique(known)) > 10, name
        assert (low is None or known.min() >= low) and (high is None or known.max() <= high), name
    assert certify(OF_TEXTS, bars, cuts=3, seed=2, surroundings=around).leaking == ()
    assert [
        each for each in check_warmup(OF_TEXTS, bars, rows=100, surroundings=around) if each.difference > 1e-9
    ] == []


@pytest.mark.slow
def test_the_newest_rows_alone_are_those_of_the_whole_history(shared_data: Path) -> None:
    everything = read_bar_file(shared_data / "equities_daily_stocknet.parquet").bars
    bars = everything[Series("AAPL", Timeframe.DAY)]
    bars = bars.take((bars.event_time >= np.datetime64("2014-01-01")) & (bars.event_time < np.datetime64("2015-07-01")))
    around = Surroundings(texts=read_texts("posts", shared_data / "tweets.parquet", ["AAPL"])["AAPL"])
    full, tail = compute(bars, OF_TEXTS, surroundings=around), compute_tail(bars, OF_TEXTS, 5, surroundings=around)
    np.testing.assert_allclose(tail.values, full.values[-5:], rtol=1e-9, atol=1e-12)


def test_the_mood_of_a_real_day_is_the_mean_of_its_posts(shared_data: Path) -> None:
    posts = read_texts("scored_posts", shared_data / "sentiment.parquet", ["TSLA"], embedder="none")["TSLA"]
    days = np.arange(np.datetime64("2020-02-03"), np.datetime64("2020-06-01")).astype("datetime64[us]")
    price = np.full(len(days), 100.0)
    bars = Bars.build(Series("TSLA", Timeframe.DAY), days, price, price, price, price, price)
    values = compute(bars, ["bullish_share_social_7", "text_count_social_1"], surroundings=Surroundings(texts=posts))
    for row in (0, 50, 100):
        # Decided at the end of the day, when its posts are known; the posts of the next day are not.
        today = posts.event_time == days[row]
        week = (posts.event_time > days[row] - 7 * DAY) & (posts.event_time <= days[row])
        assert values.column("text_count_social_1")[row] == pytest.approx(np.log1p(today.sum()))
        assert values.column("bullish_share_social_7")[row] == pytest.approx(np.mean(posts.score[week] > 0.0))

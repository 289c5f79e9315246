"""Scores of texts: what the words of the market change, and that a score is always the same."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from trimtab.errors import UnknownNameError
from trimtab.facts.market_words import MARKET_WORDS, MarketWords
from trimtab.facts.scoring import LONGEST, SCORERS, TextScorer, VaderScorer, prepared, scorer_named

BULLISH = (
    "to the moon 🚀",
    "loading calls before the breakout",
    "Acme beats estimates and raises guidance",
    "buy the dip, shorts will get squeezed",
    "upgraded to overweight",
)
BEARISH = (
    "bag holders everywhere",
    "my puts are printing, this will crash",
    "Acme misses estimates, cuts guidance",
    "overvalued pump and dump",
    "downgraded to underperform 📉",
)


def _score(*texts: str, scorer: str = "vader") -> list[float]:
    return scorer_named(scorer).score(texts)[0].tolist()


@pytest.mark.parametrize("text", BULLISH)
def test_what_a_bull_writes_is_bullish(text: str) -> None:
    assert _score(text)[0] > 0.2


@pytest.mark.parametrize("text", BEARISH)
def test_what_a_bear_writes_is_bearish(text: str) -> None:
    assert _score(text)[0] < -0.2


def test_the_words_of_the_market_say_what_the_general_lexicon_does_not() -> None:
    plain = np.array(_score(*BULLISH, *BEARISH, scorer="vader-plain"))
    assert (plain == 0.0).sum() >= 4


@pytest.mark.parametrize("name", SCORERS)
def test_every_scorer_gives_scores_and_confidence_in_their_range_or_neither(name: str) -> None:
    texts = [*BULLISH, *BEARISH, "", "opens at nine", "!!!", "🚀" * 3000, "no", "x " * 5000, "\x00\ud800"]
    scorer: TextScorer = scorer_named(name)
    score, confidence = scorer.score(texts)
    assert score.shape == confidence.shape == (len(texts),)
    assert score.dtype == confidence.dtype == np.float64
    assert (np.isnan(score) == np.isnan(confidence)).all()
    known = ~np.isnan(score)
    assert (np.abs(score[known]) <= 1.0).all()
    assert ((confidence[known] >= 0.0) & (confidence[known] <= 1.0)).all()
    assert scorer.score([])[0].shape == scorer.score([])[1].shape == (0,)


def test_a_text_without_a_word_that_counts_is_neutral_with_no_confidence() -> None:
    score, confidence = VaderScorer().score(["opens at nine", ""])
    assert score.tolist() == confidence.tolist() == [0.0, 0.0]


def test_a_text_that_quarrels_with_itself_is_less_sure_than_one_that_does_not() -> None:
    score, confidence = VaderScorer().score(["breakout, strong, green", "breakout, strong, puts"])
    assert confidence[0] == score[0]
    assert 0.0 < confidence[1] < 0.8 * abs(score[1])


def test_negation_turns_a_score_whichever_apostrophe_was_typed() -> None:
    straight, curly, plain = _score("this isn't strong", "this isn’t strong", "this is strong")
    assert straight == curly < 0.0 < plain


def test_a_ticker_or_a_link_is_no_word() -> None:
    assert _score("$LOVE opens at nine", "see https://example.org/great-crash", "$ fun opens") == [0.0, 0.0, 0.0]
    assert _score("love it")[0] > 0.0


def test_a_phrase_counts_as_one_word_and_capitals_do_not_hide_it() -> None:
    assert _score("Short Squeeze")[0] > 0.4
    assert _score("short")[0] < 0.0
    assert prepared("a Short Squeeze now") == "a short_squeeze now"
    assert prepared("shortsqueezed") == "shortsqueezed"
    nested = MarketWords({}, {"to the": 1.0, "to the moon": 2.0}, {}, 1)
    assert prepared("to the moon, to the end", nested) == "to_the_moon, to_the end"


def test_an_emoji_counts_with_and_without_its_variation_selector() -> None:
    assert _score("✈") == _score("✈\ufe0f")
    assert _score("❤") == _score("❤\ufe0f") != [0.0]
    assert _score("📈📈")[0] > _score("📈")[0] > 0.0 > _score("📉")[0]


def test_html_escapes_are_read_as_what_they_stand_for() -> None:
    assert _score("it isn&#39;t strong") == _score("it isn't strong")


def test_only_the_beginning_of_an_endless_text_is_read() -> None:
    beginning = "strong " + "x " * LONGEST
    assert _score(beginning + " crash") == _score(beginning)


def test_the_market_words_leave_plain_vader_as_its_authors_made_it() -> None:
    before = _score(*BULLISH, *BEARISH, scorer="vader-plain")
    _score(*BULLISH)
    assert _score(*BULLISH, *BEARISH, scorer="vader-plain") == before
    assert scorer_named("vader-plain").name != scorer_named("vader").name


def test_the_lists_are_on_the_scale_of_the_lexicon_and_no_word_is_in_two_of_them() -> None:
    words, phrases, emojis = MARKET_WORDS.words, MARKET_WORDS.phrases, MARKET_WORDS.emojis
    weights = [*words.values(), *phrases.values(), *emojis.values()]
    assert max(map(abs, weights)) <= 4.0
    assert all(word == word.lower() and " " not in word for word in words)
    assert all(len(emoji) == 1 for emoji in emojis)
    assert len(words) < 250, "a small list; a dictionary is somebody else's work"


def test_no_word_is_given_two_weights() -> None:
    from trimtab.facts import market_words

    listed = [word for words in market_words._WORDS.values() for word in words.split()]
    listed += [phrase for phrases in market_words._PHRASES.values() for phrase in phrases.split("|")]
    listed += [emoji for emojis in market_words._EMOJIS.values() for emoji in emojis]
    assert sorted(listed) == sorted(set(listed))


def test_another_process_gives_the_same_scores() -> None:
    code = "from trimtab.facts.scoring import scorer_named as s; print(s('vader').score({!r})[0].tolist())"
    other = subprocess.run(
        [sys.executable, "-c", code.format([*BULLISH, *BEARISH])], capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == str(_score(*BULLISH, *BEARISH))


def test_an_unknown_scorer_is_answered_with_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match="unknown text scorer 'vadr'; did you mean 'vader'"):
        scorer_named("vadr")

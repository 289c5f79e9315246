"""Scoring a text: how bearish or bullish it sounds, and how sure that is.

`TextScorer` is what a scorer must do. `VaderScorer` is VADER (Hutto & Gilbert 2014) in the package of its authors,
with words of the market on top unless told otherwise; `NoScorer` leaves everything unscored. docs/sentiment.md
measures what the words are worth. Another scorer is one more line in `SCORERS`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from functools import cache, partial
from importlib import import_module
from importlib.metadata import version
from typing import Any, Protocol

import numpy as np

from trimtab.errors import UnknownNameError
from trimtab.facts.market_words import MARKET_WORDS, MarketWords

AUTHOR = "author"  # the scorer of a text whose writer said bullish or bearish himself
LONGEST = 5_000  # characters of a text that are read; a post has hundreds, and VADER's time grows with the square

_LINK = re.compile(r"https?://\S+")
_TICKER = re.compile(r"\$\s?[A-Za-z][A-Za-z.]{0,6}\b")
_SPELLING = {ord("’"): "'", ord("‘"): "'", 0xFE0F: None}  # the variation selector behind an emoji hides it from VADER


class TextScorer(Protocol):
    """Says how bullish texts are: without a network, and the same for the same text in every process."""

    @property
    def name(self) -> str:
        """Name and version, stored beside each score."""

    def score(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Score n texts.

        Returns the score, -1 bearish to 1 bullish, and the confidence in it, 0 to 1, both float64 of shape (n,)
        and both NaN where the scorer has nothing to say.
        """


class VaderScorer:
    """VADER, a lexicon with rules for negation, emphasis and "but", and the words of the market.

    The score is VADER's `compound`. The confidence is its size times how far the words of the text agree: the
    difference of VADER's positive and negative shares over their sum. A text without a word that counts has score
    and confidence 0: somebody wrote, and no mood was heard.

    >>> score, confidence = VaderScorer().score(["to the moon 🚀", "bag holders everywhere", "opens at nine"])
    >>> score.tolist(), confidence.tolist()
    ([0.7579, -0.4588, 0.0], [0.7579, 0.4588, 0.0])
    """

    def __init__(self, words: MarketWords | None = MARKET_WORDS) -> None:
        self._words = words

    @property
    def name(self) -> str:
        """`vader-3.3.2+market-1`, or `vader-3.3.2` as its authors made it."""
        return f"vader-{version('vaderSentiment')}" + ("" if self._words is None else f"+market-{self._words.version}")

    def score(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Score and confidence of each text; a text said twice is scored once."""
        polarity = _analyser(self._words).polarity_scores
        heard = {text: polarity(self._readable(text[:LONGEST])) for text in dict.fromkeys(texts)}
        found = np.array([[heard[t]["compound"], heard[t]["pos"], heard[t]["neg"]] for t in texts]).reshape(-1, 3)
        score, positive, negative = np.ascontiguousarray(found.T)
        both = positive + negative
        agreement = np.divide(np.abs(positive - negative), both, out=np.zeros(len(both)), where=both > 0.0)
        return score, np.abs(score) * agreement

    def _readable(self, text: str) -> str:
        return text if self._words is None else prepared(text, self._words)


class NoScorer:
    """Scores nothing: texts are counted, their mood stays unknown.

    >>> NoScorer().score(["anything"])
    (array([nan]), array([nan]))
    """

    name = "none"

    def score(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """NaN for every text."""
        return np.full(len(texts), np.nan), np.full(len(texts), np.nan)


SCORERS: dict[str, Callable[[], TextScorer]] = {
    "vader": VaderScorer,
    "vader-plain": partial(VaderScorer, None),
    "none": NoScorer,
}


def scorer_named(name: str) -> TextScorer:
    """The scorer of a name in `SCORERS`; `UnknownNameError` for another."""
    if name not in SCORERS:
        raise UnknownNameError("text scorer", name, SCORERS)
    return SCORERS[name]()


def prepared(text: str, words: MarketWords = MARKET_WORDS) -> str:
    """A text as VADER can read it: plain apostrophes, no links or tickers, phrases and emojis of the market as words.

    A ticker is a name and no word: `$LOVE` says nothing about love.

    >>> prepared("Don’t buy the dip in $LOVE &amp; go 🚀 https://example.org/x").split()
    ["Don't", 'buy_the_dip', 'in', '&', 'go', 'emoji_1f680']
    """
    phrase, spelling = _reading(words)
    plain = _TICKER.sub(" ", _LINK.sub(" ", html.unescape(text).translate(spelling)))
    return phrase.sub(lambda found: _one_word(found.group().lower()), plain)


@cache
def _reading(words: MarketWords) -> tuple[re.Pattern[str], dict[int, str | None]]:
    """What finds the phrases, the longest first, and how single characters are spelled."""
    phrases = sorted(words.phrases, key=lambda phrase: (-len(phrase), phrase))
    found = re.compile(rf"\b(?:{'|'.join(map(re.escape, phrases))})\b" if phrases else r"(?!)", re.IGNORECASE)
    return found, _SPELLING | {ord(each): f" {_name_of(each)} " for each in words.emojis}


def _one_word(phrase: str) -> str:
    return phrase.replace(" ", "_").replace("'", "")


def _name_of(emoji: str) -> str:
    return f"emoji_{ord(emoji):x}"


@cache
def _analyser(words: MarketWords | None) -> Any:
    """VADER's analyser; reading its lexicon takes a tenth of a second, so each is made once."""
    analyser = import_module("vaderSentiment.vaderSentiment").SentimentIntensityAnalyzer()
    if words is not None:
        analyser.lexicon.update(words.words)
        analyser.lexicon.update({_one_word(phrase): weight for phrase, weight in words.phrases.items()})
        analyser.lexicon.update({_name_of(emoji): weight for emoji, weight in words.emojis.items()})
    return analyser

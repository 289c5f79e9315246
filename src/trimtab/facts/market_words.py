"""Words of the market and how bullish they are, on VADER's scale: -4 the most bearish, 4 the most bullish.

A general lexicon thinks of joy and grief: it knows neither calls nor puts, takes `joke` for praise, and hears joy
where a laughing face mocks those who hold the share. Written here are trimtab's own words with weights in steps of a
half, set by what the words mean to traders and then looked at on the training part of labelled posts: a word whose
writers lean the other way was left out or turned around. `bulls` became a bearish word: who says it speaks about the
others. docs/sentiment.md has what all this is worth on posts that were kept aside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

VERSION = 1  # raised with every change of a word or a weight: another version gives other scores

# fmt: off
_WORDS = {
    2.5: "breakout rocket rockets",
    2.0: "bears boom moon mooning moons shorts skyrocket skyrockets",
    1.5: "ath beat beats beating bullish calls flying green highs long longs outperform outperforms overweight "
         "skyrocketing soar soars soaring squeeze steady strong surge surges surging undervalued upgrade upgraded upgrades",
    1.0: "accumulate accumulating adding boost boosts bounce bouncing cheap higher hodl holding jump jumps load loaded "
         "loading raised raises rally rallies rallying rebound rebounds record run runner run-up running target up "
         "uptrend upside",
    0.5: "add adds buyers call earnings hold holds patience recover recovery topped tops",
    0.0: "joy laughing lmao lol miss panic save scared shares top",  # VADER hears a mood in them, traders do not
    -0.5: "debt lower sell sellers",
    -1.0: "bags below delayed delays dilution downtrend fall falling falls hype hyped offering overbought prices probe "
          "pullback red short shorted shorting slide slides slump slumps tumble tumbles virus weak",
    -1.5: "bearish bull bulls burn cut cuts downgrade downgraded downgrades down drop dropped dropping drops drill "
          "drilling garbage joke plunge plunges plunging pump pumped put puts sink sinking sinks tank tanking tanks "
          "trash underperform underperforms underweight",
    -2.0: "bagholder bagholders bankrupt bankruptcy bleed bleeding bubble collapse collapses collapsing crash crashes "
          "crashing delusional dump dumped dumping dumps overpriced overvalued ponzi rug worthless",
}
_PHRASES = {
    2.0: "all time high|all time highs|beat expectations|beats expectations|beats estimates|beat estimates|blowout "
         "earnings|buy the dip|diamond hands|gap up|loading up|new highs|price target raised|raises guidance|record high|"
         "short squeeze|tops estimates|to the moon|let's go|lets go",
    -2.0: "bag holder|bag holders|bull trap|cuts guidance|dead cat bounce|falling knife|gap down|get out|going down|"
          "lowers guidance|misses estimates|misses expectations|my puts|price target cut|profit warning|"
          "pump and dump|rug pull|sell off|way down",
    0.0: "conference call|earnings call|long term|put in|up or down|no longer",  # no call, long or put of a trader
}
_EMOJIS = {
    2.5: "🚀🌕🌙📈💪",
    1.5: "💰🤑🙏🍀🥂🍻💵💸✅😎💚🤞🥳",
    1.0: "🎉🙌🔥👍✈💥",
    0.0: "😅😭",
    -1.0: "😂🤣🚨🤦🙄💀🤥🤢",
    -2.0: "📉🐷💩🔻🔪🤮🤡👎🤒🩸",
}
# fmt: on


def _spoken(weights: dict[float, str], separator: str | None) -> dict[str, float]:
    return {each: weight for weight, listed in weights.items() for each in listed.split(separator)}


@dataclass(frozen=True, eq=False)
class MarketWords:
    """Weights of words, phrases and emojis, lower-case, on VADER's scale.

    Attributes
    ----------
    words: single words.
    phrases: several words that count as one.
    emojis: of one code point each.
    version: part of the name of a score.
    """

    words: Mapping[str, float]
    phrases: Mapping[str, float]
    emojis: Mapping[str, float]
    version: int


MARKET_WORDS = MarketWords(
    _spoken(_WORDS, None),
    _spoken(_PHRASES, "|"),
    {each: weight for weight, listed in _EMOJIS.items() for each in listed},
    VERSION,
)

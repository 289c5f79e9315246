"""Sentiment: the mood of posts and headlines, aged and windowed, and what options say, as known by each decision.

A mood lies between -1 (bearish) and 1 (bullish). It is heard in three channels: `news` (professional), `social`
(retail) and `all` of them, others included. Decayed means halve the weight of a text with every half-life since it
became known (`trimtab.facts.moods`); days are of the clock, not bars, so a history of bars that begins late changes
nothing. Without texts a mood is unknown, never zero; counts are zero where a channel is silent but somebody had
spoken of the instrument before.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import product

import numpy as np

from trimtab.features import heard
from trimtab.features import stated_options as stated
from trimtab.features.catalogue import feature
from trimtab.features.context import Context
from trimtab.features.heard import OF_DAYS, PRICE, Channel, Mood
from trimtab.features.kernels.ratios import change, ratio
from trimtab.features.kernels.windows import window_sum
from trimtab.features.stated_options import Contracts, Implied, PerContract, Skew

sentiment = partial(feature, "sentiment", inputs=("texts",))
option = partial(feature, "sentiment", inputs=("options",))

USUAL = 30  # days that say how much is usually written
NOT_YET = "no text was known yet"
SILENT = "no scored text of the channel was known, or none within 20 half-lives"
NO_WINDOW = "no scored text of the channel became known in the window"
NO_DAY = "too few days of options figures were known, or the newest was over 10 days old"


def _across(*choices: Iterable[int]) -> tuple[tuple[int, ...], ...]:
    """Every combination of some choices, as one tuple per parameter."""
    return tuple(zip(*product(*choices), strict=True))


CHANNELS, BOTH = tuple(Channel), tuple(Contracts)
SPANS = _across(CHANNELS, (1, 5, 20))
WEEKS = _across(CHANNELS, (7, 30))
COUNTS = _across(CHANNELS, (1, 7, 30))
AXES = _across(CHANNELS, (1, 2, 3))
FAST_TO_SLOW = {1: 5, 5: 20}
PACES = _across(CHANNELS, FAST_TO_SLOW)


@sentiment(
    "mood_{channel}_{days}", "Mean mood of the texts ({channel}), aged with a half-life of {days} days.",
    formula="sum(score 2^(-age / {days} d)) / sum(2^(-age / {days} d))", channel=SPANS[0], days=SPANS[1],
    bounds=(-1.0, 1.0), unknown_when=SILENT,
)  # fmt: skip
def mood(c: Context, channel: int, days: int) -> np.ndarray:
    return heard.mood(c, channel, OF_DAYS[days])


@sentiment(
    "sure_mood_{channel}", "Mean mood of the texts ({channel}), the surer scores counting more; half-life 5 days.",
    formula="sum(score confidence 2^(-age / 5 d)) / sum(confidence 2^(-age / 5 d))", channel=CHANNELS,
    bounds=(-1.0, 1.0), unknown_when="no score of the channel with any confidence was known, or none lately",
)  # fmt: skip
def sure_mood(c: Context, channel: int) -> np.ndarray:
    return heard.mood(c, channel, Mood.SURE)


@sentiment(
    "mood_confidence_{channel}", "How sure the scores of the texts ({channel}) are; half-life 5 days.",
    formula="sum(confidence 2^(-age / 5 d)) / sum(2^(-age / 5 d))", channel=CHANNELS,
    bounds=(0.0, 1.0), unknown_when=SILENT,
)  # fmt: skip
def mood_confidence(c: Context, channel: int) -> np.ndarray:
    return heard.mood(c, channel, Mood.CONFIDENCE)


@sentiment(
    "mood_strength_{channel}", "How strong the moods of the texts ({channel}) are, for or against; half-life 5 days.",
    formula="sum(|score| 2^(-age / 5 d)) / sum(2^(-age / 5 d))", channel=CHANNELS,
    bounds=(0.0, 1.0), unknown_when=SILENT,
)  # fmt: skip
def mood_strength(c: Context, channel: int) -> np.ndarray:
    return heard.mood(c, channel, Mood.STRENGTH)


@sentiment(
    "text_count_{channel}_{days}", "How much was written ({channel}) in {days} days, as a logarithm.",
    formula="ln(1 + texts known in the last {days} days)",
    channel=COUNTS[0], days=COUNTS[1], bounds=(0.0, None), unknown_when=NOT_YET,
)  # fmt: skip
def text_count(c: Context, channel: int, days: int) -> np.ndarray:
    return np.log1p(c.of(heard.count, c, channel, days))


@sentiment(
    "buzz_{channel}", "Texts of a day ({channel}) against a usual day of the last 30, as a logarithm; 0 is usual.",
    formula="ln((1 + texts of 1 day) / (1 + texts of 30 days / 30))", channel=CHANNELS,
    bounds=(None, float(np.log(USUAL))), unknown_when=NOT_YET,
)  # fmt: skip
def buzz(c: Context, channel: int) -> np.ndarray:
    return np.log((1.0 + c.of(heard.count, c, channel, 1)) / (1.0 + c.of(heard.count, c, channel, USUAL) / USUAL))


@sentiment(
    "days_since_text_{channel}", "Days since the newest text ({channel}) became known.",
    formula="decision time - known time of the newest text, in days", channel=CHANNELS,
    bounds=(0.0, None), unknown_when="no text of the channel was known yet",
)  # fmt: skip
def days_since_text(c: Context, channel: int) -> np.ndarray:
    return heard.days_since(c, channel)


@sentiment(
    "mood_momentum_{channel}_{fast}_{slow}", "Mood of late ({channel}) less the mood of before.",
    formula="mood_{channel}_{fast} - mood_{channel}_{slow}",
    channel=PACES[0], fast=PACES[1], slow=tuple(FAST_TO_SLOW[fast] for fast in PACES[1]), bounds=(-2.0, 2.0),
    unknown_when=SILENT,
)  # fmt: skip
def mood_momentum(c: Context, channel: int, fast: int, slow: int) -> np.ndarray:
    return heard.mood(c, channel, OF_DAYS[fast]) - heard.mood(c, channel, OF_DAYS[slow])


@sentiment(
    "mood_acceleration_{channel}", "Change of the momentum of the mood ({channel}) in 5 days.",
    formula="mood_momentum_{channel}_5_20 now less the one known 5 days before", channel=CHANNELS,
    bounds=(-4.0, 4.0), unknown_when=SILENT + ", now or 5 days before",
)  # fmt: skip
def mood_acceleration(c: Context, channel: int) -> np.ndarray:
    now = heard.mood(c, channel, Mood.OF_5) - heard.mood(c, channel, Mood.OF_20)
    return now - (heard.mood(c, channel, Mood.OF_5, 5) - heard.mood(c, channel, Mood.OF_20, 5))


@sentiment(
    "mood_surprise_{channel}", "Score of the newest scored text ({channel}) less the mood before it.",
    formula="score - mood_{channel}_5 before it became known", channel=CHANNELS,
    bounds=(-2.0, 2.0), unknown_when="fewer than two scored texts of the channel were known, or none lately",
)  # fmt: skip
def mood_surprise(c: Context, channel: int) -> np.ndarray:
    return heard.mood(c, channel, Mood.SURPRISE)


@sentiment(
    "mood_volatility_{channel}", "How much the mood of a day ({channel}) went up and down over 20 days.",
    formula="stdev of mood_{channel}_1 as known now and 1 to 19 days before, of at least 5 that were known",
    channel=CHANNELS, bounds=(0.0, 1.0), unknown_when="fewer than 5 of the last 20 days had a mood of the channel",
)  # fmt: skip
def mood_volatility(c: Context, channel: int) -> np.ndarray:
    return np.minimum(heard.daily_spread(c, channel), 1.0)


@sentiment(
    "mood_dispersion_{channel}_{days}", "How far the scores of {days} days ({channel}) lie apart.",
    formula="stdev(scores of {days} days), divided by their count", channel=WEEKS[0], days=WEEKS[1],
    bounds=(0.0, 1.0), unknown_when="fewer than two scored texts of the channel became known in the window",
)  # fmt: skip
def mood_dispersion(c: Context, channel: int, days: int) -> np.ndarray:
    _, variance = heard.moments(c, channel, days)
    return np.where(c.of(heard.scored_count, c, channel, days) >= 2.0, np.minimum(np.sqrt(variance), 1.0), np.nan)


@sentiment(
    "bullish_share_{channel}_{days}", "Share of the scored texts of {days} days ({channel}) that are bullish.",
    formula="texts with score > 0.05 / scored texts", channel=WEEKS[0], days=WEEKS[1],
    bounds=(0.0, 1.0), unknown_when=NO_WINDOW,
)  # fmt: skip
def bullish_share(c: Context, channel: int, days: int) -> np.ndarray:
    return c.of(heard.share, c, channel, days, 1)


@sentiment(
    "bearish_share_{channel}_{days}", "Share of the scored texts of {days} days ({channel}) that are bearish.",
    formula="texts with score < -0.05 / scored texts", channel=WEEKS[0], days=WEEKS[1],
    bounds=(0.0, 1.0), unknown_when=NO_WINDOW,
)  # fmt: skip
def bearish_share(c: Context, channel: int, days: int) -> np.ndarray:
    return c.of(heard.share, c, channel, days, -1)


@sentiment(
    "bullishness_{channel}", "Bullish against bearish texts of 7 days ({channel}), as a logarithm; 0 where none took a side.",
    formula="ln((1 + bullish) / (1 + bearish)); Antweiler & Frank 2004", channel=CHANNELS,
    unknown_when=NOT_YET,
)  # fmt: skip
def bullishness(c: Context, channel: int) -> np.ndarray:
    bullish, bearish = c.of(heard.sides, c, channel)
    return np.log((1.0 + bullish) / (1.0 + bearish))


@sentiment(
    "mood_disagreement_{channel}", "How split the taken sides of 7 days ({channel}) are: 1 is half and half.",
    formula="sqrt(1 - ((bullish - bearish) / (bullish + bearish))^2); Antweiler & Frank 2004", channel=CHANNELS,
    bounds=(0.0, 1.0), unknown_when="no text of the channel took a side in 7 days",
)  # fmt: skip
def mood_disagreement(c: Context, channel: int) -> np.ndarray:
    bullish, bearish = c.of(heard.sides, c, channel)
    lean = ratio(bullish - bearish, bullish + bearish, np.nan)
    return np.sqrt(1.0 - lean * lean)


@sentiment(
    "mood_news_less_social_{days}", "Mood of the news less that of the posts, half-life {days} days.",
    formula="mood_news_{days} - mood_social_{days}", days=(1, 5, 20),
    bounds=(-2.0, 2.0), unknown_when="news or posts had no mood",
)  # fmt: skip
def mood_news_less_social(c: Context, days: int) -> np.ndarray:
    return heard.mood(c, Channel.NEWS, OF_DAYS[days]) - heard.mood(c, Channel.SOCIAL, OF_DAYS[days])


@sentiment(
    "mood_against_price_{channel}", "Mood ({channel}) with the sign turned where the price rose: positive is disagreement.",
    formula="-sign(close / close[t-20] - 1) mood_{channel}_5", inputs=("close", "texts"), channel=CHANNELS,
    lookback=PRICE, bounds=(-1.0, 1.0), unknown_when=SILENT,
)  # fmt: skip
def mood_against_price(c: Context, channel: int) -> np.ndarray:
    # Adding zero makes a negative zero a plain one.
    return 0.0 - np.sign(c.of(change, "close", PRICE)) * heard.mood(c, channel, Mood.OF_5)


@sentiment(
    "mood_less_price_{channel}", "Mood ({channel}) less the size of the move of 20 bars: who is further, words or price.",
    formula="mood_{channel}_5 - tanh(sum(r, 20) / sqrt(sum(r^2, 20))), r = ln(close[t] / close[t-1])",
    inputs=("close", "texts"), channel=CHANNELS, lookback=PRICE, bounds=(-2.0, 2.0), unknown_when=SILENT,
)  # fmt: skip
def mood_less_price(c: Context, channel: int) -> np.ndarray:
    return heard.mood(c, channel, Mood.OF_5) - c.of(heard.price_mood, c)


@sentiment(
    "theme_{channel}_{axis}", "What the texts ({channel}) speak about: axis {axis} of their embedding, half-life 5 days.",
    formula="sum(e[{axis}] 2^(-age / 5 d)) / sum(2^(-age / 5 d)), e of length 1",
    channel=AXES[0], axis=AXES[1], bounds=(-1.0, 1.0),
    unknown_when="no embedded text of the channel was known, or none within 20 half-lives",
)  # fmt: skip
def theme(c: Context, channel: int, axis: int) -> np.ndarray:
    return np.asarray(c.of(heard.theme_columns, c, channel)[:, axis - 1])


@sentiment(
    "theme_shift_{channel}", "How far the subject of late ({channel}) is from that of before: 0 the same, 2 the opposite.",
    formula="1 - cosine of the embeddings aged with half-lives of 1 and 20 days", channel=CHANNELS,
    bounds=(0.0, 2.0), unknown_when="no embedded text of the channel was known, or none within 20 days",
)  # fmt: skip
def theme_shift(c: Context, channel: int) -> np.ndarray:
    return np.asarray(c.of(heard.theme_columns, c, channel)[:, heard.SHIFT])


@option(
    "put_call_{contracts}", "Put contracts per call contract, by {contracts}.",
    formula="put_{contracts} / call_{contracts} of the newest day", contracts=BOTH,
    bounds=(0.0, None), unknown_when=NO_DAY + ", or no call was counted",
)  # fmt: skip
def put_call(c: Context, contracts: int) -> np.ndarray:
    return stated.of_contracts(c, contracts, PerContract.PUT_CALL)


@option(
    "put_call_change_{contracts}", "Change of puts per call, by {contracts}, over 5 stated days.",
    formula="ln(put_call_{contracts} / the one 5 days before)", contracts=BOTH,
    unknown_when=NO_DAY + ", or a side was not counted",
)  # fmt: skip
def put_call_change(c: Context, contracts: int) -> np.ndarray:
    return stated.of_contracts(c, contracts, PerContract.CHANGE)


@option(
    "put_call_zscore_{contracts}", "Puts per call, by {contracts}, against the 20 days before; 0 where those were alike.",
    formula="(put_call_{contracts} - mean) / stdev, of the 20 stated days before", contracts=BOTH,
    unknown_when=NO_DAY,
)  # fmt: skip
def put_call_zscore(c: Context, contracts: int) -> np.ndarray:
    return stated.of_contracts(c, contracts, PerContract.ZSCORE)


@option(
    "option_flow_{contracts}", "Calls less puts over both, by {contracts}, of the newest day; 0 where none were counted.",
    formula="(call - put) / (call + put)", contracts=BOTH, bounds=(-1.0, 1.0), unknown_when=NO_DAY,
)  # fmt: skip
def option_flow(c: Context, contracts: int) -> np.ndarray:
    return stated.of_contracts(c, contracts, PerContract.FLOW)


@option(
    "option_flow_mean_{contracts}", "Calls less puts over both, by {contracts}, mean of 5 stated days.",
    formula="mean(option_flow_{contracts}, 5)", contracts=BOTH, bounds=(-1.0, 1.0), unknown_when=NO_DAY,
)  # fmt: skip
def option_flow_mean(c: Context, contracts: int) -> np.ndarray:
    return stated.of_contracts(c, contracts, PerContract.FLOW_MEAN)


@option(
    "option_{contracts}_to_usual", "Option contracts, by {contracts}, against the mean of 20 days before, as a logarithm.",
    formula="ln((put + call) / mean of the 20 stated days before)", contracts=BOTH,
    unknown_when=NO_DAY + ", or nothing was counted",
)  # fmt: skip
def option_to_usual(c: Context, contracts: int) -> np.ndarray:
    return stated.of_contracts(c, contracts, PerContract.TO_USUAL)


@option(
    "implied_volatility", "Annual volatility that options imply at the money, 30 days ahead.",
    formula="as stated for the newest day", bounds=(0.0, None), unknown_when=NO_DAY,
)  # fmt: skip
def implied_volatility(c: Context) -> np.ndarray:
    return stated.implied(c, Implied.VOLATILITY)


@option(
    "implied_volatility_change", "Change of the implied volatility over 5 stated days.",
    formula="ln(implied_volatility / the one 5 days before)", unknown_when=NO_DAY,
)  # fmt: skip
def implied_volatility_change(c: Context) -> np.ndarray:
    return stated.implied(c, Implied.CHANGE)


@option(
    "implied_volatility_zscore", "Implied volatility against the 20 days before; 0 where those were alike.",
    formula="(implied_volatility - mean) / stdev, of the 20 stated days before", unknown_when=NO_DAY,
)  # fmt: skip
def implied_volatility_zscore(c: Context) -> np.ndarray:
    return stated.implied(c, Implied.ZSCORE)


@option(
    "implied_skew", "Implied volatility of 25-delta puts less that of calls: what protection costs more.",
    formula="as stated for the newest day", unknown_when=NO_DAY,
)  # fmt: skip
def implied_skew(c: Context) -> np.ndarray:
    return stated.skew(c, Skew.NEWEST)


@option(
    "implied_skew_change", "Change of the implied skew over 5 stated days.",
    formula="implied_skew less the one 5 days before", unknown_when=NO_DAY,
)  # fmt: skip
def implied_skew_change(c: Context) -> np.ndarray:
    return stated.skew(c, Skew.CHANGE)


@option(
    "implied_less_realised", "Implied volatility less the realised one of 20 bars, both annual: what insurance costs.",
    formula="implied_volatility - sqrt(sum(r^2, 20) / years those bars took), r = ln(close[t] / close[t-1])",
    inputs=("close", "options"), lookback=PRICE, unknown_when=NO_DAY,
)  # fmt: skip
def implied_less_realised(c: Context) -> np.ndarray:
    return stated.implied(c, Implied.VOLATILITY) - np.sqrt(
        window_sum(c.of(np.square, "log_return"), PRICE) / stated.years(c, PRICE)
    )

"""What was heard by the decision of each row: arrays of texts that several sentiment features share.

Every function is asked for through `Context.of`, so it is computed once for all features that need it.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from trimtab.facts import moods
from trimtab.facts.moods import FORGOTTEN, NEUTRAL, Heard, Windows
from trimtab.features.context import Context
from trimtab.features.kernels.ratios import ratio
from trimtab.features.kernels.windows import window_sum

PRICE = 20  # bars of the price a mood is compared with


class Channel(IntEnum):
    """Who speaks; it reads as a word in the name of a feature."""

    ALL = 0
    NEWS = 1
    SOCIAL = 2

    def __format__(self, _: str) -> str:
        return self.name.lower()


def spoken_by(channel: int) -> str:
    """The channel as texts name it, "" for all of them."""
    return "" if channel == Channel.ALL else format(Channel(channel))


def texts(c: Context, channel: int) -> Heard:
    """The texts of a channel, of all times."""
    return moods.heard(c.surroundings.texts, spoken_by(channel))


def scored(c: Context, channel: int) -> Heard:
    """The texts of a channel that have a score, of all times."""
    return moods.heard(c.surroundings.texts, spoken_by(channel), scored=True)


def mood_after(c: Context, channel: int, days: int) -> np.ndarray:
    """The mood after each scored text, its half-life in days; shape (texts,)."""
    known = c.of(scored, c, channel)
    return np.clip(moods.decayed_mean_after(known, known.score, None, days), -1.0, 1.0)


def mood(c: Context, channel: int, days: int, days_before: int = 0) -> np.ndarray:
    """The mood as known some days before each decision."""
    at = c.decision_time - np.timedelta64(days_before * moods.DAY_US, "us")
    return moods.as_known(c.of(scored, c, channel), c.of(mood_after, c, channel, days), at, FORGOTTEN * days)


def count(c: Context, channel: int, days: int) -> np.ndarray:
    """Texts of the channel in the window; unknown until somebody has spoken of the instrument at all."""
    windows = moods.last_days(c.of(texts, c, channel), c.decision_time, days)
    return np.where(c.of(texts, c, Channel.ALL).n_known(c.decision_time) > 0, windows.count, np.nan)


def scored_window(c: Context, channel: int, days: int) -> Windows:
    """The scored texts of the days up to each decision."""
    return moods.last_days(c.of(scored, c, channel), c.decision_time, days)


def share(c: Context, channel: int, days: int, side: int) -> np.ndarray:
    """Share of the scored texts of the window on the bullish (1) or bearish (-1) side."""
    taken = (side * c.of(scored, c, channel).score > NEUTRAL).astype(np.float64)
    return np.clip(moods.mean_and_variance(c.of(scored_window, c, channel, days), taken)[0], 0.0, 1.0)


def sides(c: Context, channel: int) -> tuple[np.ndarray, np.ndarray]:
    """Bullish and bearish texts of 7 days, whole numbers; unknown until somebody has spoken of the instrument."""
    count = c.of(scored_window, c, channel, 7).count
    bullish, bearish = (
        np.where(count > 0.0, np.rint(count * c.of(share, c, channel, 7, side)), 0.0) for side in (1, -1)
    )
    spoken = c.of(texts, c, Channel.ALL).n_known(c.decision_time) > 0
    return np.where(spoken, bullish, np.nan), np.where(spoken, bearish, np.nan)


def price_mood(c: Context) -> np.ndarray:
    """The move of 20 bars against their size, squeezed into [-1, 1]; 0 where the price stood still."""
    size = np.sqrt(window_sum(c.of(np.square, "log_return"), PRICE))
    return np.tanh(ratio(window_sum(c.log_return, PRICE), size, 0.0))


def spoken(c: Context, channel: int) -> Heard:
    """The texts with words: one without has no subject, and its embedding no length."""
    known = c.of(texts, c, channel)
    return known.take(np.any(known.embedding != 0.0, axis=1))


def theme_after(c: Context, channel: int, days: int) -> np.ndarray:
    """After each text with words, the mean of the embeddings so far, each of length one; shape (texts, d)."""
    known = c.of(spoken, c, channel)
    unit = known.embedding / np.sqrt(np.sum(known.embedding * known.embedding, axis=1, keepdims=True))
    return np.clip(moods.decayed_mean_after(known, unit, None, days), -1.0, 1.0)

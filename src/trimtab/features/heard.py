"""What was heard by the decision of each row: arrays of texts that several sentiment features share.

Functions of texts alone are asked for through `Context.prepared`: they hold for all times and are kept as long as the
texts are. Functions with a context are asked for through `Context.of`, so each is computed once for all features of a call.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from trimtab.facts import Texts, moods
from trimtab.facts.kernels import in_force, lagged_spread, moments_tree, n_not_later, window_moments
from trimtab.facts.moods import DAY_US, FORGOTTEN, NEUTRAL, Heard
from trimtab.facts.tables import point_lengths
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


@dataclass(frozen=True)
class Track:
    """Values that hold after each text of a channel until the next one.

    Attributes
    ----------
    times: when each text became known, microseconds since 1970, non-decreasing, shape (n,).
    values: one column per value, Fortran order, shape (n, k).
    longest: microseconds after which each column says nothing any more, shape (k,).
    """

    times: np.ndarray
    values: np.ndarray
    longest: np.ndarray


class Mood(IntEnum):
    """The columns of `moods_after`."""

    OF_1 = 0  # half-life in days
    OF_5 = 1
    OF_20 = 2
    SURE = 3
    CONFIDENCE = 4
    STRENGTH = 5
    SURPRISE = 6


OF_DAYS = {1: Mood.OF_1, 5: Mood.OF_5, 20: Mood.OF_20}
THEMES, SHIFT = 3, 3  # columns of `themes_after`: the axes, and how far the subject moved


def texts(told: Texts | None, channel: int) -> np.ndarray:
    """When each text of a channel became known, microseconds since 1970, non-decreasing."""
    return moods.heard(told, spoken_by(channel)).known_time.astype(np.int64)


def moods_after(told: Texts | None, channel: int) -> Track:
    """The moods of a channel after each of its scored texts, columns as in `Mood`."""
    scored = _scored(told, channel)
    score, sure = scored.score, scored.confidence

    def decayed(values: np.ndarray, days: int, least: float = -1.0, weights: np.ndarray | None = None) -> np.ndarray:
        return np.clip(moods.decayed_mean_after(scored, values, weights, days), least, 1.0)

    of_5 = decayed(score, 5)
    surprise = np.full(len(scored), np.nan)
    surprise[1:] = np.clip(score[1:] - of_5[:-1], -2.0, 2.0)
    columns = {
        Mood.OF_1: decayed(score, 1),
        Mood.OF_5: of_5,
        Mood.OF_20: decayed(score, 20),
        Mood.SURE: decayed(score, 5, weights=sure),
        Mood.CONFIDENCE: decayed(sure, 5, 0.0),
        Mood.STRENGTH: decayed(np.abs(score), 5, 0.0),
        Mood.SURPRISE: surprise,
    }
    return _track(scored, [columns[each] for each in Mood], [1, 5, 20, 5, 5, 5, 5])


def themes_after(told: Texts | None, channel: int) -> Track:
    """What the texts with words speak about after each of them: axes of the mean embedding, then its shift.

    A text without words has no subject, and its embedding no length; the others count with length one. So does a text
    count for nothing whose point is not known as a whole. Points of different length lie in different spaces, so after
    each text the mean is over those as long as its own: with a new embedder the subjects begin anew.
    """
    known = moods.heard(told, spoken_by(channel))
    lengths = point_lengths(known.embedding)
    is_whole = np.sum(np.isfinite(known.embedding), axis=1) == lengths
    is_subject = is_whole & np.any((known.embedding != 0.0) & ~np.isnan(known.embedding), axis=1)
    known, lengths = known.take(is_subject), lengths[is_subject]
    columns = np.full((len(known), THEMES + 1), np.nan)
    for length in np.unique(lengths):
        alike = lengths == length
        columns[alike] = _subjects(known.take(alike), int(length))
    return _track(known, list(columns.T), [5, 5, 5, 1])


def _subjects(known: Heard, length: int) -> np.ndarray:
    """After each text the columns of `themes_after`, of points that all have the same length, shape (n, 4)."""
    points = np.ascontiguousarray(known.embedding[:, :length])
    unit = points / np.sqrt(np.sum(points * points, axis=1, keepdims=True))
    late, middle, before = (
        np.clip(moods.decayed_mean_after(known, unit, None, days), -1.0, 1.0) for days in (1, 5, 20)
    )
    lengths = np.sqrt(np.sum(late * late, axis=1) * np.sum(before * before, axis=1))
    shift = np.clip(1.0 - ratio(np.sum(late * before, axis=1), lengths, np.nan), 0.0, 2.0)
    nothing = np.full(len(known), np.nan)
    axes = [middle[:, axis] if axis < middle.shape[1] else nothing for axis in range(THEMES)]
    return np.column_stack([*axes, shift])


def scores_tree(told: Texts | None, channel: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Moments of the scores over any window; of a side (1 bullish, -1 bearish) of whether they take it, 1 or 0."""
    score = _scored(told, channel).score
    return moments_tree((side * score > NEUTRAL).astype(np.float64) if side else score)


def _scored(told: Texts | None, channel: int) -> Heard:
    """The texts of a channel that have a score, without their embedding."""
    plain = None if told is None else replace(told, embedding=np.empty((len(told), 0), np.float32))
    return moods.heard(plain, spoken_by(channel), scored=True)


def _track(known: Heard, columns: list[np.ndarray], half_lives: list[int]) -> Track:
    values = np.array(columns).T  # Fortran order: each column is contiguous
    return Track(known.known_time.astype(np.int64), values, np.array(half_lives) * (FORGOTTEN * DAY_US))


def known_texts(c: Context, channel: int, days_before: int = 0) -> np.ndarray:
    """How many texts of the channel were known some days before each decision."""
    return n_not_later(c.prepared(texts, c.surroundings.texts, channel), c.decided - days_before * DAY_US)


def known_scores(c: Context, channel: int, days_before: int = 0) -> np.ndarray:
    """How many scored texts of the channel were known some days before each decision."""
    return n_not_later(c.prepared(moods_after, c.surroundings.texts, channel).times, c.decided - days_before * DAY_US)


def mood_columns(c: Context, channel: int, days_before: int = 0) -> np.ndarray:
    """The moods as known some days before each decision, columns as in `Mood`, shape (rows, 7)."""
    track = c.prepared(moods_after, c.surroundings.texts, channel)
    state = c.of(known_scores, c, channel, days_before) - 1
    return in_force(state, track.times, track.values, c.decided - days_before * DAY_US, track.longest)


def mood(c: Context, channel: int, kind: Mood, days_before: int = 0) -> np.ndarray:
    """One mood as known some days before each decision."""
    return np.asarray(c.of(mood_columns, c, channel, days_before)[:, kind])


def theme_columns(c: Context, channel: int) -> np.ndarray:
    """What the texts known at each decision speak about, columns as in `themes_after`, shape (rows, 4)."""
    track = c.prepared(themes_after, c.surroundings.texts, channel)
    state = n_not_later(track.times, c.decided) - 1
    return in_force(state, track.times, track.values, c.decided, track.longest)


def days_since(c: Context, channel: int) -> np.ndarray:
    """Days since the newest known text of the channel became known; NaN before the first."""
    times = c.prepared(texts, c.surroundings.texts, channel)
    known = c.of(known_texts, c, channel)
    out = np.full(len(known), np.nan)
    some = known > 0
    out[some] = (c.decided[some] - times[known[some] - 1]) / DAY_US
    return out


def daily_spread(c: Context, channel: int) -> np.ndarray:
    """Standard deviation of the mood of a day as known on each of the last 20 days, of at least 5."""
    track = c.prepared(moods_after, c.surroundings.texts, channel)
    return lagged_spread(track.times, track.values[:, Mood.OF_1], c.decided, DAY_US, 20, FORGOTTEN * DAY_US, 5)


def count(c: Context, channel: int, days: int) -> np.ndarray:
    """Texts of the channel in the window; unknown until somebody has spoken of the instrument at all."""
    found = c.of(known_texts, c, channel) - c.of(known_texts, c, channel, days)
    return np.where(c.of(known_texts, c, Channel.ALL) > 0, found.astype(np.float64), np.nan)


def scored_count(c: Context, channel: int, days: int) -> np.ndarray:
    """Scored texts of the channel in the window."""
    found: np.ndarray = c.of(known_scores, c, channel) - c.of(known_scores, c, channel, days)
    return found.astype(np.float64)


def moments(c: Context, channel: int, days: int, side: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of the scores in the window, or of whether they take a side; NaN where there are none."""
    tree = c.prepared(scores_tree, c.surroundings.texts, channel, side)
    first, end = c.of(known_scores, c, channel, days), c.of(known_scores, c, channel)
    mean, variance = window_moments(tree[0], tree[1], first, end)
    return mean, variance


def share(c: Context, channel: int, days: int, side: int) -> np.ndarray:
    """Share of the scored texts of the window on the bullish (1) or bearish (-1) side."""
    return np.clip(moments(c, channel, days, side)[0], 0.0, 1.0)


def sides(c: Context, channel: int) -> tuple[np.ndarray, np.ndarray]:
    """Bullish and bearish texts of 7 days, whole numbers; unknown until somebody has spoken of the instrument."""
    count = c.of(scored_count, c, channel, 7)
    bullish, bearish = (
        np.where(count > 0.0, np.rint(count * c.of(share, c, channel, 7, side)), 0.0) for side in (1, -1)
    )
    spoken = c.of(known_texts, c, Channel.ALL) > 0
    return np.where(spoken, bullish, np.nan), np.where(spoken, bearish, np.nan)


def price_mood(c: Context) -> np.ndarray:
    """The move of 20 bars against their size, squeezed into [-1, 1]; 0 where the price stood still."""
    size = np.sqrt(window_sum(c.of(np.square, "log_return"), PRICE))
    return np.tanh(ratio(window_sum(c.log_return, PRICE), size, 0.0))

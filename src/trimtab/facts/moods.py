"""Moods: what the texts known at a time say together, aged by half-lives or counted in windows of days.

The age of a text counts from the moment it became known: before that it could move nobody who listens here. Every
answer depends on the texts known at its time and on nothing else, to the last bit, whatever other times are asked
for and in whichever order.

A text that was scored again later is no new text: it keeps its age, and the score it was first known with.

A history of texts that begins late has another decayed mean than a full one, but soon only a little: texts older
than A carry, beside one new text, 2 ** (-A / half_life) of its weight each. Scores lie in [-1, 1], so leaving out m
texts older than A moves the mean by at most 2 m 2 ** (-A / half_life), over the weight of those that are left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.facts.kernels import decayed_means, lagged_spread, moments_tree, n_not_later, window_moments
from trimtab.facts.schema import TIME, Texts

DAY_US = 86_400_000_000  # microseconds of a day
FORGOTTEN = 20  # half-lives after which the newest text says nothing any more: a millionth of its weight
NEUTRAL = 0.05  # scores of at most this size are neither bullish nor bearish, as VADER's authors use them


@dataclass(frozen=True)
class Heard:
    """Texts of one channel in the order they became known.

    Attributes
    ----------
    known_time: when each could first be used, non-decreasing, `datetime64[us]`, UTC, shape (n,).
    score, confidence: as in `Texts`; NaN where nobody scored it.
    embedding: float64, shape (n, d).
    """

    known_time: np.ndarray
    score: np.ndarray
    confidence: np.ndarray
    embedding: np.ndarray

    def __len__(self) -> int:
        return len(self.known_time)

    def take(self, selection: np.ndarray) -> Heard:
        """The texts at some positions, by mask or increasing indices."""
        return Heard(
            self.known_time[selection], self.score[selection], self.confidence[selection], self.embedding[selection]
        )

    def n_known(self, at: np.ndarray) -> np.ndarray:
        """How many were known at each time, int64: those with `known_time <= at`."""
        return n_not_later(self.known_time.astype(np.int64), at.astype(np.int64))


def heard(texts: Texts | None, channel: str = "", scored: bool = False) -> Heard:
    """The texts of a channel in the order they became known, those known at once in the order they were published.

    Parameters
    ----------
    texts: every version of every text, in any order; None is none.
    channel: "" is every channel.
    scored: only texts with a score; one that was scored later is known from then on.
    """
    if texts is None:
        return Heard(np.empty(0, TIME), np.empty(0), np.empty(0), np.empty((0, 0)))
    wanted = np.ones(len(texts), dtype=bool) if not channel else texts.channel == channel
    chosen = np.flatnonzero(wanted & ~np.isnan(texts.score) if scored else wanted)
    order = chosen[np.lexsort((texts.event_time[chosen], texts.known_time[chosen]))]
    order = order[_is_first_version(texts, order)]
    return Heard(
        texts.known_time[order],
        texts.score[order],
        texts.confidence[order],
        texts.embedding[order].astype(np.float64),
    )


def _is_first_version(texts: Texts, order: np.ndarray) -> np.ndarray:
    """Of texts in the order they became known: which are not one that was known already, by time, channel and words."""
    times, first = texts.event_time[order], np.ones(len(order), dtype=bool)
    shared = np.unique(times, return_inverse=True, return_counts=True)
    said: set[tuple[object, ...]] = set()
    for row in np.flatnonzero(shared[2][shared[1]] > 1):  # words are compared where times are equal, which is rare
        text = (times[row], texts.channel[order[row]], texts.text[order[row]])
        first[row] = text not in said
        said.add(text)
    return first


def days_since(texts: Heard, at: np.ndarray) -> np.ndarray:
    """Days since the newest known text became known, shape (rows,); NaN before the first.

    >>> texts = heard(Texts.build("X", np.array(["2024-01-01"], "M8[us]"), ["news"]))
    >>> days_since(texts, np.array(["2023-12-31", "2024-01-02T12"], "M8[us]")).tolist()
    [nan, 1.5]
    """
    known = texts.n_known(at)
    out = np.full(len(at), np.nan)
    some = known > 0
    out[some] = (at[some] - texts.known_time[known[some] - 1]).astype(np.int64) / DAY_US
    return out


def as_known(texts: Heard, after: np.ndarray, at: np.ndarray, longest_days: float = np.inf) -> np.ndarray:
    """Of values that hold after each text, the one known at each time; NaN before the first and past `longest_days`."""
    out = np.full((len(at), *after.shape[1:]), np.nan)
    newest = texts.n_known(at) - 1
    rows = np.flatnonzero(newest >= 0)
    if longest_days < np.inf:
        age = (at[rows] - texts.known_time[newest[rows]]).astype(np.int64)
        rows = rows[age <= longest_days * DAY_US]
    out[rows] = after[newest[rows]]
    return out


def decayed_mean_after(
    texts: Heard, values: np.ndarray, weights: np.ndarray | None, half_life_days: float
) -> np.ndarray:
    """After each text, the mean of `values`, each weight halved with every half-life of age; shape of `values`."""
    once = np.ones(len(texts)) if weights is None else np.ascontiguousarray(weights, dtype=np.float64)
    columns = np.ascontiguousarray(values[:, None] if values.ndim == 1 else values)
    times = texts.known_time.astype(np.int64)
    return decayed_means(times, columns, once, half_life_days * DAY_US).reshape(values.shape)


def decayed_mean(
    texts: Heard, values: np.ndarray, at: np.ndarray, half_life_days: float, weights: np.ndarray | None = None
) -> np.ndarray:
    """The decayed mean known at each time, shape (rows, ...); NaN where the newest text is `FORGOTTEN`.

    Parameters
    ----------
    texts: those that count; hear only the scored where `values` are scores.
    values: of each text, float64, shape (n,) or (n, k).
    at: times asked for, in any order, `datetime64[us]`, UTC.
    weights: of each text besides its age, not negative; None counts all alike.

    >>> times = np.array(["2024-01-01", "2024-01-02"], "M8[us]")
    >>> texts = heard(Texts.build("X", times, ["news"] * 2, score=[1.0, -1.0]))
    >>> decayed_mean(texts, texts.score, times, half_life_days=1).round(4).tolist()  # (0.5 - 1) / (0.5 + 1)
    [1.0, -0.3333]
    """
    after = decayed_mean_after(texts, values, weights, half_life_days)
    return as_known(texts, after, at, FORGOTTEN * half_life_days)


@dataclass(frozen=True)
class Windows:
    """The texts of the last days at some times, by position: those from `first` up to `end`.

    Attributes
    ----------
    first, end: int64, shape (rows,).
    """

    first: np.ndarray
    end: np.ndarray

    @property
    def count(self) -> np.ndarray:
        """How many texts, float64."""
        return (self.end - self.first).astype(np.float64)


def last_days(texts: Heard, at: np.ndarray, days: int) -> Windows:
    """The texts that became known in the `days` days up to each time: later than that long ago, not later than it."""
    return Windows(texts.n_known(at - np.timedelta64(days * DAY_US, "us")), texts.n_known(at))


def mean_and_variance(windows: Windows, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance (divided by the count) of the values of the texts in each window; NaN where there are none."""
    return window_moments(*moments_tree(np.ascontiguousarray(values, dtype=np.float64)), windows.first, windows.end)


def spread_over_days(
    texts: Heard, values: np.ndarray, at: np.ndarray, days: int, least: int, longest_days: float
) -> np.ndarray:
    """Standard deviation of a value known after each text, looked at once a day on the last `days` days.

    NaN where fewer than `least` of those days had one that was at most `longest_days` old.
    """
    age = int(longest_days * DAY_US)
    times, asked = texts.known_time.astype(np.int64), at.astype(np.int64)
    return lagged_spread(times, np.ascontiguousarray(values), asked, DAY_US, days, age, least)

"""Which of the facts somebody tells are news, and since when: the rules by which versions are kept.

A figure is named by concept and period. Filings carry their own date, so a figure told again with another
value is a new version from that date on, and one told late about an earlier date takes its place in the
past. A statement that repeats the value in force is no version, but it is kept: should another value
turn up between the two, it says that the old one holds again. A text is named by its time, channel and words; another score or embedding of it is a new version
from when it was received, because it must not rewrite what decisions were taken on.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable
from dataclasses import dataclass, replace

import numpy as np

from trimtab.facts.schema import Figures, Texts
from trimtab.facts.tables import point_lengths
from trimtab.storage.hashing import sha256_bytes

TICK = np.timedelta64(1, "us")


@dataclass(frozen=True)
class AppendReport:
    """What an append did, in facts.

    Attributes
    ----------
    new: about which nothing was stored: a concept and period, or a text.
    restated: that differ from what is stored about the same; each became a new version.
    unchanged: that say what is stored; no version was written for them.
    """

    new: int
    restated: int
    unchanged: int


@dataclass(frozen=True)
class Version:
    """One stored version: since when it is known, `datetime64[us]`, and what it says."""

    known: np.datetime64
    says: Hashable


class Held:
    """What is held about each key, versions in the order of their known times."""

    def __init__(self) -> None:
        self._versions: dict[Hashable, list[Version]] = {}

    def add(self, key: Hashable, version: Version) -> None:
        """Hold one more version."""
        versions = self._versions.setdefault(key, [])
        versions.insert(bisect_right([each.known for each in versions], version.known), version)

    def latest(self, key: Hashable) -> Version | None:
        """The version known last, None where nothing is held."""
        versions = self._versions.get(key)
        return versions[-1] if versions else None

    def in_force(self, key: Hashable, time: np.datetime64) -> Version | None:
        """The version known last at a time, None where none was known."""
        versions = self._versions.get(key, [])
        at = bisect_right([each.known for each in versions], time)
        return versions[at - 1] if at else None


def new_figures(given: Figures, stored: Figures, received: np.datetime64) -> tuple[Figures, AppendReport]:
    """The given figures to store beside all stored ones, dated, and the count of all given.

    A figure that says what was known at its known time is nothing new; it is stored all the same where nobody
    stated it at that time, because an earlier statement may still arrive. One that contradicts a stored one
    of the very same known time is a correction nobody dated: it is known from when it was received.
    """
    held = Held()
    for key, known, value in zip(figure_keys(stored), stored.known_time, stored.value.tolist(), strict=True):
        held.add(key, Version(known, value))
    given = given.take(np.argsort(given.known_time, kind="stable"))
    known_time, n_new = given.known_time.copy(), 0
    is_news, is_kept = np.zeros(len(given), bool), np.zeros(len(given), bool)
    for i, (key, value) in enumerate(zip(figure_keys(given), given.value.tolist(), strict=True)):
        before, latest = held.in_force(key, known_time[i]), held.latest(key)
        is_stated = before is not None and before.known == known_time[i]
        if before is not None and latest is not None and is_stated and before.says != value:
            before = latest
            known_time[i] = max(received, latest.known + TICK)
        is_news[i] = before is None or before.says != value
        is_kept[i] = is_news[i] or not is_stated
        if is_kept[i]:
            n_new += latest is None
            held.add(key, Version(known_time[i], value))
    dated = replace(given, known_time=known_time, received_time=np.full(len(given), received))
    return dated.take(is_kept), _report(is_news, n_new)


def new_texts(given: Texts, stored: Texts, received: np.datetime64) -> tuple[Texts, AppendReport]:
    """The given texts that are news beside all stored versions, dated, and the count of all."""
    held = Held()
    for key, known, says in zip(text_keys(stored), stored.known_time, _said_of(stored), strict=True):
        held.add(key, Version(known, says))
    known_time, is_news, n_new = given.known_time.copy(), np.zeros(len(given), bool), 0
    for i, (key, says) in enumerate(zip(text_keys(given), _said_of(given), strict=True)):
        latest = held.latest(key)
        if latest is not None and latest.says == says:
            continue
        if latest is not None:
            known_time[i] = max(received, latest.known + TICK, known_time[i])
        n_new += latest is None
        is_news[i] = True
        held.add(key, Version(known_time[i], says))
    dated = replace(given, known_time=known_time, received_time=np.full(len(given), received))
    return dated.take(is_news), _report(is_news, n_new)


def figure_versions(figures: Figures) -> Figures:
    """Every version once, by period end, concept, start and known time.

    A statement that repeats the version before it is left out: it is known from the first time.
    """
    start = figures.period_start.astype(np.int64)
    figures = figures.take(np.lexsort((figures.known_time, start, figures.concept, figures.period_end)))
    if len(figures) == 0:
        return figures
    repeats = np.zeros(len(figures), bool)
    repeats[1:] = same_figure(figures) & (figures.value[1:] == figures.value[:-1])
    return figures.take(~repeats)


def text_versions(texts: Texts) -> Texts:
    """Every version by event time, channel, words and known time."""
    return texts.take(np.lexsort((texts.known_time, digests(texts), texts.channel, texts.event_time)))


def known_by(figures: Figures, time: np.datetime64) -> Figures:
    """Of every concept and period the version known last at a time; versions come as `figure_versions` gives them.

    >>> told = Figures.build(
    ...     "A", ["assets"] * 2, ["NaT"] * 2, ["2020-06-30"] * 2, [1.0, 2.0], ["2020-07-20", "2020-11-02"]
    ... )
    >>> known_by(told, np.datetime64("2020-10-01", "us")).value.tolist()
    [1.0]
    """
    known = figures.take(figures.known_time <= time)
    is_last = np.ones(len(known), bool)
    if len(known):
        is_last[:-1] = ~same_figure(known)
    return known.take(is_last)


def same_figure(figures: Figures) -> np.ndarray:
    """Whether each figure but the first is about the concept and period of the one before it, bool, (n - 1,)."""
    start = figures.period_start.astype(np.int64)  # as numbers, because NaT differs from itself
    same: np.ndarray = (figures.concept[1:] == figures.concept[:-1]) & (start[1:] == start[:-1])
    return same & (figures.period_end[1:] == figures.period_end[:-1])


def figure_keys(figures: Figures) -> list[Hashable]:
    """What each figure is about: concept, first and last moment of its period."""
    start, end = figures.period_start.astype(np.int64), figures.period_end.astype(np.int64)
    return list(zip(figures.concept.tolist(), start.tolist(), end.tolist(), strict=True))


def text_keys(texts: Texts) -> list[Hashable]:
    """What makes each text the one it is: time, channel, words."""
    times = texts.event_time.astype(np.int64).tolist()
    return list(zip(times, texts.channel.tolist(), texts.text.tolist(), strict=True))


def digests(texts: Texts) -> np.ndarray:
    """SHA-256 of the words of each text, array of str of 64 hex digits."""
    return np.array([sha256_bytes(str(text).encode()) for text in texts.text], dtype="U64")


def _said_of(texts: Texts) -> list[Hashable]:
    numbers = np.column_stack([texts.score, texts.confidence]) + 0.0  # so that -0.0 equals 0.0
    lengths = point_lengths(texts.embedding)  # a point is as long as it was told, whatever stands beside it
    points = [row[:length].tobytes() for row, length in zip(texts.embedding, lengths, strict=True)]
    scored = [row.tobytes() for row in numbers]
    return list(zip(texts.scorer.tolist(), scored, points, strict=True))


def _report(is_news: np.ndarray, n_new: int) -> AppendReport:
    return AppendReport(n_new, int(is_news.sum()) - n_new, int((~is_news).sum()))

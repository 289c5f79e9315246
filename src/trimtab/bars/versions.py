"""Versions of bars and actions: which are the latest, and what an append finds new or different."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trimtab.bars.schema import TIME, Bars

TICK = np.timedelta64(1, "us")


@dataclass(frozen=True)
class AppendReport:
    """What an append did, in bars (or in actions, where actions were appended).

    Attributes
    ----------
    new: whose event time was not stored before.
    restated: that differ from their latest stored version; each became a new version.
    unchanged: equal to their latest stored version; nothing was written for them.
    readjusted: how many of the restated differ in their factor only, so that a new vintage of a
        source's adjustment is never taken for news about prices; 0 for actions.
    """

    new: int
    restated: int
    unchanged: int
    readjusted: int = 0


@dataclass(frozen=True)
class Comparison:
    """What was given, beside what is stored; arrays of equal length, one element per given thing.

    Attributes
    ----------
    is_new: nothing is stored under its key.
    is_restated: something else is stored under its key.
    previous: known time of the latest stored version, `datetime64[us]`, NaT where it is new.
    stored_at: position of that version among the stored ones; meaningless where it is new.
    """

    is_new: np.ndarray
    is_restated: np.ndarray
    previous: np.ndarray
    stored_at: np.ndarray

    @property
    def is_changed(self) -> np.ndarray:
        """What becomes a new version."""
        changed: np.ndarray = self.is_new | self.is_restated
        return changed

    def report(self, is_readjusted: np.ndarray | None = None) -> AppendReport:
        """The comparison in numbers."""
        readjusted = 0 if is_readjusted is None else int(is_readjusted.sum())
        unchanged = int((~self.is_changed).sum())
        return AppendReport(int(self.is_new.sum()), int(self.is_restated.sum()), unchanged, readjusted)

    def known_time(self, first: np.ndarray, received: np.datetime64) -> np.ndarray:
        """When each becomes known: a first version as given, a later one when it is received.

        A clock that was set back must not put a later version before an earlier one.
        """
        known: np.ndarray = np.where(self.is_restated, np.maximum(received, self.previous + TICK), first)
        return known


def compare(
    given: Sequence[np.ndarray],
    stored: Sequence[np.ndarray],
    stored_at: np.ndarray,
    is_new: np.ndarray,
    known_time: np.ndarray,
) -> Comparison:
    """Set values beside the stored ones at given positions; NaN equals NaN.

    Parameters
    ----------
    given: columns of what was given.
    stored: the same columns of the latest stored versions, with their `known_time`.
    stored_at: per given thing, the position of its stored version.
    is_new: per given thing, whether it has none.
    """
    previous = np.full(len(is_new), np.datetime64("NaT"), TIME)
    differs = np.zeros(len(is_new), bool)
    if len(known_time):
        previous[~is_new] = known_time[stored_at][~is_new]
        for column, known in zip(given, stored, strict=True):
            differs |= different(column, known[stored_at])
    return Comparison(is_new, differs & ~is_new, previous, stored_at)


def different(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Where numbers differ, bool; one unknown is like another."""
    differs: np.ndarray = (one != other) & ~(np.isnan(one) & np.isnan(other))
    return differs


def is_last(key: np.ndarray) -> np.ndarray:
    """Whether each element is the last of its run of equal keys, bool; the keys come sorted."""
    last = np.ones(len(key), bool)
    last[:-1] = key[1:] != key[:-1]
    return last


def latest_of(versions: Bars) -> Bars:
    """The last version of every bar; versions come by event time, then known time."""
    latest = is_last(versions.event_time)
    return versions if latest.all() else versions.take(latest)


def in_order(versions: Bars) -> Bars:
    """Versions by event time, then known time."""
    times, known = versions.event_time, versions.known_time
    sorted_already = (times[1:] > times[:-1]) | ((times[1:] == times[:-1]) & (known[1:] > known[:-1]))
    return versions if sorted_already.all() else versions.take(np.lexsort((known, times)))

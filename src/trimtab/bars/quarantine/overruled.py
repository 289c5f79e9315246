"""What decisions mean for the next refresh: the overruled stays out, the settled is not refused again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import numpy as np

from trimtab.bars.quarantine.decision import QuarantineDecision, overruled_ids
from trimtab.bars.quarantine.identity import bar_ids
from trimtab.bars.quarantine.refused import one_bar
from trimtab.bars.schema import PRICES, TIME, Bars
from trimtab.bars.times import as_time


def without_overruled(bars: Bars, decisions: Sequence[QuarantineDecision], stored: Bars | None = None) -> Bars:
    """Delivered bars, in their order, without those that a release or a correction has overruled.

    Before the checks. Where no other bar of that time was delivered, the stored one takes its place,
    with the factor that was delivered: its neighbours are then judged beside what is believed, no
    gap is seen where none is, and a new vintage of the adjustment reaches a corrected bar too.
    A bar that was merely rejected stays in sight of the checks: another one of its time may be in
    conflict with it, and nobody has said yet that the other is true.

    Parameters
    ----------
    decisions: all decisions about the series, in the order they were taken.
    stored: the bars of the store as stored, by event time; absent, an overruled bar is left out.
    """
    rows = _overruled(bars, _settling(decisions).keys(), decisions)
    if len(rows) == 0:
        return bars
    kept = np.ones(len(bars), bool)
    kept[rows] = False
    if stored is None:
        return bars.take(kept)
    _, first = np.unique(bars.event_time[rows], return_index=True)
    alone = rows[first][~np.isin(bars.event_time[rows[first]], bars.event_time[kept])]
    replaced = alone[np.isin(bars.event_time[alone], stored.event_time)]
    kept[replaced] = True
    return _with_stored_values(bars, replaced, stored).take(kept)


def accept_decided(bars: Bars, accepted: np.ndarray, decisions: Sequence[QuarantineDecision]) -> np.ndarray:
    """Which delivered bars to store, bool per bar: what the checks accepted, as far as nobody decided otherwise.

    After the checks. What is overruled is not stored, whatever the checks say now. A bar equal to
    what the last decision about its time stored is, though they object as they did before: somebody
    has answered them. Of several equal rows the first is meant, and none where another bar of that
    time was accepted.

    Parameters
    ----------
    accepted: bool per bar, the verdict of the checks.
    decisions: all decisions about the series, in the order they were taken.
    """
    chosen = accepted.copy()
    chosen[_overruled(bars, [decision.event_time for decision in decisions], decisions)] = False
    settling = _settling(decisions)
    rows = _rows_at(bars, settling.keys())
    rows = rows[~np.isin(bars.event_time[rows], bars.event_time[chosen])]
    if len(rows) == 0:
        return chosen
    settled = {name for made in settling.values() for name in _stored_by(bars, made)}
    first: dict[str, int] = {}
    for name, row in zip(bar_ids(bars, rows), rows, strict=True):
        if name in settled:
            first.setdefault(name, int(row))
    chosen[list(first.values())] = True
    return chosen


def _settling(decisions: Sequence[QuarantineDecision]) -> dict[datetime | None, QuarantineDecision]:
    """The last decision that stored something, by event time."""
    return {decision.event_time: decision for decision in decisions if decision.values is not None}


def _stored_by(bars: Bars, made: QuarantineDecision) -> list[str]:
    return bar_ids(one_bar(bars.series, made.event_time, made.values or {}))


def _rows_at(bars: Bars, times: Iterable[datetime | None]) -> np.ndarray:
    known = np.array([as_time(time) for time in times if time is not None], TIME)
    # Without decisions, as is usual, nothing is looked for.
    rows: np.ndarray = np.flatnonzero(np.isin(bars.event_time, known)) if len(known) else np.empty(0, np.int64)
    return rows


def _overruled(bars: Bars, times: Iterable[datetime | None], decisions: Sequence[QuarantineDecision]) -> np.ndarray:
    """Positions of overruled bars at some times; only bars at these times are hashed."""
    rows = _rows_at(bars, times)
    if len(rows) == 0:
        return rows
    overruled = overruled_ids(bars.series, decisions)
    return rows[[name in overruled for name in bar_ids(bars, rows)]]


def _with_stored_values(bars: Bars, rows: np.ndarray, stored: Bars) -> Bars:
    at = np.searchsorted(stored.event_time, bars.event_time[rows])
    arrays = {name: array.copy() for name, array in bars.arrays()}
    for name in (*PRICES, "volume"):
        arrays[name][rows] = getattr(stored, name)[at]
    factor = arrays["factor"][rows]
    arrays["factor"][rows] = np.where(np.isfinite(factor) & (factor > 0), factor, stored.factor[at])
    return Bars(bars.series, **arrays)

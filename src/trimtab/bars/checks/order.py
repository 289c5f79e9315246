"""Checks on times: every bar has its own, and they come in order."""

from __future__ import annotations

import numpy as np

from trimtab.bars.checks.verdict import Finding, findings_at
from trimtab.bars.schema import PRICES, Bars
from trimtab.config.quality import CheckLimits

_MANY = 0.2


def check_out_of_order(bars: Bars) -> list[Finding]:
    """out_of_order, a warning: order is no property of a bar, and the store sorts.

    One finding per bar that is earlier than a bar before it; where more than a fifth are (a file
    written newest first), one finding for all.
    """
    known = np.flatnonzero(~np.isnat(bars.event_time))
    times = bars.event_time[known]
    late = known[1:][times[1:] < np.maximum.accumulate(times)[:-1]] if len(known) else known
    some = "earlier than a bar before it; sorted by time"
    many = "{} of {} bars are earlier than a bar before them; they are sorted by time"
    return one_or_each("out_of_order", bars.event_time, late, len(known), some, many)


def one_or_each(check: str, event_time: np.ndarray, rows: np.ndarray, n: int, some: str, many: str) -> list[Finding]:
    """A warning per row; where more than a fifth of `n` bars are meant, one for all that says how many."""
    if len(rows) > max(_MANY * n, 1):
        return findings_at(check, "warning", event_time, rows[:1], many.format(len(rows), n))
    return findings_at(check, "warning", event_time, rows, some)


def check_duplicates(bars: Bars, usable: np.ndarray, context: Bars | None, limits: CheckLimits) -> list[Finding]:
    """duplicate_time and conflicting_duplicate; `usable` (bool per bar) is what no other check refused.

    One row stands for its time, the first usable one; every other is a `duplicate_time` and is
    quarantined. Where usable rows agree (same open and close, high and low within
    `duplicate_range`; volume is revised so often that it does not count) they are one bar told
    twice. Where they do not, nobody here can say which is true: all of them are quarantined as
    `conflicting_duplicate`, except one that equals the bar stored already (`context`).
    """
    rows = np.flatnonzero(~np.isnat(bars.event_time))
    rows = rows[np.argsort(bars.event_time[rows], kind="stable")]
    times = bars.event_time[rows]
    starts = np.flatnonzero(np.r_[True, times[1:] != times[:-1]])
    if len(starts) == len(rows) or len(rows) == 0:
        return []
    sizes = np.diff(np.r_[starts, len(rows)])
    # The lowest of these numbers in a set is its first usable row, or its first row if none is.
    preference = np.arange(len(rows)) + np.where(usable[rows], 0, len(rows))
    kept = rows[np.minimum.reduceat(preference, starts) % len(rows)]
    disagrees = usable[rows] & ~_agree(bars, rows, np.repeat(kept, sizes), limits)
    conflicts: list[Finding] = []
    for number in np.flatnonzero(np.logical_or.reduceat(disagrees, starts)):
        members = rows[starts[number] : starts[number] + sizes[number]]
        stored = _equal_to_stored(bars, members[usable[members]], context)
        kept[number] = kept[number] if stored is None else stored
        conflicts += _conflict(bars, members[usable[members]], stored)
    extra = np.flatnonzero((rows != np.repeat(kept, sizes)) & (np.repeat(sizes, sizes) > 1))
    details = [f"one of {size} rows with this time" for size in np.repeat(sizes, sizes)[extra]]
    return [*findings_at("duplicate_time", "quarantine", bars.event_time, rows[extra], details), *conflicts]


def _conflict(bars: Bars, members: np.ndarray, stored: int | None) -> list[Finding]:
    stands = "none can be trusted" if stored is None else "the one equal to the stored bar stands"
    detail = f"{len(members)} rows with this time disagree ({_widest(bars, members)}); {stands}"
    refused = members if stored is None else members[members != stored]
    return findings_at("conflicting_duplicate", "quarantine", bars.event_time, refused, detail)


def _widest(bars: Bars, members: np.ndarray) -> str:
    """The price on which the rows disagree most, with its values."""
    name = max(PRICES, key=lambda name: float(np.ptp(getattr(bars, name)[members])))
    return f"{name} " + ", ".join(f"{value:.10g}" for value in getattr(bars, name)[members])


def _agree(bars: Bars, rows: np.ndarray, kept: np.ndarray, limits: CheckLimits) -> np.ndarray:
    agree = np.ones(len(rows), bool)
    for name in PRICES:
        tolerance = limits.price_noise if name in ("open", "close") else limits.duplicate_range
        price = getattr(bars, name)
        agree &= np.abs(price[rows] - price[kept]) <= tolerance * np.abs(price[kept])
    return agree


def _equal_to_stored(bars: Bars, members: np.ndarray, context: Bars | None) -> int | None:
    if context is None or len(context) == 0:
        return None
    at = int(np.searchsorted(context.event_time, bars.event_time[members[0]]))
    if at == len(context) or context.event_time[at] != bars.event_time[members[0]]:
        return None
    for row in members:
        if all(getattr(bars, name)[row] == getattr(context, name)[at] for name in (*PRICES, "volume")):
            return int(row)
    return None

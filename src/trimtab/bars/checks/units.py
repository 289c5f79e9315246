"""Bars, or single prices of bars, in another unit: a hundred times too high or too low."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from trimtab.bars.checks.verdict import Finding, findings_at
from trimtab.bars.schema import Bars
from trimtab.config.quality import CheckLimits

_HUNDRED = np.log(100.0)
# Prices less than a factor 10 apart are of one unit: that is half way to 100.
_NEAR = np.log(10.0)


def check_units(bars: Bars, limits: CheckLimits) -> list[Finding]:
    """unit_error: bars, or single prices of bars, 100 times too high or too low.

    Quarantine: a stretch bounded by a jump of a factor 100 and a jump back, or one of at most
    `unit_bars` at either end of the bars that begins or ends between two bars; and an open, high
    or low in another unit than the prices beside it. What never comes back and lasts longer is a
    new level (a reverse split, a redenomination) and is left to `unadjusted_split`.

    Warning: a bar that opens at the level before it and closes a factor 100 away, where the next
    does not come back. A market that collapses trades through such a bar; an error of the unit
    jumps between two.
    """
    close, opened = np.log(bars.close * bars.factor), np.log(bars.open * bars.factor)
    through = np.r_[False, np.abs(opened[1:] - close[:-1]) < _NEAR][: len(bars)]
    unit = _other_unit(close, through, limits)
    apart = _is_hundred(opened - close, limits)
    moved = apart & _trades_through(opened, close, unit)
    refused = _details_of_refused(bars, unit, apart & ~moved, limits)
    crossed = np.r_[False, _is_hundred(np.diff(close), limits)][: len(bars)] & through
    moved = np.setdiff1d(np.flatnonzero(moved | crossed), list(refused))
    moves = [_say_move(bars, int(row)) for row in moved]
    rows = np.array(sorted(refused), dtype=np.int64)
    return [
        *findings_at("unit_error", "quarantine", bars.event_time, rows, [refused[int(row)] for row in rows]),
        *findings_at("unit_error", "warning", bars.event_time, moved, moves),
    ]


def _is_hundred(distance: np.ndarray, limits: CheckLimits) -> np.ndarray:
    is_hundred: np.ndarray = np.abs(np.abs(distance) - _HUNDRED) < limits.unit_tolerance
    return is_hundred


def _trades_through(opened: np.ndarray, close: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Bool per bar: it opens near the last close of the right unit, and the next bar does not return to its open."""
    n = len(close)
    last_right = np.maximum.accumulate(np.where(unit == 0, np.arange(n), -1))
    before = np.r_[-1, last_right][:n]
    began = (before >= 0) & (np.abs(opened - close[before]) < _NEAR)
    returns = np.r_[np.abs(close[1:] - opened[:-1]) < _NEAR, False][:n]
    through: np.ndarray = began & ~returns
    return through


def _details_of_refused(bars: Bars, unit: np.ndarray, odd_open: np.ndarray, limits: CheckLimits) -> dict[int, str]:
    """What is wrong with each row that is in another unit, or has a price that is."""
    details = {
        int(row): f"close {bars.close[row]:.10g} is about {'100 times' if unit[row] > 0 else '1/100 of'} "
        "the level around it"
        for row in np.flatnonzero(unit)
    }
    odd = {"open": odd_open}
    for name in ("high", "low"):
        price = getattr(bars, name)
        # One that is near the open is no odder than the open is.
        odd[name] = _is_hundred(np.log(price / bars.close), limits) & (np.abs(np.log(price / bars.open)) >= _NEAR)
    for name, rows in odd.items():
        for row in np.flatnonzero(rows):
            details.setdefault(
                int(row),
                f"{name} {getattr(bars, name)[row]:.10g} and close {bars.close[row]:.10g} are a factor of about 100 apart",
            )
    return details


def _say_move(bars: Bars, row: int) -> str:
    return (
        f"open {bars.open[row]:.10g} is at the level before and close {bars.close[row]:.10g} about a factor 100 away: "
        "a market that traded so far, or a close in another unit"
    )


def _other_unit(log_close: np.ndarray, through: np.ndarray, limits: CheckLimits) -> np.ndarray:
    """Per bar: how many factors of 100 its close is away from the bars around it; 0 is right."""
    unit = np.zeros(len(log_close), np.int64)
    jumps = np.diff(log_close)
    at = np.flatnonzero(_is_hundred(jumps, limits))
    if len(at) == 0:
        return unit
    # How many factors of 100 each bar is away from the first; the commonest number is the right one.
    offset = np.zeros(len(log_close), np.int64)
    offset[at + 1] = np.sign(jumps[at]).astype(np.int64)
    offset = np.cumsum(offset)
    numbers, counts = np.unique(offset, return_counts=True)
    right = numbers[np.argmax(counts)]
    edges = np.r_[0, at + 1, len(log_close)]
    for first, last in pairwise(edges):
        if offset[first] != right and _is_a_stretch(offset, through, first, last, limits):
            unit[first:last] = offset[first] - right
    return unit


def _is_a_stretch(offset: np.ndarray, through: np.ndarray, first: int, last: int, limits: CheckLimits) -> bool:
    if first > 0 and last < len(offset) and offset[first - 1] == offset[last]:
        return True
    jumped = not all(through[edge] for edge in (first, last) if 0 < edge < len(offset))
    return bool(jumped and last - first <= limits.unit_bars and 2 * (last - first) < len(offset))

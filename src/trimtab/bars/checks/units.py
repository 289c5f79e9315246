"""Bars, or single prices of bars, in another unit: a hundred times too high or too low."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from trimtab.bars.checks.verdict import Finding, findings_at
from trimtab.bars.schema import Bars
from trimtab.config.quality import CheckLimits

_HUNDRED = np.log(100.0)


def check_units(bars: Bars, limits: CheckLimits) -> list[Finding]:
    """unit_error, quarantine: bars, or single prices of bars, 100 times too high or too low.

    A stretch is bounded by a jump of a factor 100 and a jump back, or is at most `unit_bars` long
    at either end of the bars. What never comes back and lasts longer is a new level (a reverse
    split, a redenomination) and is left to `unadjusted_split`.
    """
    unit = _other_unit(np.log(bars.close * bars.factor), limits)
    details = {}
    for row in np.flatnonzero(unit):
        details[int(row)] = (
            f"close {bars.close[row]:.10g} is about {'100 times' if unit[row] > 0 else '1/100 of'} the level around it"
        )
    for name in ("open", "high", "low"):
        distance = np.abs(np.abs(np.log(getattr(bars, name) / bars.close)) - _HUNDRED)
        for row in np.flatnonzero(distance < limits.unit_tolerance):
            details.setdefault(
                int(row),
                f"{name} {getattr(bars, name)[row]:.10g} and close {bars.close[row]:.10g} are a factor of about 100 apart",
            )
    rows = np.array(sorted(details), dtype=np.int64)
    return findings_at("unit_error", "quarantine", bars.event_time, rows, [details[int(row)] for row in rows])


def _other_unit(log_close: np.ndarray, limits: CheckLimits) -> np.ndarray:
    """Per bar: how many factors of 100 its close is away from the bars around it; 0 is right."""
    unit = np.zeros(len(log_close), np.int64)
    jumps = np.diff(log_close)
    at = np.flatnonzero(np.abs(np.abs(jumps) - _HUNDRED) < limits.unit_tolerance)
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
        if offset[first] != right and _is_a_stretch(offset, first, last, limits):
            unit[first:last] = offset[first] - right
    return unit


def _is_a_stretch(offset: np.ndarray, first: int, last: int, limits: CheckLimits) -> bool:
    comes_back = first > 0 and last < len(offset) and offset[first - 1] == offset[last]
    at_an_end = last - first <= limits.unit_bars and 2 * (last - first) < len(offset)
    return bool(comes_back or at_an_end)

"""Bad bars injected at known places, in the words of the checks that should find them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from trimtab.bars.schema import PRICES, Bars
from trimtab.bars.simulation.planted import BASIC_DEFECTS

_BLOCK = 100  # one defect in each block of this many bars, so that they do not hide one another
_MARGIN = 15  # and none near the edge of a block
_SPLIT = 4.0
_SPIKE = 1.5
_STALE = 6  # bars that are all the same
_OTHER_TELLING = 1.02


@dataclass(frozen=True)
class Defect:
    """One injected defect.

    Attributes
    ----------
    check: name of the check that should find it, such as "unit_error".
    position: index of the bar in the clean series.
    event_time: open of that bar, datetime64[us], UTC; for "gap" the bar that is missing, for
        "unadjusted_split" the first bar after the split.
    detail: what was done, for a person.
    """

    check: str
    position: int
    event_time: np.datetime64
    detail: str


def _negative(bars: Bars, at: int) -> Bars:
    return _edit(bars, at, close=-bars.close[at], low=-bars.close[at])


def _hundredfold(bars: Bars, at: int) -> Bars:
    return _edit(bars, at, **{name: 100.0 * getattr(bars, name)[at] for name in PRICES})


def _swap_high_and_low(bars: Bars, at: int) -> Bars:
    return _edit(bars, at, high=bars.low[at], low=bars.high[at])


def _split(bars: Bars, at: int) -> Bars:
    ratio = np.where(np.arange(len(bars)) >= at, _SPLIT, 1.0)
    return replace(bars, volume=bars.volume * ratio, **{name: getattr(bars, name) / ratio for name in PRICES})


def _without_close(bars: Bars, at: int) -> Bars:
    return _edit(bars, at, close=np.nan)


def _less_than_nothing(bars: Bars, at: int) -> Bars:
    return _edit(bars, at, volume=-bars.volume[at])


def _untraded(bars: Bars, at: int) -> Bars:
    return _edit(bars, at, volume=0.0)


def _leap(bars: Bars, at: int) -> Bars:
    close = bars.close[at] * _SPIKE
    return _edit(bars, at, close=close, high=max(close, bars.high[at]))


def _stand_still(bars: Bars, at: int) -> Bars:
    repeated = {name: getattr(bars, name).copy() for name in (*PRICES, "volume")}
    for array in repeated.values():
        array[at : at + _STALE] = array[at]
    return replace(bars, **repeated)


def _edit(bars: Bars, at: int, **values: float) -> Bars:
    changed = {name: getattr(bars, name).copy() for name in values}
    for name, value in values.items():
        changed[name][at] = value
    return replace(bars, **changed)


# In the order of injection: what changes values first, what changes the number of rows afterwards.
_EDITS: dict[str, tuple[Callable[[Bars, int], Bars], str]] = {
    "unadjusted_split": (_split, "all prices from here on are a quarter, volumes fourfold, factor still 1"),
    "unit_error": (_hundredfold, "the prices of this bar are multiplied by 100"),
    "non_positive_price": (_negative, "the close is negative"),
    "inconsistent_ohlc": (_swap_high_and_low, "high and low are swapped"),
    "missing_value": (_without_close, "the close is missing"),
    "negative_volume": (_less_than_nothing, "the volume is negative"),
    "spike": (_leap, "the close is half as high again, the next bar is back"),
    "stale_run": (_stand_still, f"this bar and the next {_STALE - 1} are all the same"),
    "zero_volume": (_untraded, "the volume is zero"),
}
_ROWS = {
    "duplicate_time": "the bar is delivered twice",
    "gap": "the bar is missing",
    "conflicting_duplicate": "the bar is delivered twice, the second time with prices 2 % higher",
    "out_of_order": "the bar is delivered after the one that follows it",
}


def plan_defects(
    event_time: np.ndarray, random: np.random.Generator, kinds: Sequence[str] = BASIC_DEFECTS
) -> list[Defect]:
    """Where each defect goes: one per block of 100 bars, the kinds in turn; more bars only add to the plan."""
    plan = []
    for block, start in enumerate(range(0, len(event_time), _BLOCK)):
        position = start + int(random.integers(_MARGIN, _BLOCK - _MARGIN))
        if position < len(event_time):
            check = kinds[block % len(kinds)]
            detail = _EDITS[check][1] if check in _EDITS else _ROWS[check]
            plan.append(Defect(check, position, event_time[position], detail))
    return plan


def inject(bars: Bars, plan: list[Defect]) -> Bars:
    """The bars with every defect of the plan in them."""
    for defect in plan:
        if defect.check in _EDITS:
            bars = _EDITS[defect.check][0](bars, defect.position)
    copies = np.ones(len(bars), dtype=np.int64)
    for defect in plan:
        copies[defect.position] = {"gap": 0, "duplicate_time": 2, "conflicting_duplicate": 2}.get(defect.check, 1)
    order = np.repeat(np.arange(len(bars)), copies)
    place = np.cumsum(copies) - copies
    late = np.array([place[d.position] for d in plan if d.check == "out_of_order"], dtype=np.int64)
    late = late[late + 1 < len(order)]
    order[late], order[late + 1] = order[late + 1], order[late]
    again = np.array([place[d.position] + 1 for d in plan if d.check == "conflicting_duplicate"], dtype=np.int64)
    return _told_otherwise(bars.take(order), again)


def _told_otherwise(bars: Bars, rows: np.ndarray) -> Bars:
    if len(rows) == 0:
        return bars
    told = {name: getattr(bars, name).copy() for name in PRICES}
    for array in told.values():
        array[rows] *= _OTHER_TELLING
    return replace(bars, **told)

"""Defects put into real clean series at random places, and how many of them are found.

The truth files hold a few dozen defects of the kinds somebody happened to meet; this is the better
estimate of what the checks see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from trimtab.bars.actions.schema import Actions
from trimtab.bars.checks import judge
from trimtab.bars.checks.adjustments import implied_dividends
from trimtab.bars.schema import PRICES, Bars, concatenate
from trimtab.market.calendar import calendar_for

_MARGIN = 100

Spoil = Callable[[Bars, int], Bars]
SpoilTold = Callable[[Bars, Actions, int], tuple[Bars, Actions]]


@dataclass(frozen=True)
class Power:
    """How many of the injected defects of one kind were found.

    Attributes
    ----------
    kind: what was done, for a person.
    checks: any of these, at the very bar, counts as found.
    n: how many were injected, one at a time.
    found: how many were named by one of the checks.
    """

    kind: str
    checks: str
    n: int
    found: int


def edited(bars: Bars, row: int, **values: float) -> Bars:
    """The bars with other values at one row."""
    arrays = {name: getattr(bars, name).copy() for name in values}
    for name, value in values.items():
        arrays[name][row] = value
    return replace(bars, **arrays)


def scaled(bars: Bars, rows: slice, by: float, volume_by: float = 1.0) -> Bars:
    """The bars with prices multiplied over some rows, and volumes by something else."""
    arrays = {name: getattr(bars, name).copy() for name in (*PRICES, "volume")}
    for name, array in arrays.items():
        array[rows] *= volume_by if name == "volume" else by
    return replace(bars, **arrays)


def repeated(bars: Bars, row: int, by: float) -> Bars:
    """The bars with one row told again, its prices multiplied."""
    again = scaled(bars.take(slice(row, row + 1)), slice(None), by)
    return concatenate([bars.take(slice(0, row + 1)), again, bars.take(slice(row + 1, None))])


def standing_still(bars: Bars, row: int, length: int) -> Bars:
    """The bars with one of them told in the place of those after it, too."""
    index = np.arange(len(bars))
    index[row : row + length] = row
    return replace(bars.take(index), event_time=bars.event_time)


def without(bars: Bars, row: int, n: int) -> Bars:
    """The bars without `n` of them."""
    return bars.take(np.r_[0:row, row + n : len(bars)])


def swapped(bars: Bars, row: int) -> Bars:
    """The bars with one told after its successor."""
    index = np.arange(len(bars))
    index[[row, row + 1]] = index[[row + 1, row]]
    return bars.take(index)


def refactored(bars: Bars, row: int, by: float) -> Bars:
    """The bars with the factor before a row divided by something."""
    return replace(bars, factor=bars.factor / np.where(np.arange(len(bars)) < row, by, 1.0))


def within_another(bars: Bars, row: int) -> Bars:
    """The bars with one row told again, half a step later."""
    again = bars.take(slice(row, row + 1))
    again = replace(again, event_time=again.event_time + bars.series.timeframe.duration_us // 2)
    return concatenate([bars.take(slice(0, row + 1)), again, bars.take(slice(row + 1, None))])


def collapsed(bars: Bars, row: int) -> Bars:
    """The bars after a fall by 99 % that happens within one bar."""
    return edited(scaled(bars, slice(row, None), 0.01), row, open=bars.open[row], high=bars.high[row])


KINDS: dict[str, tuple[str, Spoil]] = {
    "no close": ("missing_value", lambda b, at: edited(b, at, close=np.nan)),
    "low is zero": ("non_positive_price", lambda b, at: edited(b, at, low=0.0)),
    "negative volume": ("negative_volume", lambda b, at: edited(b, at, volume=-1.0)),
    "high below low by 1 %": ("inconsistent_ohlc", lambda b, at: edited(b, at, high=0.99 * b.low[at])),
    "row told twice": ("duplicate_time", lambda b, at: repeated(b, at, 1.0)),
    "row told twice, prices differ by 0.5 %": ("conflicting_duplicate", lambda b, at: repeated(b, at, 1.005)),
    "row after its successor": ("out_of_order", swapped),
    "one bar absent": ("gap", lambda b, at: without(b, at, 1)),
    "five bars absent": ("gap", lambda b, at: without(b, at, 5)),
    "5 bars stand still": ("stale_run", lambda b, at: standing_still(b, at, 5)),
    "10 bars stand still": ("stale_run", lambda b, at: standing_still(b, at, 10)),
    "no volume": ("zero_volume", lambda b, at: edited(b, at, volume=0.0)),
    "one bar × 100": ("unit_error", lambda b, at: scaled(b, slice(at, at + 1), 100.0)),
    "one bar / 100": ("unit_error", lambda b, at: scaled(b, slice(at, at + 1), 0.01)),
    "ten bars × 100": ("unit_error", lambda b, at: scaled(b, slice(at, at + 10), 100.0)),
    "high × 100": ("unit_error", lambda b, at: edited(b, at, high=100 * b.high[at])),
    "high + 25 %": ("wick", lambda b, at: edited(b, at, high=1.25 * b.high[at])),
    "low - 40 %": ("wick", lambda b, at: edited(b, at, low=0.6 * b.low[at])),
    "one bar + 10 %": ("spike", lambda b, at: scaled(b, slice(at, at + 1), 1.1)),
    "one bar + 20 %": ("spike", lambda b, at: scaled(b, slice(at, at + 1), 1.2)),
    "one bar + 50 %": ("spike", lambda b, at: scaled(b, slice(at, at + 1), 1.5)),
    "one bar / 10": ("spike", lambda b, at: scaled(b, slice(at, at + 1), 0.1)),
    "split 3:2, volume too": ("unadjusted_split", lambda b, at: scaled(b, slice(at, None), 1 / 1.5, 1.5)),
    "split 2:1": ("unadjusted_split", lambda b, at: scaled(b, slice(at, None), 1 / 2)),
    "split 2:1, volume too": ("unadjusted_split", lambda b, at: scaled(b, slice(at, None), 1 / 2, 2.0)),
    "split 4:1, volume too": ("unadjusted_split", lambda b, at: scaled(b, slice(at, None), 1 / 4, 4.0)),
    "split 20:1, volume too": ("unadjusted_split", lambda b, at: scaled(b, slice(at, None), 1 / 20, 20.0)),
    "reverse split 1:10, volume too": ("unadjusted_split", lambda b, at: scaled(b, slice(at, None), 10.0, 0.1)),
    "3 bars at the level of a 4:1 split": ("unadjusted_split", lambda b, at: scaled(b, slice(at, at + 3), 0.25)),
    "30 bars at the level of a 4:1 split": ("unadjusted_split", lambda b, at: scaled(b, slice(at, at + 30), 0.25)),
    "prices × 0.57 from a bar on": ("unexplained_jump", lambda b, at: scaled(b, slice(at, None), 0.57)),
    "prices × 0.38 from a bar on": ("unexplained_jump", lambda b, at: scaled(b, slice(at, None), 0.38)),
    "factor steps by 10 % alone": ("adjustment_break", lambda b, at: refactored(b, at, 1.1)),
    "factor steps by 20 % alone": ("adjustment_break", lambda b, at: refactored(b, at, 1.2)),
    "factor steps by 50 % alone": ("adjustment_break", lambda b, at: refactored(b, at, 1.5)),
    "close and low / 100": ("unit_error", lambda b, at: edited(b, at, close=b.close[at] / 100, low=b.low[at] / 100)),
    "open and high × 100": ("unit_error", lambda b, at: edited(b, at, open=100 * b.open[at], high=100 * b.high[at])),
    "fall by 99 % within a bar (true: only warned of)": ("unit_error", collapsed),
    "a second bar half a step later": ("overlapping_bar", within_another),
}
# Named by either: a jump by a ratio near a split's can be called one, and a loss can have any size.
_ALSO = {
    "unexplained_jump": {"unexplained_jump", "unadjusted_split"},
    "unadjusted_split": {"unadjusted_split", "unexplained_jump"},
}


def power(series: Iterable[Bars], draws: int, seed: int) -> list[Power]:
    """Inject each kind `draws` times into each series, one defect at a time."""
    chosen = [bars for bars in series if len(bars) > 3 * _MARGIN]
    calendars = [calendar_for(bars.series, bars.event_time) for bars in chosen]
    results = []
    for kind, (check, spoil) in KINDS.items():
        random = np.random.default_rng([seed, len(results)])
        wanted = _ALSO.get(check, {check})
        found = 0
        for bars, calendar in zip(chosen, calendars, strict=True):
            for row in random.integers(_MARGIN, len(bars) - _MARGIN, draws):
                verdict = judge(spoil(bars, int(row)), calendar=calendar)
                start = bars.event_time[row]
                end = start + bars.series.timeframe.duration_us
                found += any(f.check in wanted and start <= f.event_time < end for f in verdict.findings)
        results.append(Power(kind, " or ".join(sorted(wanted)), draws * len(chosen), found))
    return results


def _step(bars: Bars, actions: Actions, number: int, times: float) -> tuple[Bars, Actions]:
    """The factor steps by so many times the dividend."""
    row = int(np.searchsorted(bars.event_time, actions.ex_time[number]))
    share = actions.value[number] / bars.close[row - 1]
    return refactored(bars, row, (1 - share) / (1 - times * share)), actions


def _told(actions: Actions, number: int | slice, by: float) -> Actions:
    value = actions.value.copy()
    value[number] *= by
    return replace(actions, value=value)


def _again(bars: Bars, actions: Actions, number: int) -> tuple[Bars, Actions]:
    """A dividend told for the next session as well, and in the factor there too."""
    row = int(np.searchsorted(bars.event_time, actions.ex_time[number])) + 1
    copy = replace(actions.take(slice(number, number + 1)), ex_time=bars.event_time[row : row + 1])
    both = {
        name: np.r_[getattr(actions, name), getattr(copy, name)]
        for name in ("ex_time", "kind", "value", "known_time", "received_time")
    }
    share = actions.value[number] / bars.close[row - 1]
    return refactored(bars, row, 1 / (1 - share)), replace(actions, **both)


def _untold(bars: Bars, actions: Actions, number: int) -> tuple[Bars, Actions]:
    return bars, actions.take(np.arange(len(actions)) != number)


TOLD_KINDS: dict[str, tuple[str, SpoilTold]] = {
    "dividend not in the factor": ("missing_adjustment", lambda b, a, n: _step(b, a, n, 0.0)),
    "dividend twice in the factor": ("wrong_adjustment", lambda b, a, n: _step(b, a, n, 2.0)),
    "half the dividend in the factor": ("wrong_adjustment", lambda b, a, n: _step(b, a, n, 0.5)),
    "1/100 of the dividend in the factor": ("wrong_adjustment", lambda b, a, n: _step(b, a, n, 0.01)),
    "step of the factor without a dividend": ("wrong_adjustment", _untold),
    "one dividend told × 100": ("dividend_unit_error", lambda b, a, n: (b, _told(a, n, 100.0))),
    "one dividend told / 100": ("dividend_unit_error", lambda b, a, n: (b, _told(a, n, 0.01))),
    "dividend told and adjusted at 1/100": (
        "dividend_unit_error",
        lambda b, a, n: (_step(b, a, n, 0.01)[0], _told(a, n, 0.01)),
    ),
    "all dividends told × 100": ("dividend_unit_error", lambda b, a, n: (b, _told(a, slice(None), 100.0))),
    "all dividends told / 100": ("dividend_unit_error", lambda b, a, n: (b, _told(a, slice(None), 0.01))),
    "dividend told and adjusted twice": ("duplicate_dividend", _again),
}
_MISMATCH = {"missing_adjustment", "wrong_adjustment", "dividend_unit_error"}


def power_of_told(series: Iterable[Bars], draws: int, seed: int) -> list[Power]:
    """The same for defects of told dividends; a mismatch may be blamed on either side."""
    payers = [(bars, implied_dividends(bars)) for bars in series]
    payers = [(bars, actions) for bars, actions in payers if len(actions) > 3]
    results = []
    for kind, (check, spoil) in TOLD_KINDS.items():
        random = np.random.default_rng([seed, len(results)])
        wanted = _MISMATCH if check in _MISMATCH else {check}
        found = 0
        for bars, actions in payers:
            calendar = calendar_for(bars.series, bars.event_time)
            for number in random.integers(0, len(actions), draws):
                wrong, told = spoil(bars, actions, int(number))
                findings = judge(wrong, calendar=calendar, actions=told).findings
                found += any(f.check in wanted and f.event_time == actions.ex_time[number] for f in findings)
        results.append(Power(kind, " or ".join(sorted(wanted)), draws * len(payers), found))
    return results

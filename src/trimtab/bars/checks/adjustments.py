"""The factor that adjusts prices, held against the actions a source tells of and against the prices.

A vendor's adjusted close divided by its close steps where a dividend is paid or a share is split,
and nowhere else. Where the file tells what was paid, every step has an expected size; where it
does not, a step must at least make the return ordinary that it belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.bars.actions.schema import ActionKind, Actions
from trimtab.bars.checks.dividends import (
    Payments,
    check_dividends,
    duplicate_dividends,
    last_bar_of,
    payments_of,
    say_payment,
)
from trimtab.bars.checks.jumps import SPLITS
from trimtab.bars.checks.moves import moves_at
from trimtab.bars.checks.verdict import Finding, findings_at
from trimtab.bars.schema import Bars
from trimtab.config.quality import CheckLimits

_NOISES = 4.0
_LEAST_NOISE = 1e-5  # of an adjusted close in single precision
_LEAST_DIVIDEND, _LARGEST_DIVIDEND = 0.001, 0.2  # of the price, where a step of the factor is taken for one
_LEAST_UNTOLD = 0.002  # dividends smaller than this are not always told
_EXACT_SPLIT = 0.02  # a step of the factor gives the ratio of a split to within an ordinary dividend


def check_factor(bars: Bars, limits: CheckLimits, actions: Actions | None = None) -> list[Finding]:
    """adjustment_break, a warning, on complete bars in order of time; no action need be told.

    Either the factor moved alone: the adjusted return is far out (`adjustment_sigmas` of the raw
    returns) while the raw price hardly moved. Or the price moved alone: it jumped by more than
    `jump_return`, the factor takes all of it back, and its step is no split: a spin-off or a
    distribution that only the adjusted close knows of. A step beside a told action is left to
    `check_adjustments`.
    """
    if len(bars) == 0 or (bars.factor == bars.factor[0]).all():
        return []
    step = np.diff(np.log(bars.factor))
    large = np.abs(step) > limits.adjustment_step
    if actions is not None:
        large &= ~_beside(bars, actions)[1:]
    moves = moves_at(bars, np.flatnonzero(large), limits, np.log(bars.close))
    if len(moves) == 0:
        return []
    step = step[moves.at]
    adjusted = moves.raw + step
    far = limits.adjustment_sigmas * moves.sigma
    alone = (np.abs(adjusted - moves.median) > far) & (np.abs(moves.raw) < np.abs(adjusted) / 2)
    is_split = np.abs(np.abs(step)[:, None] - SPLITS[None, :]).min(axis=1) < _EXACT_SPLIT
    hidden = (np.abs(step) > limits.jump_return) & (np.abs(moves.raw - moves.median) > far) & ~is_split
    hidden &= np.abs(adjusted) < np.abs(moves.raw) / 2
    found = alone | hidden
    details = [
        f"the adjustment factor steps by {np.expm1(by):+.1%} while the price moves by {np.expm1(raw):+.1%}; "
        + ("the step is not in the price" if lone else "no usual split explains the step")
        for by, raw, lone in zip(step[found], moves.raw[found], alone[found], strict=True)
    ]
    return findings_at("adjustment_break", "warning", bars.event_time, moves.at[found] + 1, details)


def check_repeated_steps(bars: Bars, limits: CheckLimits) -> list[Finding]:
    """duplicate_dividend, warnings, read off the factor alone, where a file tells no dividends.

    Vendors' adjusted closes do count a dividend twice: two steps within days that take the same
    amount per share off the price.
    """
    implied = implied_dividends(bars)
    near = np.diff(implied.ex_time) <= np.timedelta64(limits.same_dividend_days, "D")
    if not near.any():
        return []
    beside = implied.take(np.append(near, False) | np.append(False, near))
    return duplicate_dividends(payments_of(bars, beside, limits), limits, "the factor steps as for a dividend of")


def implied_dividends(bars: Bars) -> Actions:
    """The dividends that explain the ordinary steps of a vendor's factor: 0.1 % to 20 % of the price.

    Bars complete and in order of time. What rounding of the adjusted close may have made is left out.
    """
    if len(bars) < 2 or (bars.factor == bars.factor[0]).all():
        return Actions.empty(bars.series.instrument_id)
    step = np.diff(np.log(bars.factor))
    share = -np.expm1(-step)
    ordinary = (share > _LEAST_DIVIDEND) & (share < _LARGEST_DIVIDEND)
    rows = np.flatnonzero(ordinary & (step > 2 * _noise(np.abs(step))[1:])) + 1
    paid = share[rows - 1] * bars.close[rows - 1]
    kind = np.full(len(rows), ActionKind.DIVIDEND.value)
    return Actions.build(bars.series.instrument_id, bars.event_time[rows], kind, paid)


def check_adjustments(bars: Bars, actions: Actions, limits: CheckLimits) -> list[Finding]:
    """missing_adjustment, wrong_adjustment, and what `check_dividends` finds: warnings.

    For bars whose factor comes from the vendor (adjusted close / close), in order of time and
    complete, and the actions told beside them. A dividend D is expected to step the factor by
    D / C, C being the close before it; any price of the two bars is granted for C, and
    `adjustment_tolerance` and rounding on top, since vendors differ. A split may be in the factor
    (prices as traded) or not (prices adjusted for it). A step without a told action is wrong too.

    A dividend that is already called a unit error or told twice is not named again.
    """
    if len(bars) < 2 or len(actions) == 0:
        return []
    dividends = check_dividends(bars, actions, limits)
    payments = payments_of(bars, actions, limits)
    steps = _steps(bars, actions, payments)
    named = {finding.index for finding in dividends if finding.check == "dividend_unit_error"}
    told = [finding for finding in _told(bars, payments, steps, limits) if finding.index not in named]
    return [*dividends, *told, *_untold(bars, actions, steps, limits)]


@dataclass(frozen=True)
class _Steps:
    """By how much the factor steps over each payment, and how exactly that is known.

    Attributes
    ----------
    factor: log of the factor, one per bar.
    of_payment: log step over each payment, without the split of the same day if the factor has it.
    noise: log step that rounding alone makes, one per bar (the step towards it).
    """

    factor: np.ndarray
    of_payment: np.ndarray
    noise: np.ndarray


def _steps(bars: Bars, actions: Actions, payments: Payments) -> _Steps:
    factor = np.log(bars.factor)
    end = last_bar_of(bars, payments.ex_time, payments.row)
    of_payment = factor[end] - factor[payments.row - 1]
    splits = actions.take((actions.kind == ActionKind.SPLIT) & (actions.value > 0))
    for ex_time, ratio in zip(splits.ex_time, splits.value, strict=True):
        same = payments.ex_time == ex_time
        with_split = np.abs(of_payment - np.log(ratio)) < np.abs(of_payment)
        of_payment = np.where(same & with_split, of_payment - np.log(ratio), of_payment)
    return _Steps(factor, of_payment, _noise(np.abs(np.diff(factor))))


def _noise(steps: np.ndarray) -> np.ndarray:
    """Per bar: what the factor wavers by around it where nothing happens: a running mean without the largest quarter."""
    quiet = np.minimum(steps, np.quantile(steps, 0.75))
    width = min(61, len(quiet))
    mean = np.convolve(quiet, np.ones(width), "same") / np.convolve(np.ones(len(quiet)), np.ones(width), "same")
    return np.r_[mean[0], mean] * _NOISES + _LEAST_NOISE


def _told(bars: Bars, payments: Payments, steps: _Steps, limits: CheckLimits) -> list[Finding]:
    end = last_bar_of(bars, payments.ex_time, payments.row)
    before = payments.row - 1
    dearest = np.maximum.reduce([bars.high[before], bars.high[payments.row], bars.close[before], bars.close[end]])
    cheapest = np.minimum.reduce([bars.low[before], bars.low[payments.row], bars.close[before], bars.close[end]])
    share = -np.expm1(-steps.of_payment)
    noise = steps.noise[payments.row]
    least = payments.value / dearest * (1 - limits.adjustment_tolerance) - noise
    most = payments.value / cheapest * (1 + limits.adjustment_tolerance) + noise
    found = []
    for number in np.flatnonzero((share < least) | (share > most)).tolist():
        missing = abs(share[number]) <= noise[number]
        found.append(
            Finding(
                "missing_adjustment" if missing else "wrong_adjustment",
                payments.ex_time[number],
                "warning",
                _say_step(payments, number, 0.0 if missing else float(share[number])),
                int(payments.row[number]),
            )
        )
    return found


def _say_step(payments: Payments, number: int, share: float) -> str:
    told = say_payment(payments, number)
    if share == 0.0:
        return f"{told}; the factor has no step for it"
    ratio = share / payments.share[number]
    near = next((f", about {said}" for said, of in _KNOWN_RATIOS.items() if abs(ratio / of - 1) < 0.1), "")
    return f"{told}; the factor steps by {share:.3%}{near}"


_KNOWN_RATIOS = {"100 times as much": 100.0, "1/100 of it": 0.01, "twice as much": 2.0, "half of it": 0.5}


def _untold(bars: Bars, actions: Actions, steps: _Steps, limits: CheckLimits) -> list[Finding]:
    """Steps of the factor on bars beside which no action is told."""
    free = ~_beside(bars, actions)
    step = np.diff(steps.factor, prepend=steps.factor[0])
    rows = np.flatnonzero(free & (np.abs(step) > np.maximum(_LEAST_UNTOLD, 2 * steps.noise)))
    details = [f"the factor steps by {np.expm1(step[row]):+.3%} where no dividend and no split is told" for row in rows]
    return findings_at("wrong_adjustment", "warning", bars.event_time, rows, details)


def _beside(bars: Bars, actions: Actions) -> np.ndarray:
    """Bool per bar: an action may show between the bar before and this one."""
    beside = np.zeros(len(bars), bool)
    if len(bars) == 0:
        return beside
    row = np.minimum(np.searchsorted(bars.event_time, actions.ex_time), len(bars) - 1)
    for first, last in zip(row, last_bar_of(bars, actions.ex_time, row), strict=True):
        beside[first : last + 1] = True
    return beside

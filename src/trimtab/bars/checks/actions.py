"""The verdict on actions a source tells beside prices as traded: splits and dividends."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from trimtab.bars.actions.schema import NOTHING, ActionKind, Actions
from trimtab.bars.checks.dividends import check_dividends
from trimtab.bars.checks.moves import moves_at
from trimtab.bars.checks.verdict import Finding
from trimtab.bars.schema import Bars
from trimtab.config.quality import CheckLimits

DEFAULT_LIMITS = CheckLimits()


@dataclass(frozen=True)
class ActionVerdict:
    """The verdict on some actions.

    Attributes
    ----------
    accepted: bool, one per action in the order given: it is possible.
    findings: `index` is -1, since they are about no bar; `event_time` is the ex-time. Severity
        "quarantine" goes with the actions that are refused.
    """

    accepted: np.ndarray
    findings: tuple[Finding, ...]


def judge_actions(bars: Bars, actions: Actions, limits: CheckLimits = DEFAULT_LIMITS) -> ActionVerdict:
    """Judge actions told for bars with prices as traded (not adjusted for these actions), in any order.

    Refused as `impossible_action`: what has no ex-time, is not finite, a split into nothing or
    less, a negative dividend, a dividend not smaller than the close before it. Warned of:
    `dividend_unit_error`, `duplicate_dividend`, and `unconfirmed_split`, a split the price does
    not show. Nothing (a dividend of 0, a split of 1) withdraws what was told and is accepted.

    >>> import numpy as np
    >>> from trimtab.market import Series, Timeframe
    >>> days = np.array(["2020-01-02", "2020-01-03"], dtype="datetime64[us]")
    >>> price = np.array([10.0, 9.0])
    >>> bars = Bars.build(Series("A", Timeframe.DAY), days, price, price, price, price, price)
    >>> told = Actions.build("A", days[[1, 1]], ["dividend", "dividend"], [1.0, 10.0])
    >>> verdict = judge_actions(bars, told)
    >>> verdict.accepted.tolist(), verdict.findings[0].detail
    ([True, False], 'a dividend of 10 is told, and the close before it is 10')
    """
    history = bars.take(price_rows(bars))
    found = _impossible(history, actions)
    accepted = np.ones(len(actions), bool)
    accepted[[finding.index for finding in found]] = False
    believed = actions.take(accepted)
    if len(history) > 1:
        found += [*check_dividends(history, believed, limits), *_unconfirmed(history, believed, limits)]
    ordered = sorted(found, key=lambda finding: (bool(np.isnat(finding.event_time)), finding.event_time))
    return ActionVerdict(accepted, tuple(replace(finding, index=-1) for finding in ordered))


def price_rows(bars: Bars) -> np.ndarray:
    """Positions of the bars with a time and prices, in order, the last of each time."""
    usable = ~np.isnat(bars.event_time)
    for price in (bars.open, bars.high, bars.low, bars.close, bars.factor):
        usable &= np.isfinite(price) & (price > 0)
    rows = np.flatnonzero(usable)
    rows = rows[np.argsort(bars.event_time[rows], kind="stable")]
    times = bars.event_time[rows]
    return rows[np.append(times[1:] > times[:-1], True)] if len(rows) else rows


def _impossible(bars: Bars, actions: Actions) -> list[Finding]:
    """One finding per impossible action; `index` is its position among the actions."""
    before = np.searchsorted(bars.event_time, actions.ex_time) - 1
    found = []
    for number, kind in enumerate(actions.kind):
        close = float(bars.close[before[number]]) if before[number] >= 0 else np.inf
        reason = _why_impossible(str(kind), float(actions.value[number]), close)
        if np.isnat(actions.ex_time[number]):
            reason = f"a {kind} of {actions.value[number]:.6g} is told without a date"
        if reason:
            found.append(Finding("impossible_action", actions.ex_time[number], "quarantine", reason, number))
    return found


def _why_impossible(kind: str, value: float, close_before: float) -> str:
    """What is wrong, or nothing."""
    if value == NOTHING[ActionKind(kind)]:
        return ""
    told = f"a {kind} of {value:.6g} is told"
    if not np.isfinite(value):
        return f"{told}, which is no number"
    if kind == ActionKind.SPLIT:
        return "" if value > 0 else f"{told}; one old share becomes a positive number of new ones"
    if value < 0:
        return f"{told}; a dividend cannot be negative"
    return f"{told}, and the close before it is {close_before:.10g}" if value >= close_before else ""


def _unconfirmed(bars: Bars, actions: Actions, limits: CheckLimits) -> list[Finding]:
    """unconfirmed_split: prices as traded must jump by one over the ratio, and this one did not."""
    row = np.searchsorted(bars.event_time, actions.ex_time)
    chosen = (actions.kind == ActionKind.SPLIT) & (actions.value != 1.0) & (row > 0) & (row < len(bars))
    splits, row = actions.take(chosen), row[chosen]
    if len(splits) == 0:
        return []
    moves = moves_at(replace(bars, factor=np.ones(len(bars))), row - 1, limits)
    expected = -np.log(splits.value)
    # Nearer to no move than to the split, and a split that is lost among usual returns says nothing.
    unseen = np.abs(moves.size) < np.abs(moves.size - expected)
    unseen &= np.abs(expected) > limits.split_told_sigmas * moves.sigma
    return [
        Finding(
            "unconfirmed_split",
            splits.ex_time[number],
            "warning",
            f"a split of {splits.value[number]:.6g} is told, and the close moved by {np.expm1(moves.size[number]):+.1%}",
            -1,
        )
        for number in np.flatnonzero(unseen)
    ]

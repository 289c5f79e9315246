"""Dividends a source tells of, held against the prices around them and against one another.

What companies pay at a time is a fraction of a per cent to a few per cent of the price, and the
price falls by about as much on the ex-date. A dividend a hundred times off breaks both rules.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np

from trimtab.bars.actions.schema import ActionKind, Actions
from trimtab.bars.checks.usual import usual_returns, usual_step
from trimtab.bars.checks.verdict import Finding
from trimtab.bars.schema import Bars
from trimtab.config.quality import CheckLimits

# A payment is taken to be lognormal around 1 % of the price: 95 % lie between 0.05 % and 20 %.
_USUAL_SHARE = np.log(0.01)
_SHARE_SIGMA = 1.5
_PRIOR_ODDS = np.log(0.01)  # of a source that tells dividends in a wrong unit
_FREEDOM = 3.0  # Student's t with so many degrees of freedom: returns of an ex-date have fat tails
_LEAST_SIGMA = 0.005  # below it ticks and spreads decide, not the dividend
_AGAINST = -3.0  # log odds at which a single payment speaks strongly for what was told
_HUNDRED = 100.0
_SAME_RATIO = 0.05  # two dividends are a factor of 100 apart, give or take this share
_SAME_VALUE = 0.01


@dataclass(frozen=True)
class Payments:
    """Told dividends that fall between two bars, one element per dividend, in order of time.

    Attributes
    ----------
    ex_time: the ex-date, datetime64[us].
    value: per share, in the currency of the price.
    row: the first bar at or after the ex-date; there is always one before it.
    share: `value` as a share of the close before it.
    fell: log return of the raw close over the ex-date, negative where the price fell.
    median, sigma: of the raw log returns around it; the sigma is never less than half a per cent.
    """

    ex_time: np.ndarray
    value: np.ndarray
    row: np.ndarray
    share: np.ndarray
    fell: np.ndarray
    median: np.ndarray
    sigma: np.ndarray

    def __len__(self) -> int:
        return len(self.value)

    def take(self, chosen: np.ndarray) -> Payments:
        """Some of the payments, by mask or indices."""
        return Payments(*(getattr(self, field.name)[chosen] for field in fields(self)))


def payments_of(bars: Bars, actions: Actions, limits: CheckLimits) -> Payments:
    """The dividends that have a bar before and a bar at or after them; bars complete and in order."""
    paid = actions.take((actions.kind == ActionKind.DIVIDEND) & np.isfinite(actions.value) & (actions.value > 0))
    paid = paid.take(np.argsort(paid.ex_time, kind="stable"))
    row = np.searchsorted(bars.event_time, paid.ex_time)
    inside = (row > 0) & (row < len(bars))
    row, paid = row[inside], paid.take(inside)
    if len(row) == 0:
        none = np.empty(0)
        return Payments(paid.ex_time, paid.value, row, none, none, none, none)
    returns = np.diff(np.log(bars.close))
    median, sigma = usual_returns(returns, row - 1, limits.window)
    sigma = np.maximum(np.maximum(sigma, usual_step(returns, row - 1, limits.window)), _LEAST_SIGMA)
    end = last_bar_of(bars, paid.ex_time, row)
    fell = np.log(bars.close[end] / bars.close[row - 1])
    return Payments(paid.ex_time, paid.value, row, paid.value / bars.close[row - 1], fell, median, sigma)


def last_bar_of(bars: Bars, ex_time: np.ndarray, row: np.ndarray) -> np.ndarray:
    """The last bar on which what happened at `ex_time` may show: of its day, or of the week after its week."""
    day = np.timedelta64(1, "D")
    if bars.series.timeframe.duration_us > day:
        end = np.searchsorted(bars.event_time, ex_time + bars.series.timeframe.duration_us, side="right")
    else:
        end = np.searchsorted(bars.event_time, ex_time + day)
    last: np.ndarray = np.minimum(np.maximum(end - 1, row), len(bars) - 1)
    return last


def check_dividends(bars: Bars, actions: Actions, limits: CheckLimits) -> list[Finding]:
    """dividend_unit_error and duplicate_dividend, warnings, on complete bars in order of time."""
    payments = payments_of(bars, actions, limits)
    units = [
        *_beside_another(payments),
        *_units(payments, _HUNDRED, "100 times more"),
        *_units(payments, 1 / _HUNDRED, "1/100 of it"),
    ]
    once = {finding.index: finding for finding in reversed(units)}
    return [*(once[row] for row in sorted(once)), *duplicate_dividends(payments, limits)]


def _units(payments: Payments, scale: float, said: str) -> list[Finding]:
    """Dividends of which prices say that `scale` times as much was paid.

    The log odds of the scaled against the told dividend: of the price move (Student's t) and of
    the share of the price (lognormal), summed over all dividends of which the usual share alone
    would make one doubt, because a source that has the unit wrong has it wrong more than once.
    """
    doubted = payments.take(_of_share(payments.share * scale) > _of_share(payments.share))
    if len(doubted) == 0:
        return []
    by_price = _of_price(doubted, scale) - _of_price(doubted, 1.0)
    by_share = float(np.mean(_of_share(doubted.share * scale) - _of_share(doubted.share)))
    if by_price.sum() + by_share + _PRIOR_ODDS <= 0:
        return []
    return [
        _finding(
            "dividend_unit_error", doubted, number, f"{say_payment(doubted, number)}; the price behaves like {said}"
        )
        for number in np.flatnonzero(by_price > _AGAINST).tolist()
    ]


def _of_price(payments: Payments, scale: float) -> np.ndarray:
    """Log likelihood of the move over the ex-date, had `scale` times the told dividend been paid."""
    expected = np.log1p(-np.minimum(payments.share * scale, 0.99))
    error = (payments.fell - payments.median - expected) / payments.sigma
    likelihood: np.ndarray = -(_FREEDOM + 1) / 2 * np.log1p(error**2 / _FREEDOM)
    return likelihood


def _of_share(share: np.ndarray) -> np.ndarray:
    """Log likelihood of a dividend that is this share of the price."""
    likelihood: np.ndarray = -(((np.log(share) - _USUAL_SHARE) / _SHARE_SIGMA) ** 2) / 2
    return likelihood


def _beside_another(payments: Payments) -> list[Finding]:
    """A dividend that is 100 times or 1/100 of the one beside it: the one less usual is named."""
    named: dict[int, int] = {}
    for one, other in pairwise(range(len(payments))):
        ratio = payments.value[other] / payments.value[one]
        if abs(max(ratio, 1 / ratio) / _HUNDRED - 1) < _SAME_RATIO:
            usual = _of_share(payments.share[[one, other]])
            wrong, right = (one, other) if usual[0] < usual[1] else (other, one)
            named[wrong] = right
    return [
        _finding(
            "dividend_unit_error", payments, wrong,
            f"{say_payment(payments, wrong)}; the one beside it was {payments.value[right]:.6g}, a factor of 100 away",
        )
        for wrong, right in named.items()
    ]  # fmt: skip


def duplicate_dividends(payments: Payments, limits: CheckLimits, said: str = "a dividend is told of") -> list[Finding]:
    """duplicate_dividend: both of two equal dividends within a few days; which one was paid nobody here can say."""
    found: dict[int, Finding] = {}
    for one, other in pairwise(range(len(payments))):
        near = payments.ex_time[other] - payments.ex_time[one] <= np.timedelta64(limits.same_dividend_days, "D")
        if near and abs(payments.value[other] / payments.value[one] - 1) < _SAME_VALUE:
            first, second = (str(payments.ex_time[number])[:10] for number in (one, other))
            detail = f"{said} {payments.value[one]:.6g} per share on {first} and again on {second}: paid once or twice?"
            found |= {number: _finding("duplicate_dividend", payments, number, detail) for number in (one, other)}
    return list(found.values())


def say_payment(payments: Payments, number: int) -> str:
    """One told dividend, as the beginning of a sentence."""
    return f"a dividend of {payments.value[number]:.6g} is told, {payments.share[number]:.3%} of the close before it"


def _finding(check: str, payments: Payments, number: int, detail: str) -> Finding:
    return Finding(check, payments.ex_time[number], "warning", detail, int(payments.row[number]))

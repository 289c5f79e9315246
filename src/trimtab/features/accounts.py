"""What several fundamental features share: the accounts at each row, their sums, and what the company costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType

import numpy as np

from trimtab.bars.actions.schema import ActionKind, Actions
from trimtab.facts import Figures
from trimtab.facts.fundamentals import FundamentalItems, History, history
from trimtab.facts.prepared import prepared
from trimtab.features.context import Context
from trimtab.features.kernels.ratios import ratio

_NOTHING_FILED = Figures.empty("")
Formula = Callable[["Accounts"], np.ndarray]


class Accounts:
    """The accounts of one set of figures at all times, and what was worked out from them alone.

    Attributes
    ----------
    history: after each moment at which something became known or went stale; k rows.
    now, before: the newest twelve months and those before them.
    """

    def __init__(self, history: History) -> None:
        self.history = history
        self.now, self.before = Year(history), Year(history, is_before=True)
        self._columns: dict[CodeType, np.ndarray] = {}

    @classmethod
    def of(cls, figures: Figures) -> Accounts:
        """The accounts that figures tell of."""
        return cls(history(figures))

    def column(self, formula: Formula) -> np.ndarray:
        """`formula(self)`, a number per row of the history, worked out once.

        A formula written where it is used is a new function in every call, so it is known by its code: it must
        take nothing from around it.
        """
        if formula.__closure__ or formula.__defaults__:
            raise ValueError("a formula of accounts must not read variables from around it; give it none")
        found = self._columns.get(formula.__code__)
        if found is None:
            found = self._columns[formula.__code__] = np.asarray(formula(self))
            found.flags.writeable = False
        return found

    def growth(self, flow: str) -> np.ndarray:
        """Change of a flow over twelve months as a share of its size, shape (k,)."""
        return growth(self.now.flow(flow), self.before.flow(flow))


def accounts(c: Context) -> Accounts:
    """The accounts around a context, of all times; ask for it as `c.of(accounts, c)`."""
    figures = c.surroundings.figures
    known: Accounts = c.prepared(Accounts.of, _NOTHING_FILED if figures is None else figures)
    return known


def items(c: Context) -> FundamentalItems:
    """The accounts known at the decision of each row; ask for it as `c.of(items, c)`."""
    known: Accounts = c.of(accounts, c)
    return known.history.at(c.decision_time)


def at_rows(c: Context, formula: Formula) -> np.ndarray:
    """A formula of accounts alone as known at the decision of each row, shape (n,)."""
    known: FundamentalItems = c.of(items, c)
    return known.at_times(c.of(accounts, c).column(formula))


def market_value(c: Context) -> np.ndarray:
    """What all shares cost at the close of each row, shape (n,); ask for it as `c.of(market_value, c)`.

    The share count holds for the day it was stated for, with the splits before its filing in it already, and the raw
    close is of its bar, so the splits between the two multiply the count. NaN where there is no positive count or
    price.
    """
    stated = at_rows(c, lambda a: a.history.level_basis("shares_outstanding"))
    shares = at_rows(c, lambda a: a.history.level("shares_outstanding"))
    value = c.raw_close * shares * splits_between(c.surroundings.actions, stated, c.closing_time, c.decision_time)
    return np.where((value > 0.0) & np.isfinite(value), value, np.nan)


def splits_between(
    actions: Actions | None, after: np.ndarray, until: np.ndarray, decision_time: np.ndarray
) -> np.ndarray:
    """What one share became by the splits with after < ex-time <= until, as known at each decision, shape (n,).

    Of a split that was told anew the version known last counts.
    """
    held = np.ones(len(until))
    for ex_time, versions in prepared(_splits, actions):
        became = np.ones(len(until))
        for known_time, value in versions:
            became = np.where(known_time <= decision_time, value, became)
        held *= np.where((after < ex_time) & (ex_time <= until), became, 1.0)
    return held


def _splits(actions: Actions | None) -> tuple[tuple[np.datetime64, tuple[tuple[np.datetime64, float], ...]], ...]:
    """Each split with its versions in the order they became known: by ex-time, the known time and the value."""
    if actions is None:
        return ()
    splits = actions.take(actions.kind == ActionKind.SPLIT)
    found = []
    for ex_time in np.unique(splits.ex_time):
        versions = splits.take(splits.ex_time == ex_time)
        order = np.argsort(versions.known_time, kind="stable")
        found.append((ex_time, tuple((versions.known_time[at], versions.value[at]) for at in order)))
    return tuple(found)


@dataclass(frozen=True)
class Year:
    """The accounts of twelve months: flows over them, levels at their end; one number per row of the tables.

    Attributes
    ----------
    items: the accounts, at some times or at all.
    is_before: False for the newest twelve months, True for those before them.
    """

    items: History
    is_before: bool = False

    def flow(self, name: str) -> np.ndarray:
        """Sum of a flow over the twelve months."""
        return self.items.trailing_before(name) if self.is_before else self.items.trailing(name)

    def level(self, name: str) -> np.ndarray:
        """A level at their end."""
        return self.items.level_before(name) if self.is_before else self.items.level(name)

    def gross_profit(self) -> np.ndarray:
        """As stated, else revenue less its cost."""
        stated = self.flow("gross_profit")
        return np.where(np.isnan(stated), self.flow("revenue") - self.flow("cost_of_revenue"), stated)

    def liabilities(self) -> np.ndarray:
        """As stated, else assets less equity."""
        stated = self.level("liabilities")
        return np.where(np.isnan(stated), self.level("assets") - self.level("equity"), stated)

    def debt(self) -> np.ndarray:
        """Short- and long-term debt; where one was not stated at all lately, the other alone."""
        short, long = "short_term_debt", "long_term_debt"
        told = self.items.is_told(short), self.items.is_told(long)
        return sum_of_stated(self.level(short), self.level(long), *told)

    def free_cash_flow(self) -> np.ndarray:
        """Cash from operations less capital expenditures."""
        return self.flow("operating_cash_flow") - self.flow("capital_expenditures")

    def ebitda(self) -> np.ndarray:
        """Operating income before depreciation and amortisation."""
        return self.flow("operating_income") + self.flow("depreciation_amortisation")

    def paid_out(self) -> np.ndarray:
        """Dividends and repurchases; where one was not stated at all lately, the other alone."""
        paid, bought = "dividends_paid", "share_repurchases"
        told = self.items.is_told(paid), self.items.is_told(bought)
        return sum_of_stated(self.flow(paid), self.flow(bought), *told)

    def return_on_assets(self) -> np.ndarray:
        """Net income over assets."""
        return of_positive(self.flow("net_income"), self.level("assets"))

    def gross_margin(self) -> np.ndarray:
        """Gross profit over revenue."""
        return of_positive(self.gross_profit(), self.flow("revenue"))

    def asset_turnover(self) -> np.ndarray:
        """Revenue over assets."""
        return share_of(self.flow("revenue"), self.level("assets"))

    def current_ratio(self) -> np.ndarray:
        """Current assets over current liabilities."""
        return share_of(self.level("current_assets"), self.level("current_liabilities"))

    def leverage(self) -> np.ndarray:
        """Long-term debt over assets."""
        return share_of(self.level("long_term_debt"), self.level("assets"))

    def days_of_sales(self) -> np.ndarray:
        """Receivables in days of revenue."""
        return 365.0 * share_of(self.level("receivables"), self.flow("revenue"))


def of_positive(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """`above / below` where `below` is positive and the quotient a number, else NaN.

    >>> of_positive(np.array([1.0, 1.0, -1.0]), np.array([2.0, -2.0, 4.0])).tolist()
    [0.5, nan, -0.25]
    """
    return ratio(above, np.where(below > 0.0, below, np.nan), np.nan)


def share_of(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """`above / below` where `above` is not negative either, else NaN: never below zero."""
    return of_positive(np.where(above >= 0.0, above, np.nan), below)


def growth(now: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Change from `before` to `now` as a share of the size of `before`, NaN where that is zero.

    >>> growth(np.array([3.0, -1.0, 1.0]), np.array([2.0, -2.0, 0.0])).tolist()
    [0.5, 0.5, nan]
    """
    return ratio(now - before, np.abs(before), np.nan)


def sum_of_stated(one: np.ndarray, other: np.ndarray, is_one_told: np.ndarray, is_other_told: np.ndarray) -> np.ndarray:
    """The sum; where one was not told of at all, the other alone: who has no short-term debt files no line for it.

    What was told of, but not so that it gives a number, is unknown, and so is the sum.

    >>> nan, told = np.array([np.nan, np.nan]), np.array([True, False])
    >>> sum_of_stated(np.array([5.0, 5.0]), nan, np.array([True, True]), told).tolist()
    [nan, 5.0]
    """
    is_one_absent, is_other_absent = np.isnan(one) & ~is_one_told, np.isnan(other) & ~is_other_told
    return np.where(is_one_absent, other, np.where(is_other_absent, one, one + other))

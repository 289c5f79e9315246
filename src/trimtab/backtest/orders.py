"""Orders that did not fill when they were due, and why.

A target that changes is an order. It stays open until it is filled whole, until a newer target of the instrument
replaces it, or until the bars end, when it expires.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from trimtab.backtest.ledger import Account
from trimtab.backtest.market import Grid

Reason = Literal["no volume", "no price", "more than the volume share", "unknown impact", "no bar follows"]
Outcome = Literal["filled later", "replaced", "expired"]


@dataclass(frozen=True)
class Unfilled:
    """One order that could not fill in the bar it was due in, or not whole.

    Attributes
    ----------
    instrument_id: what should have been traded.
    event_time: the first bar it could not fill in; for "no bar follows" the bar it was decided on.
    reason: why. "more than the volume share" is listed only where a rest was never filled: that is `units`.
    units: signed units that were missing then; those of a weight are sized at the last known prices.
    outcome: what became of it.
    """

    instrument_id: str
    event_time: np.datetime64
    reason: Reason
    units: float
    outcome: Outcome


def describe_unfilled(grid: Grid, account: Account, *, is_weights: bool) -> tuple[Unfilled, ...]:
    """The orders of an account that did not fill when due, by time and instrument."""
    reasons, outcomes = get_args(Reason), get_args(Outcome)
    found = [
        Unfilled(
            grid.instruments[line["instrument"]],
            grid.event_time[line["row"]],
            reasons[line["reason"]],
            float(line["units"]),
            outcomes[line["outcome"]],
        )
        for line in account.unfilled
    ]
    found += _without_a_bar(grid, account, is_weights)
    return tuple(sorted(found, key=lambda order: (order.event_time, order.instrument_id)))


def _without_a_bar(grid: Grid, account: Account, is_weights: bool) -> list[Unfilled]:
    """Orders that were decided too late for a bar to follow; those still open in the book met none either."""
    is_gone = bool(account.totals["is_gone"][0])
    waiting = [grid.orders[grid.orders["instrument"] == at][-1] for at in np.flatnonzero(account.book["order"])]
    lines = waiting if is_gone else [*waiting, *grid.late]
    newest = {int(line["instrument"]): at for at, line in enumerate(lines)}
    found = []
    for at, line in enumerate(lines):
        number = int(line["instrument"])
        own = account.book[number]
        target = 0.0 if is_gone else line["target"]
        wanted = target * account.equity[-1] / own["mark"] if is_weights and target else target
        found.append(
            Unfilled(
                grid.instruments[number],
                grid.event_time[line["row"]],
                "no bar follows",
                float(wanted - own["held"]),
                "expired" if newest[number] == at else "replaced",
            )
        )
    return found

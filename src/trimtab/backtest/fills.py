"""One open order in one bar: how much of it fills, what that costs, and what is said when it does not fill."""

from __future__ import annotations

import numpy as np

from trimtab.backtest.ledger import (
    EXPIRED,
    FILLED_LATER,
    NO_IMPACT,
    NO_PRICE,
    NO_VOLUME,
    NONE,
    SIZED,
    TOO_LARGE,
    UNSIZED,
    Rates,
)
from trimtab.compiled import compiled


@compiled(error_model="numpy")
def fill_order(
    i: int,
    j: int,
    price: float,
    volume: float,
    worth: float,
    volume_share: float,
    is_impact_known: bool,
    is_weights: bool,
    own: np.record,
    totals: np.record,
    unfilled: np.ndarray,
) -> float:
    """Size the open order of one instrument if it is not yet, and hold what of it fills; returns the signed units."""
    if own.order == UNSIZED:
        own.goal = own.target
        if is_weights and own.target != 0.0:
            own.goal = own.target * worth / (own.mark if np.isnan(price) else price)
    asked = own.goal - own.held
    if asked == 0.0:
        end_order(own, j, FILLED_LATER, totals, unfilled)
        return 0.0
    is_traded = not (volume == 0.0 or (np.isnan(volume) and volume_share < np.inf))
    if np.isnan(price) or not is_traded or not is_impact_known:
        if own.failed < 0:
            reason = NO_PRICE if np.isnan(price) else NO_IMPACT if is_traded else NO_VOLUME
            _record(own, i, j, reason, asked, totals, unfilled)
        return 0.0
    own.order = SIZED
    if abs(asked) > volume_share * volume:  # never where the volume is unknown
        asked = np.sign(asked) * volume_share * volume
        own.held += asked
        own.cut = i if own.cut < 0 else own.cut
        return asked
    own.held = own.goal  # assigned, not added up, so that flat is exactly zero
    end_order(own, j, FILLED_LATER, totals, unfilled)
    return asked


@compiled(error_model="numpy")
def pay_for(
    i: int,
    j: int,
    filled: float,
    price: float,
    shares: float,
    impact: float,
    rates: Rates,
    own: np.record,
    totals: np.record,
    fills: np.ndarray,
) -> None:
    """Pay for one fill, and enter it into the list of fills.

    `shares` is how many a unit was when it was traded, `impact` a share of the price.
    """
    size, value = abs(filled), abs(filled) * price
    if filled < 0.0:
        impact = min(impact, 1.0 - rates.slippage)  # a sale fetches nothing at worst
    paid_value = value * (1.0 + np.sign(filled) * (rates.slippage + impact))
    commission = paid_value * rates.commission + size * shares * rates.per_share + rates.per_trade
    cost = commission + value * rates.slippage + value * impact
    totals.commission += commission
    totals.slippage += value * rates.slippage
    totals.impact += value * impact
    totals.money -= filled * price + cost
    line = fills[totals.n_fills]
    line.row, line.instrument, line.units, line.price, line.cost, line.borrow = i, j, filled, price, cost, own.borrow
    own.borrow = 0.0
    totals.n_fills += 1


@compiled(error_model="numpy")
def _record(own: np.record, i: int, j: int, reason: int, units: float, totals: np.record, unfilled: np.ndarray) -> None:
    """One more line among the unfilled; what becomes of the order is entered when it ends."""
    own.failed = totals.n_unfilled
    line = unfilled[totals.n_unfilled]
    line.row, line.instrument, line.units, line.reason, line.outcome = i, j, units, reason, EXPIRED
    totals.n_unfilled += 1


@compiled(error_model="numpy")
def end_order(own: np.record, j: int, outcome: int, totals: np.record, unfilled: np.ndarray) -> None:
    """An order is filled, replaced or out of bars; a rest that the volume cut off is recorded only then."""
    if own.failed < 0 and own.cut >= 0 and outcome != FILLED_LATER:
        _record(own, own.cut, j, TOO_LARGE, own.goal - own.held, totals, unfilled)
    if own.failed >= 0:
        unfilled[own.failed].outcome = outcome
    own.order, own.cut, own.failed = NONE, -1, -1
    totals.n_open -= 1

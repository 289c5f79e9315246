"""What the compiled account reads and writes: prices by bar and instrument, and lists of orders and fills.

Lists are arrays of records: each line has named fields, and a compiled function takes one of them as cheaply as a
number. `kernel` keeps them, `engine`, `trades` and `orders` read them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

NONE, UNSIZED, SIZED = 0, 1, 2  # an order: none; a target that waits for a price; units that wait to be filled
NO_VOLUME, NO_PRICE, TOO_LARGE, NO_IMPACT = 0, 1, 2, 3  # why an order did not fill, or not whole
FILLED_LATER, REPLACED, EXPIRED = 0, 1, 2  # what became of it

# A change of target: the row its order is due in, the instrument, the target. In order of rows.
ORDER = np.dtype([("row", np.int64), ("instrument", np.int64), ("target", np.float64)])
# A fill, in order of rows: signed units, the quoted price, what it cost, and the borrow paid since the fill before.
FILL = np.dtype(
    [
        ("row", np.int64),
        ("instrument", np.int64),
        ("units", np.float64),
        ("price", np.float64),
        ("cost", np.float64),
        ("borrow", np.float64),
    ]
)
# An order that did not fill when it was due, or whose rest never did.
UNFILLED = np.dtype(
    [
        ("row", np.int64),
        ("instrument", np.int64),
        ("units", np.float64),
        ("reason", np.int64),
        ("outcome", np.int64),
    ]
)
# Per instrument: the target in force, the units it was sized to, units held, last known close, state of the order,
# the row in which the volume first cut it (-1: none), its line among the unfilled (-1: none), the borrow paid since
# the last fill, and the units that the benchmark holds.
BOOK = np.dtype(
    [
        ("target", np.float64),
        ("goal", np.float64),
        ("held", np.float64),
        ("mark", np.float64),
        ("order", np.int64),
        ("cut", np.int64),
        ("failed", np.int64),
        ("borrow", np.float64),
        ("benchmark", np.float64),
    ]
)
# The account as a whole: cash, costs paid by kind, and how many lines of each list are used.
TOTALS = np.dtype(
    [
        ("money", np.float64),
        ("commission", np.float64),
        ("slippage", np.float64),
        ("impact", np.float64),
        ("borrow", np.float64),
        ("n_orders", np.int64),
        ("n_open", np.int64),
        ("n_fills", np.int64),
        ("n_unfilled", np.int64),
        ("is_gone", np.int64),
    ]
)


class Market(NamedTuple):
    """What the account sees, by bar (t) and instrument (k).

    Attributes
    ----------
    fill: price at which an order of the bar fills, shape (t, k); NaN is missing.
    close: NaN is missing; what is held is then valued at the last known close.
    volume: units; NaN is unknown. Shape (0, 0) where no volume is known at all.
    has_bar: whether the instrument has a bar there, shape (t, k).
    years: years since the bar before, shape (t,).
    factor: what prices were multiplied with, shape (t, k): a unit was so many shares when it was traded. Shape (0, 0)
        where every price is as it was traded.
    """

    fill: np.ndarray
    close: np.ndarray
    volume: np.ndarray
    has_bar: np.ndarray
    years: np.ndarray
    factor: np.ndarray


class Rates(NamedTuple):
    """`costs.Costs` as the kernel reads them: shares instead of basis points; `volume_share` is infinite without a limit."""

    commission: float
    per_share: float
    per_trade: float
    slippage: float
    volume_share: float
    impact: float
    borrow: float


class Account(NamedTuple):
    """What happened, from row `first` on: n bars, k instruments; rows in the lists count from the first of the market.

    Attributes
    ----------
    equity, benchmark: money at the close of each bar, shape (n,); the benchmark bought and held everything.
    weights: value held at the close as a share of the equity, shape (n, k); 0 once nothing is left.
    fills, unfilled: lists of `FILL` and `UNFILLED`.
    book, totals: `BOOK`, shape (k,), and `TOTALS`, shape (1,), at the end. An order that is still open in the book
        never met a bar.
    refused_at: the first row in which more than the largest leverage would be held; -1 where none is. The account
        is not kept past it.
    leverage: what would be held there, in units of the equity.
    """

    equity: np.ndarray
    benchmark: np.ndarray
    weights: np.ndarray
    fills: np.ndarray
    unfilled: np.ndarray
    book: np.ndarray
    totals: np.ndarray
    refused_at: int
    leverage: float

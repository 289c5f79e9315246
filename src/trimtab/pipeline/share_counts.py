"""Share counts held against prices: are both on the same basis of splits?

Filed counts are as reported; many vendors adjust prices for splits. A market value of adjusted prices
and reported counts is wrong by every later split.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.bars import Bars
from trimtab.bars.actions.adjust import shares_held
from trimtab.bars.actions.schema import Actions
from trimtab.facts import Figures

# New shares for one old: what companies do. Issues and buybacks rarely come this close to one of them.
SPLIT_RATIOS = np.array([1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0, 50.0])
CLOSE = np.log(1.06)  # a quarter's issues and buybacks on top of the split
SHOWN = np.log(1.3)  # a price that moved with the split, in spite of the quarter's return


@dataclass(frozen=True)
class UnmatchedSplit:
    """A count that changed like a split which nothing else shows.

    Attributes
    ----------
    stated: when the later count was told, `datetime64[us]`.
    ratio: later count over the one before.
    """

    stated: np.datetime64
    ratio: float


def unmatched_splits(figures: Figures, bars: Bars, actions: Actions) -> list[UnmatchedSplit]:
    """Changes of the share count by the ratio of a split, beside prices and actions that show none.

    Parameters
    ----------
    figures: every version; of each day the count that was known first counts, as it was reported then.
    bars: with prices as the source tells them. Without bars on both sides of a change nothing is said.
    """
    counts = figures.take((figures.concept == "shares_outstanding") & (figures.value > 0.0))
    counts = counts.take(np.lexsort((counts.known_time, counts.period_end)))
    days, first = np.unique(counts.period_end, return_index=True)
    values = counts.value[first]
    days = np.maximum(days, counts.known_time[first])  # a split before the filing is in the count already
    at = np.searchsorted(bars.event_time, days, side="right") - 1
    if len(days) < 2 or len(bars) == 0:
        return []
    growth = np.diff(np.log(values))
    like_a_split = np.abs(np.abs(growth)[:, None] - np.log(SPLIT_RATIOS)).min(axis=1) <= CLOSE
    held = np.diff(np.log(shares_held(actions, days)))
    price = np.diff(np.log(bars.close[np.maximum(at, 0)]))
    in_view = (at[:-1] >= 0) & (at[1:] > at[:-1]) & (days[1:] <= bars.event_time[-1])
    shown = (np.abs(growth - held) <= SHOWN) | (np.abs(growth + price) <= SHOWN)
    odd = np.flatnonzero(like_a_split & in_view & ~shown)
    return [UnmatchedSplit(days[i + 1], float(np.exp(growth[i]))) for i in odd]

"""Bars of an instrument that pays dividends, with the factor a vendor would deliver."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from fakes.bars import random_walk

from trimtab.bars.actions.schema import Actions
from trimtab.bars.schema import Bars


def paying(rows: list[int], shares: list[float], n: int = 400, seed: int = 3) -> tuple[Bars, Actions]:
    """A random walk that falls by what it pays, its told dividends, and the factor 1 - D / C they make.

    Parameters
    ----------
    rows: bars that are ex-dates.
    shares: what is paid at each, as a share of the close before it.
    """
    clean = random_walk(n, seed=seed)
    level = np.ones(n)
    for row, share in zip(rows, shares, strict=True):
        level[row:] *= 1 - share
    prices = {name: getattr(clean, name) * level for name in ("open", "high", "low", "close")}
    # The open is the close before it in a random walk; on an ex-date it is already lower, and so is the high.
    bars = replace(clean, **prices, factor=level[-1] / level)
    paid = np.array([share * bars.close[row - 1] for row, share in zip(rows, shares, strict=True)])
    return bars, Actions.build("AAA", bars.event_time[rows], ["dividend"] * len(rows), paid)


def revalued(actions: Actions, number: int, by: float) -> Actions:
    """The actions, with one value multiplied."""
    value = actions.value.copy()
    value[number] *= by
    return replace(actions, value=value)


def refactored(bars: Bars, row: int, share: float) -> Bars:
    """The bars, with the factor stepping by `share` (of the price) at a row, whatever it did before."""
    factor = bars.factor.copy()
    step = factor[row] / factor[row - 1]
    factor[:row] *= step * (1 - share)
    return replace(bars, factor=factor)

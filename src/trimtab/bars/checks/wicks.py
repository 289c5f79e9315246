"""Highs and lows far outside the open and the close of their own bar."""

from __future__ import annotations

import numpy as np

from trimtab.bars.checks.usual import usual_returns
from trimtab.bars.checks.verdict import Finding, findings_at
from trimtab.bars.schema import Bars
from trimtab.config.quality import CheckLimits


def check_wicks(bars: Bars, limits: CheckLimits) -> list[Finding]:
    """wick, a warning, on complete bars in order of time: one bad print is enough to make a high or low.

    A high above open and close, or a low below them, by `wick_return` and by `wick_sigmas` of the
    usual returns. Flash crashes look the same and are true: bars with a wick are accepted.
    """
    if len(bars) < 2:
        return []
    above = np.log(bars.high / np.maximum(bars.open, bars.close))
    below = np.log(np.minimum(bars.open, bars.close) / bars.low)
    wick = np.maximum(above, below)
    rows = np.flatnonzero(wick > limits.wick_return)
    if len(rows) == 0:
        return []
    returns = np.diff(np.log(bars.close * bars.factor))
    sigma = usual_returns(returns, np.maximum(rows - 1, 0), limits.window)[1]
    rows = rows[wick[rows] > limits.wick_sigmas * sigma]
    details = [
        f"high {bars.high[row]:.10g} is {np.expm1(above[row]):.0%} above open and close"
        if above[row] >= below[row]
        else f"low {bars.low[row]:.10g} is {-np.expm1(-below[row]):.0%} below open and close"
        for row in rows
    ]
    return findings_at("wick", "warning", bars.event_time, rows, details)

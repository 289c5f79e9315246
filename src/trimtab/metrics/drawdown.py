"""How far below its highest point an account was, how long, and how much that hurt.

`returns` are simple returns per period, shape (n,); an unknown one (NaN) moves nothing and counts as a period.
Depths are shares and not positive: of the highest point so far when compounding, of the constant stake
with `compounding=False`. The start of the account is a high point too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from trimtab.metrics.arrays import as_series, known

NAN = float("nan")


@dataclass(frozen=True)
class Drawdown:
    """One stretch under water; periods are counted from 0.

    Attributes
    ----------
    start: the first period that ended below the high point.
    trough: the period that ended lowest, the first of them.
    end: the last period below; the last of all where the high point was not reached again.
    depth: distance at the trough, a share, negative.
    length: periods from start to end, both included.
    is_recovered: whether the high point was reached again.
    """

    start: int
    trough: int
    end: int
    depth: float
    length: int
    is_recovered: bool


def drawdowns(returns: ArrayLike, compounding: bool = True) -> np.ndarray:
    """Distance below the highest point so far, start included, after each period; shape (n,), never positive.

    >>> drawdowns([0.1, -0.5, 0.2]).round(3).tolist()
    [0.0, -0.5, -0.4]
    """
    values, start = as_series(returns), 1.0 if compounding else 0.0
    unknown = np.isnan(values)
    values = np.where(unknown, 0.0, values) if unknown.any() else values
    curve = np.cumprod(1.0 + values) if compounding else np.cumsum(values)
    peak = np.maximum(np.maximum.accumulate(curve), start)
    return curve / peak - 1.0 if compounding else curve - peak


def max_drawdown(returns: ArrayLike, compounding: bool = True) -> float:
    """The deepest drawdown, not positive: -0.2 means that a fifth was lost from a peak.

    >>> max_drawdown([0.1, -0.5, 0.2])
    -0.5
    """
    from trimtab.metrics.depth import deepest  # compiled: who measures no drawdown need not load numba

    return float(deepest(as_series(returns), compounding))


def drawdown_table(returns: ArrayLike, n_deepest: int | None = None, compounding: bool = True) -> tuple[Drawdown, ...]:
    """Every stretch under water, the deepest first (of equal ones the earlier); `n_deepest` keeps that many.

    >>> for each in drawdown_table([0.1, -0.5, 1.5, -0.2, -0.1]):
    ...     print(each.start, each.trough, each.end, round(each.depth, 3), each.length, each.is_recovered)
    1 1 1 -0.5 1 True
    3 4 4 -0.28 2 False
    """
    depth = drawdowns(returns, compounding)
    edges = np.flatnonzero(np.diff(np.r_[False, depth < 0.0, False].astype(np.int8)))
    found = [_stretch(depth, int(start), int(stop)) for start, stop in zip(edges[::2], edges[1::2], strict=True)]
    return tuple(sorted(found, key=lambda each: each.depth)[:n_deepest])


def longest_drawdown(returns: ArrayLike, compounding: bool = True) -> float:
    """Periods of the longest stretch under water; 0 when there was none, NaN when no return is known.

    >>> longest_drawdown([0.1, -0.5, 1.5, -0.2, -0.1])
    2.0
    """
    lengths = [each.length for each in drawdown_table(returns, compounding=compounding)]
    return float(max(lengths, default=0)) if len(known(returns)) else NAN


def ulcer_index(returns: ArrayLike, ddof: int = 0, compounding: bool = True) -> float:
    """Root mean square of the drawdowns: depth and length of discomfort in one number, a share.

    Martin 1987 divides by the number of periods (`ddof=0`), quantstats by one less (`ddof=1`).

    >>> round(ulcer_index([0.1, -0.5, 0.2]), 4), round(ulcer_index([0.1, -0.5, 0.2], ddof=1), 4)
    (0.3697, 0.4528)
    """
    depth = drawdowns(returns, compounding)
    if not len(known(returns)) or len(depth) <= ddof:
        return NAN
    return float(np.sqrt(depth @ depth / (len(depth) - ddof)))


def _stretch(depth: np.ndarray, start: int, stop: int) -> Drawdown:
    trough = start + int(np.argmin(depth[start:stop]))
    return Drawdown(start, trough, stop - 1, float(depth[trough]), stop - start, stop < len(depth))

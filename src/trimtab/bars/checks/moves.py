"""The large moves of a series from bar to bar, each beside what is usual around it."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from trimtab.bars.checks.usual import median_of_rows, rows_at, usual_returns
from trimtab.bars.schema import Bars
from trimtab.config.quality import CheckLimits

_LEVEL_BARS = 5


@dataclass(frozen=True)
class Moves:
    """Moves between neighbouring bars, one element per move, in order.

    Attributes
    ----------
    at: position of the bar before; the bar after it is `at + 1`.
    size: log return of the adjusted close.
    raw: log return of the close as delivered, without the factor.
    opened: log return from the adjusted close to the next adjusted open. A split, a unit or a
        grafted history changes between two bars; a crash in a market that is open does not.
    median, sigma: what is usual around it, as log returns (`usual_returns`).
    """

    at: np.ndarray
    size: np.ndarray
    raw: np.ndarray
    opened: np.ndarray
    median: np.ndarray
    sigma: np.ndarray

    def __len__(self) -> int:
        return len(self.at)

    def take(self, chosen: np.ndarray) -> Moves:
        """Some of the moves, by mask or indices."""
        return Moves(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @property
    def sigmas(self) -> np.ndarray:
        """How many sigmas each is away from the usual."""
        sigmas: np.ndarray = np.abs(self.size - self.median) / self.sigma
        return sigmas

    @property
    def is_of_price(self) -> np.ndarray:
        """Bool: the price itself moved, not only the factor it is adjusted with."""
        moved: np.ndarray = self.raw * np.sign(self.size) > np.abs(self.size) / 2
        return moved


def large_moves(bars: Bars, least: float, limits: CheckLimits) -> Moves:
    """The moves of more than `least` (log return) of complete bars in order of time."""
    level = np.log(bars.close * bars.factor)
    returns = np.diff(level)
    return moves_at(bars, np.flatnonzero(np.abs(returns) > least), limits, level)


def moves_at(bars: Bars, at: np.ndarray, limits: CheckLimits, level: np.ndarray | None = None) -> Moves:
    """The moves after the bars at some positions; `level` is the log adjusted close where it is at hand."""
    level = np.log(bars.close * bars.factor) if level is None else level
    if len(at) == 0:
        none = np.empty(0)
        return Moves(at, none, none, none, none, none)
    returns = np.diff(level)
    return Moves(
        at,
        returns[at],
        np.log(bars.close[at + 1] / bars.close[at]),
        np.log(bars.open[at + 1] * bars.factor[at + 1]) - level[at],
        *usual_returns(returns, at, limits.window),
    )


def stays(bars: Bars, moves: Moves) -> np.ndarray:
    """Bool per move: the level of the next five bars is nearer to the bar after it than to the one before."""
    level = np.log(bars.close * bars.factor)
    after = median_of_rows(rows_at(level, moves.at, np.arange(1, 1 + _LEVEL_BARS)))
    before = median_of_rows(rows_at(level, moves.at, np.arange(1 - _LEVEL_BARS, 1)))
    remains: np.ndarray = np.abs(after - before) > 0.5 * np.abs(moves.size)
    return remains

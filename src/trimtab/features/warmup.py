"""Enough context, proved: a short history gives the number of a long one, to 1e-9.

`compute_tail` is how the newest rows are computed without all of history: it takes the context the
features say they need. `check_warmup` shows on given bars that what they say is true.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trimtab.bars import Bars
from trimtab.errors import NotEnoughDataError
from trimtab.features.catalogue import catalogue, resolve
from trimtab.features.engine import FeatureBlock, compute

TOLERANCE = 1e-9


@dataclass(frozen=True)
class WarmupFinding:
    """How well the declared warm-up of one feature holds.

    Attributes
    ----------
    name: the feature.
    warmup: bars of context it declares.
    difference: largest difference between short and full history, relative to the larger of the
        value and the feature's median size (a feature may cross zero); NaN where nothing could be
        compared because history is not longer than the warm-up.
    """

    name: str
    warmup: int
    difference: float

    @property
    def holds(self) -> bool:
        """Whether the difference stays within 1e-9."""
        return bool(self.difference <= TOLERANCE)


def bars_needed(names: Sequence[str]) -> int:
    """Bars that the newest row of some features needs, itself included.

    >>> bars_needed(["return_5", "sma_distance_20"])
    20
    """
    return 1 + max((catalogue()[name].warmup for name in resolve(names=names)), default=0)


def compute_tail(bars: Bars, names: Sequence[str], rows: int = 1) -> FeatureBlock:
    """The last `rows` rows, from as little history as gives the numbers of the full one to 1e-9.

    Where history is shorter than that, all of it is used: the rows are then those of `compute`.
    Raises `NotEnoughDataError` when there are fewer bars than rows asked for.
    """
    if not 1 <= rows <= len(bars):
        raise NotEnoughDataError(
            f"{bars.series} has {len(bars)} bars, the last {rows} were asked for; ask for between 1 and all of them"
        )
    needed = min(len(bars), bars_needed(names) - 1 + rows)
    block = compute(bars.take(slice(len(bars) - needed, None)), names)
    return FeatureBlock(
        block.series,
        block.event_time[-rows:],
        block.known_time[-rows:],
        block.names,
        np.asfortranarray(block.values[-rows:]),
    )


def check_warmup(names: Sequence[str], bars: Bars, rows: int = 100) -> tuple[WarmupFinding, ...]:
    """Compare each feature's last `rows` rows from its declared context with those of full history."""
    names = resolve(names=names)
    full = compute(bars, names)
    return tuple(_check(full, bars, name, rows) for name in names)


def _check(full: FeatureBlock, bars: Bars, name: str, rows: int) -> WarmupFinding:
    warmup = catalogue()[name].warmup
    if len(bars) <= warmup + rows:
        return WarmupFinding(name, warmup, float("nan"))
    long = full.column(name)
    short = compute(bars.take(slice(len(bars) - warmup - rows, None)), [name]).column(name)[-rows:]
    return WarmupFinding(name, warmup, _difference(short, long[-rows:], size=_median_size(long)))


def _median_size(values: np.ndarray) -> float:
    known = np.abs(values[~np.isnan(values)])
    return float(np.median(known)) if len(known) else 0.0


def _difference(one: np.ndarray, other: np.ndarray, size: float) -> float:
    if (np.isnan(one) != np.isnan(other)).any():
        return float("inf")  # a number on one side only
    known = ~np.isnan(one)
    away = np.abs(one[known] - other[known])
    scale = np.maximum(np.maximum(np.abs(one[known]), np.abs(other[known])), size)
    return float(np.max(np.divide(away, scale, out=np.zeros_like(away), where=scale > 0.0), initial=0.0))

"""Enough context, proved and enforced: a short history gives the number of a long one, to 1e-9.

`compute_tail` is how the newest rows are computed without all of history: it takes the context the
features need and refuses less. `check_warmup` shows on given bars that what the catalogue says they
need is enough; `warmup_search` is how it was found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trimtab.bars import Bars
from trimtab.errors import NotEnoughDataError
from trimtab.features.catalogue import catalogue, resolve
from trimtab.features.engine import FeatureBlock, compute, fill, known_bars, require_order
from trimtab.features.surroundings import NOTHING, Surroundings

TOLERANCE = 1e-9
_ROUNDING = 1e-12  # features are ratios: what is smaller is what is left of a zero


@dataclass(frozen=True)
class WarmupFinding:
    """How well the warm-up of one feature holds.

    Attributes
    ----------
    name: the feature.
    warmup: bars of context the catalogue says it needs.
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


def bars_needed(names: Sequence[str], rows: int = 1) -> int:
    """Bars that the newest rows of some features need, those rows included.

    >>> bars_needed(["return_5", "sma_distance_20"])
    20
    """
    return rows + max((catalogue()[name].warmup for name in resolve(names=names)), default=0)


def require_context(bars: Bars, names: Sequence[str], rows: int, *, complete_history: bool = False) -> None:
    """Raise `NotEnoughDataError` unless the newest rows can be computed as full history would compute them.

    With `complete_history` the bars begin with the first there ever was, so nothing is missing.
    """
    if not 1 <= rows <= len(bars):
        raise NotEnoughDataError(
            f"{bars.series} has {len(bars)} bars, the last {rows} were asked for; ask for between 1 and all of them"
        )
    needed = bars_needed(names, rows)
    if complete_history or len(bars) >= needed:
        return
    known = catalogue()
    longest = max(resolve(names=names), key=lambda name: known[name].warmup)
    raise NotEnoughDataError(
        f"{bars.series}: '{longest}' needs {needed} bars for its last {rows} ({known[longest].warmup} of them context), "
        f"{len(bars)} were given; give more of them, or say complete_history=True where they begin with the very first"
    )


def compute_tail(
    bars: Bars,
    names: Sequence[str],
    rows: int = 1,
    surroundings: Surroundings = NOTHING,
    *,
    complete_history: bool = False,
) -> FeatureBlock:
    """The last `rows` rows, from as little history as gives the numbers of the full one to 1e-9.

    Parameters
    ----------
    bars: at least the context of every feature and the rows; older ones are not looked at.
    complete_history: the bars begin with the very first of the series. Then fewer are enough: the
        rows are those of `compute`, NaN where a feature has no number yet.

    Raises `NotEnoughDataError`, naming the feature that needs most, when there are fewer bars than
    that, or fewer than rows asked for: a wrong number is never given.
    """
    names = resolve(names=names)
    require_context(bars, names, rows, complete_history=complete_history)
    tail = bars.take(slice(-min(len(bars), bars_needed(names, rows)), None))
    require_order(tail)
    if not known_bars(tail).all():
        return _known_tail(bars, names, rows, surroundings, complete_history=complete_history)
    values = np.empty((rows, len(names)), order="F")
    fill(values, range(len(names)), tail, names, surroundings)
    return FeatureBlock(bars.series, tail.event_time[-rows:], tail.known_time[-rows:], names, values)


def _known_tail(
    bars: Bars, names: tuple[str, ...], rows: int, surroundings: Surroundings, *, complete_history: bool
) -> FeatureBlock:
    """As `compute_tail`, without the bars whose price or volume is unknown: they are no context."""
    known = known_bars(bars)
    at = np.flatnonzero(known[-rows:])
    values = np.full((rows, len(names)), np.nan, order="F")
    if len(at):
        inside = bars.take(known)
        found = compute_tail(inside, names, len(at), surroundings, complete_history=complete_history)
        values[at] = found.values
    return FeatureBlock(bars.series, bars.event_time[-rows:], bars.known_time[-rows:], names, values)


def check_warmup(
    names: Sequence[str], bars: Bars, rows: int = 100, surroundings: Surroundings = NOTHING
) -> tuple[WarmupFinding, ...]:
    """Compare each feature's last `rows` rows from its own context with those of full history."""
    names = resolve(names=names)
    full = compute(bars, names, surroundings=surroundings)
    return tuple(_check(full, bars, name, rows, surroundings) for name in names)


def differences(one: np.ndarray, other: np.ndarray, size: np.ndarray | float) -> np.ndarray:
    """How far values are from others, relative to the larger of the two and `size`.

    0 where both are NaN, infinite where only one of them is.

    >>> differences(np.array([1.0, np.nan, np.nan, 0.0]), np.array([2.0, np.nan, 1.0, 0.0]), 0.0).tolist()
    [0.5, 0.0, inf, 0.0]
    """
    away = np.abs(one - other)
    scale = np.maximum(np.fmax(np.abs(one), np.abs(other)), size)
    relative = np.divide(away, scale, out=np.zeros_like(away), where=(away > 0.0) & (scale > 0.0))
    relative[np.isnan(one) != np.isnan(other)] = np.inf
    return relative


def median_size(values: np.ndarray) -> float:
    """Median of the absolute values that are known and more than rounding (1e-12), 0 where none is."""
    sizes = np.abs(values)
    sizes = sizes[sizes > _ROUNDING]
    return float(np.median(sizes)) if len(sizes) else 0.0


def _check(full: FeatureBlock, bars: Bars, name: str, rows: int, surroundings: Surroundings) -> WarmupFinding:
    warmup = catalogue()[name].warmup
    if len(bars) <= warmup + rows:
        return WarmupFinding(name, warmup, float("nan"))
    long = full.column(name)
    context = bars.take(slice(len(bars) - warmup - rows, None))
    short = compute(context, [name], surroundings=surroundings).column(name)[-rows:]
    return WarmupFinding(name, warmup, float(differences(short, long[-rows:], median_size(long)).max(initial=0.0)))

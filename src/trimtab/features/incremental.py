"""The features of new bars at a cost that does not grow with history.

Most features look back a few dozen bars and a few remember thousands. Features of similar memory are
therefore computed together on a context of their own, so that the long memories of the few do not
make the many read thousands of bars.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from trimtab.bars import Bars
from trimtab.features.catalogue import catalogue, resolve
from trimtab.features.engine import FeatureBlock, fill, known_bars, require_order
from trimtab.features.surroundings import NOTHING, Surroundings
from trimtab.features.warmup import require_context

# What opening one more context costs, in values computed (a feature over one bar). Measured: shared
# arrays made twice and calls made twice take about 100 microseconds, a value takes 5 nanoseconds.
_CONTEXT_COST = 20_000


@dataclass(frozen=True)
class Tier:
    """Features computed together on one context.

    Attributes
    ----------
    names: the features.
    columns: their places in the block asked for.
    warmup: bars of context before the first new row.
    needs_peers: whether one of them reads the bars of peers.
    """

    names: tuple[str, ...]
    columns: tuple[int, ...]
    warmup: int
    needs_peers: bool


def contexts_needed(names: Sequence[str]) -> tuple[Tier, ...]:
    """The contexts some features are computed on, shortest first; every feature is in exactly one.

    They are the cheapest split: a longer context for all of a tier is weighed against one more tier.

    >>> [(tier.names, tier.warmup) for tier in contexts_needed(["return_5", "sma_distance_20"])]
    [(('return_5', 'sma_distance_20'), 19)]
    """
    return _tiers(resolve(names=names))


def update(
    bars: Bars,
    names: Sequence[str],
    rows: int = 1,
    surroundings: Surroundings = NOTHING,
    *,
    complete_history: bool = False,
) -> FeatureBlock:
    """The features of the newest `rows` bars, as a computation over all of history would give them, to 1e-9.

    Parameters
    ----------
    bars: the new bars behind at least the longest context of the features (`bars_needed`); older
        ones are not looked at.
    surroundings: facts and peers; of the peers only as much is read as the context is long.
    complete_history: the bars begin with the very first of the series, so fewer are enough.

    A bar with an unknown price or volume is none, as in `compute`: its row is NaN, and it is no context.
    Raises `NotEnoughDataError` where there are fewer bars than needed; a wrong number is never given.
    """
    names = resolve(names=names)
    tiers = _tiers(names)
    read = bars.take(slice(-(tiers[-1].warmup + rows), None)) if tiers and rows >= 1 else bars
    if rows >= 1 and not known_bars(read).all():
        return _update_known(bars, names, rows, surroundings, complete_history=complete_history)
    if not (rows >= 1 and tiers and len(bars) >= tiers[-1].warmup + rows):
        require_context(bars, names, rows, complete_history=complete_history)
    values = np.empty((rows, len(names)), order="F")
    for tier in tiers:
        context = bars.take(slice(-min(len(bars), tier.warmup + rows), None))
        require_order(context)
        around = _near(surroundings, context) if tier.needs_peers else surroundings
        fill(values, tier.columns, context, tier.names, around)
    return FeatureBlock(bars.series, bars.event_time[-rows:].copy(), bars.known_time[-rows:].copy(), names, values)


def _update_known(
    bars: Bars, names: tuple[str, ...], rows: int, surroundings: Surroundings, *, complete_history: bool
) -> FeatureBlock:
    """As `update`, without the bars that are none."""
    known = known_bars(bars)
    at = np.flatnonzero(known[-rows:])
    values = np.full((min(rows, len(bars)), len(names)), np.nan, order="F")
    if len(at):
        found = update(bars.take(known), names, len(at), surroundings, complete_history=complete_history)
        values[at] = found.values
    return FeatureBlock(bars.series, bars.event_time[-rows:].copy(), bars.known_time[-rows:].copy(), names, values)


@lru_cache(maxsize=32)
def _tiers(names: tuple[str, ...]) -> tuple[Tier, ...]:
    known = catalogue()
    limits = _cheapest_split([known[name].warmup for name in names])
    place = np.searchsorted(limits, [known[name].warmup for name in names])
    members = [[j for j in range(len(names)) if place[j] == k] for k in range(len(limits))]
    return tuple(
        Tier(
            names=tuple(names[j] for j in chosen),
            columns=tuple(chosen),
            warmup=limit,
            needs_peers=any("peers" in known[names[j]].needs for j in chosen),
        )
        for limit, chosen in zip(limits, members, strict=True)
    )


def _cheapest_split(warmups: Sequence[int], context_cost: float = _CONTEXT_COST) -> list[int]:
    """The longest warm-up of each tier, so that contexts and values computed cost least; dynamic programming."""
    lengths, counts = np.unique(np.asarray(warmups, dtype=np.int64), return_counts=True)
    before = np.concatenate([[0], np.cumsum(counts)])  # features with a shorter warm-up
    cost, last = np.zeros(len(lengths) + 1), np.zeros(len(lengths) + 1, dtype=np.int64)
    for j in range(1, len(lengths) + 1):
        tiers = cost[:j] + context_cost + (before[j] - before[:j]) * float(lengths[j - 1] + 1)
        last[j] = int(np.argmin(tiers))
        cost[j] = tiers[last[j]]
    limits: list[int] = []
    j = len(lengths)
    while j > 0:
        limits.append(int(lengths[j - 1]))
        j = int(last[j])
    return limits[::-1]


def _near(surroundings: Surroundings, context: Bars) -> Surroundings:
    """Surroundings whose peers begin as many of their own bars before the context as the context has."""
    first = context.event_time[0]
    near = {
        name: peer.take(slice(max(int(np.searchsorted(peer.event_time, first)) - len(context), 0), None))
        for name, peer in surroundings.peers.items()
    }
    return replace(surroundings, peers=near)

"""Features as they could have been computed at the time of each row, restatements and all.

A restated bar must not reach a row that was decided before the restatement was received, or training
would see what trading could not. Each epoch between two restatements is one pass over the bars as
they stood in it (see `bars.views`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import numpy as np

from trimtab.bars.schema import TIME
from trimtab.bars.views import BarHistory, epochs
from trimtab.features.engine import FeatureBlock, compute
from trimtab.features.surroundings import NOTHING, Surroundings
from trimtab.market import Series

# What surrounds a series as it stood at a time; None is now.
Around = Callable[[datetime | None], Surroundings]


def nothing_around(_: datetime | None) -> Surroundings:
    """No facts and no peers, at any time."""
    return NOTHING


def compute_point_in_time(
    store: BarHistory,
    series: Series,
    names: Sequence[str],
    as_of: datetime | None = None,
    around: Around = nothing_around,
    peers: Sequence[Series] = (),
) -> FeatureBlock:
    """Features of every bar, each row from the bars as known at its own decision time.

    The decision time of a row, its `known_time` here, is when the first version of its bar became
    known. The row is computed from the first version of that bar and, of the bars before it, from
    the versions known at that time. Without restatements this is one pass of `compute` over the
    current bars; every restatement that has later bars behind it adds one.

    Parameters
    ----------
    as_of: limits everything to what was known at that time; None means all that is known now.
    around: the facts and peers as they stood at a time. Facts of all times may be handed over, each row
        takes those known at its decision; bars of peers must be in the versions of that time.
    peers: the series whose bars `around` hands over; a restatement of one of them adds a pass too.
    """
    parts: list[FeatureBlock] = []
    done = np.empty(0, TIME)
    for end, bars in epochs(store, series, as_of, peers):
        fresh = ~np.isin(bars.event_time, done)
        if not fresh.any() and parts:
            continue
        block = compute(bars, names, surroundings=around(end))
        parts.append(_rows(block, fresh))
        done = np.concatenate([done, bars.event_time[fresh]])
    return _in_order(parts)


def _rows(block: FeatureBlock, chosen: np.ndarray) -> FeatureBlock:
    values = block.values if chosen.all() else np.asfortranarray(block.values[chosen])
    return FeatureBlock(block.series, block.event_time[chosen], block.known_time[chosen], block.names, values)


def _in_order(parts: list[FeatureBlock]) -> FeatureBlock:
    if len(parts) == 1:
        return parts[0]
    event_time = np.concatenate([part.event_time for part in parts])
    order = np.argsort(event_time, kind="stable")
    known_time = np.concatenate([part.known_time for part in parts])[order]
    values = np.asfortranarray(np.concatenate([part.values for part in parts])[order])
    return FeatureBlock(parts[0].series, event_time[order], known_time, parts[0].names, values)

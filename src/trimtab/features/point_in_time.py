"""Features as they could have been computed at the time of each row, restatements and all.

A restated bar must not reach a row that was decided before the restatement was received, or training
would see what trading could not. Between two restatements nothing changes but new bars, so history
falls into epochs, and each epoch is one pass over the bars as they stood in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

import numpy as np

from trimtab.bars import Bars
from trimtab.bars.schema import TIME
from trimtab.features.engine import FeatureBlock, compute
from trimtab.market import Series

TICK = timedelta(microseconds=1)


class BarHistory(Protocol):
    """What is asked of a store of bars that keeps every version."""

    def current(self, series: Series) -> Bars:
        """The bars in their latest version, in order."""
        ...

    def as_known_at(self, series: Series, time: datetime) -> Bars:
        """The bars known at a time, each in the version that was the latest then, in order."""
        ...

    def revision_times(self, series: Series) -> np.ndarray:
        """Known times of all restated versions, sorted, `datetime64[us]`."""
        ...


def compute_point_in_time(
    store: BarHistory, series: Series, names: Sequence[str], as_of: datetime | None = None
) -> FeatureBlock:
    """Features of every bar, each row from the bars as known at its own decision time.

    The decision time of a row, its `known_time` here, is when the first version of its bar became
    known. The row is computed from the first version of that bar and, of the bars before it, from
    the versions known at that time. Without restatements this is one pass of `compute` over the
    current bars; every restatement that has later bars behind it adds one.

    `as_of` limits everything to what was known at that time; None means all that is known now.
    """
    parts: list[FeatureBlock] = []
    done = np.empty(0, TIME)
    for bars in _views(store, series, as_of):
        fresh = ~np.isin(bars.event_time, done)
        if not fresh.any() and parts:
            continue
        block = compute(bars, names)
        parts.append(_rows(block, fresh))
        done = np.concatenate([done, bars.event_time[fresh]])
    return _in_order(parts)


def _views(store: BarHistory, series: Series, as_of: datetime | None) -> Iterator[Bars]:
    """The bars as they stood at the end of each epoch, oldest first."""
    for moment in np.unique(store.revision_times(series).astype(TIME)):
        revised = moment.item().replace(tzinfo=UTC)
        if as_of is not None and revised > as_of:
            break
        yield store.as_known_at(series, revised - TICK)
    yield store.current(series) if as_of is None else store.as_known_at(series, as_of)


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

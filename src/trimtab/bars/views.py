"""The bars of a series as they stood, epoch by epoch.

Between two revisions nothing changes but new bars, and factors that rescale everything before a new
bar alike, so history falls into epochs: whatever was decided or realised in one of them can be
computed from the bars as they stood at its end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

import numpy as np

from trimtab.bars.schema import TIME, Bars
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
        """Known times at which what was known of the past changed, sorted, `datetime64[us]`."""
        ...


def views(store: BarHistory, series: Series, as_of: datetime | None = None) -> Iterator[Bars]:
    """The bars as they stood at the end of each epoch, oldest first; one view without revisions.

    Every bar of a view is in all later ones. `as_of` limits everything to what was known at that
    time; None means all that is known now.
    """
    for _, bars in epochs(store, series, as_of):
        yield bars


def epochs(
    store: BarHistory, series: Series, as_of: datetime | None = None, also: Sequence[Series] = ()
) -> Iterator[tuple[datetime | None, Bars]]:
    """The end of each epoch with the bars as they stood then, oldest first; the last end is `as_of`.

    `also` names other series whose revisions end an epoch too, because something reads their bars.
    """
    revisions = [store.revision_times(each).astype(TIME) for each in (series, *also)]
    for moment in np.unique(np.concatenate(revisions)):
        revised = moment.item().replace(tzinfo=UTC)
        if as_of is not None and revised > as_of:
            break
        yield revised - TICK, store.as_known_at(series, revised - TICK)
    yield as_of, store.current(series) if as_of is None else store.as_known_at(series, as_of)

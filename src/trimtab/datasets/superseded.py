"""When a bar that a row had read was restated: the row keeps what was known before, and deserves less trust since.

Only bars of the series itself are looked at, not facts and not the bars of peers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

import numpy as np

from trimtab.bars.restatements import RatioChanges, ratio_changes
from trimtab.bars.times import as_time
from trimtab.bars.views import TICK, BarHistory, epochs
from trimtab.config.strategy import Label
from trimtab.datasets.series_samples import realised_times
from trimtab.datasets.windows import Windows, reach_of, windows
from trimtab.features.engine import FeatureBlock
from trimtab.labels import LabelBlock


def superseded_times(
    store: BarHistory,
    features: FeatureBlock,
    labels: Sequence[LabelBlock],
    label: Label,
    as_of: datetime | None = None,
) -> tuple[np.ndarray, ...]:
    """Per horizon since when a row has a number from before a restatement; datetime64[us], one per row, NaT for never.

    A row has one when a bar that its features look back to was restated after its decision, or a bar that its
    label looks at after it was realised. The look-back counts, not the longer memory of features that never quite
    forget. What counts as restated, `trimtab.bars.restatements` says. The first restatement counts, at the moment
    it was known.

    Parameters
    ----------
    features, labels: of one series, point in time, over the same bars.
    label: what the labels were computed from.
    as_of: limits everything to what was known at that time; None means all that is known now.
    """
    n, reach = len(features), reach_of(features.names, label)
    found = [np.full(n, np.datetime64("NaT"), "datetime64[us]") for _ in labels]
    ends = [realised_times(features, block) for block in labels]
    for changes, moment in _restatements(store, features, as_of):
        back = windows(features.event_time, features.event_time, reach.lookback, 0)
        told_differently = _read(back, changes) & (features.known_time < moment)
        for seen, block, realised in zip(found, labels, ends, strict=True):
            length = block.label_start - block.event_time
            ahead = Windows(block.event_time, block.label_end - length)
            seen[np.isnat(seen) & (told_differently | (_read(ahead, changes) & (realised < moment)))] = moment
    return tuple(found)


def _restatements(
    store: BarHistory, features: FeatureBlock, as_of: datetime | None
) -> Iterator[tuple[RatioChanges, np.datetime64]]:
    """What each restatement changed, and when it was known, in the order of that time."""
    for (end, earlier), (_, later) in pairwise(epochs(store, features.series, as_of)):
        assert end is not None  # only the last epoch is open
        yield ratio_changes(earlier, later), as_time(end + TICK)


def _read(read: Windows, changes: RatioChanges) -> np.ndarray:
    return read.touched_by(changes.within) | read.spanned_by(changes.from_previous)

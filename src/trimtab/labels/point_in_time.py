"""Labels as they were when they were realised, restatements and all.

A bar restated years later must not change a label that was realised before, or a model trained on
the past would be told what nobody knew then. Versions of bars are not mixed: every row is computed
from one view of all bars, so that a return never spans two vintages of the adjustment.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np

from trimtab.bars.views import BarHistory, views
from trimtab.config.strategy import Label
from trimtab.labels.compute import compute_labels
from trimtab.labels.schema import LabelBlock
from trimtab.market import Series


def compute_label_point_in_time(
    store: BarHistory, series: Series, label: Label, horizon: int, as_of: datetime | None = None
) -> LabelBlock:
    """The label of every bar over one horizon; see `compute_labels_point_in_time`."""
    alone = label.model_copy(update={"horizons": (horizon,)})
    return compute_labels_point_in_time(store, series, alone, as_of)[0]


def compute_labels_point_in_time(
    store: BarHistory, series: Series, label: Label, as_of: datetime | None = None
) -> tuple[LabelBlock, ...]:
    """The labels of every bar, one block per horizon, aligned with the rows of `features.point_in_time`.

    The baseline of a row comes from the bars as known when its own bar first was; value and end come
    from the bars as known when its label was first decided: by the last bar of its interval, or by a bar that
    touched a barrier. A row without a value whose interval is complete (a return inside the neutral band)
    is realised too and stays without one.
    Without restatements this is one pass of `compute_labels` over the current bars; every restatement
    that has later bars behind it adds one.

    `as_of` limits everything to what was known at that time; None means all that is known now.
    """
    blocks: tuple[LabelBlock, ...] = ()
    for bars in views(store, series, as_of):
        if not blocks:
            blocks = compute_labels(bars, label)
        elif len(bars) > len(blocks[0].event_time):  # without a new bar nothing is decided or realised
            later = compute_labels(bars, label)
            blocks = tuple(_standing(*pair) for pair in zip(blocks, later, strict=True))
    assert blocks  # there is always a last view
    return blocks


def _standing(earlier: LabelBlock, later: LabelBlock) -> LabelBlock:
    """The later block, except for what the earlier one has already said or realised."""
    at = np.searchsorted(later.event_time, earlier.event_time)
    realised = ~np.isnat(earlier.label_end)
    later = _realised_after(earlier, later)
    baseline, value, end = later.baseline.copy(), later.value.copy(), later.label_end.copy()
    baseline[at] = earlier.baseline
    value[at[realised]] = earlier.value[realised]
    end[at[realised]] = earlier.label_end[realised]
    return replace(later, value=value, label_end=end, baseline=baseline)


def _realised_after(earlier: LabelBlock, later: LabelBlock) -> LabelBlock:
    """The later block, nothing in it realised before its first bar that the earlier one had not reached.

    A restated high can touch a barrier in a bar that had closed long before, and a bar that came late can make
    the last one of an interval an old one: what was not realised then is realised now, not in the past.
    """
    reached = earlier.event_time[-1] if len(earlier.event_time) else None
    new = np.flatnonzero(later.event_time > reached) if reached is not None else np.arange(len(later.event_time))
    if not len(new):
        nothing = np.full(len(later.label_end), np.datetime64("NaT"), later.label_end.dtype)
        return replace(later, value=np.full(len(later.value), np.nan), label_end=nothing)
    return replace(later, label_end=np.maximum(later.label_end, later.label_start[new[0]]))  # NaT stays NaT

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
from trimtab.labels.compute import compute_label
from trimtab.labels.schema import LabelBlock
from trimtab.market import Series


def compute_label_point_in_time(
    store: BarHistory, series: Series, label: Label, horizon: int, as_of: datetime | None = None
) -> LabelBlock:
    """The label of every bar, aligned with the rows of `features.point_in_time.compute_point_in_time`.

    The baseline of a row comes from the bars as known when its own bar first was; value and end come
    from the bars as known when the last bar of its interval first was. A row without a value whose
    interval is complete (a return inside the neutral band) is realised too and stays without one.
    Without restatements this is one pass of `compute_label` over the current bars; every restatement
    that has later bars behind it adds one.

    `as_of` limits everything to what was known at that time; None means all that is known now.
    """
    block: LabelBlock | None = None
    for bars in views(store, series, as_of):
        if block is None:
            block = compute_label(bars, label, horizon)
        elif len(bars) > len(block.event_time):  # without a new bar nothing is decided or realised
            block = _standing(block, compute_label(bars, label, horizon))
    assert block is not None  # there is always a last view
    return block


def _standing(earlier: LabelBlock, later: LabelBlock) -> LabelBlock:
    """The later block, except for what the earlier one has already said or realised."""
    at = np.searchsorted(later.event_time, earlier.event_time)
    realised = ~np.isnat(earlier.label_end)
    baseline, value, end = later.baseline.copy(), later.value.copy(), later.label_end.copy()
    baseline[at] = earlier.baseline
    value[at[realised]] = earlier.value[realised]
    end[at[realised]] = earlier.label_end[realised]
    return replace(later, value=value, label_end=end, baseline=baseline)

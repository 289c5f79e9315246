"""Whether a bar that a person gives fits the stored bars around it.

A bar can be possible by itself and still be half in cents: the checks on levels see that only beside
its neighbours.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trimtab.bars.actions.adjust import split_factor
from trimtab.bars.checks.judge import judge
from trimtab.bars.checks.verdict import Finding
from trimtab.bars.schema import Bars, concatenate
from trimtab.bars.store import BarStore
from trimtab.config.quality import CheckLimits

ON_LEVEL = frozenset({"unit_error", "wick", "spike", "unadjusted_split", "unexplained_jump"})


def misfits(bar: Bars, store: BarStore, limits: CheckLimits) -> tuple[Finding, ...]:
    """What the checks on levels say about a bar in its place, beyond what they say about the stored one.

    Parameters
    ----------
    bar: one complete bar, with a time.
    store: where its neighbours are; the split that was told of between two of them is no jump.
    limits: where the checks begin to object; twice their window on either side is looked at.

    Returns the findings in the order of `judge`; none where a stored bar of that time has the same.
    """
    stored, time = store.stored(bar.series), bar.event_time[0]
    at = int(np.searchsorted(stored.event_time, time))
    is_stored = at < len(stored) and stored.event_time[at] == time
    before = stored.take(slice(max(at - 2 * limits.window, 0), at))
    after = stored.take(slice(at + is_stored, at + is_stored + 2 * limits.window))
    actions = store.actions.current(bar.series.instrument_id)

    def said_of(middle: Bars) -> tuple[Finding, ...]:
        together = concatenate([before, middle, after])
        at_level = replace(together, factor=together.factor * split_factor(together, actions))
        findings = judge(at_level, limits=limits).findings
        return tuple(found for found in findings if found.index == len(before) and found.check in ON_LEVEL)

    old = {(found.check, found.detail) for found in said_of(stored.take(slice(at, at + 1)))} if is_stored else set()
    return tuple(found for found in said_of(bar) if (found.check, found.detail) not in old)

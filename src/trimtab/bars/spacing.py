"""The timeframe of bars that do not say theirs, from the time between one and the next."""

from __future__ import annotations

from collections import Counter

import numpy as np

from trimtab.market import Timeframe


class StepCount:
    """Counts the steps from bar to bar over the parts of a table, one after another.

    Exact while the bars of an instrument come in order from part to part; `is_exact` tells. Within
    a part any order will do.

    >>> count = StepCount()
    >>> count.see(np.array(["2020-01-02", "2020-01-03"], dtype="datetime64[us]"), np.zeros(2, np.int64))
    >>> count.timeframe()
    <Timeframe.DAY: '1d'>
    """

    def __init__(self) -> None:
        self.is_exact = True
        self._steps: Counter[int] = Counter()
        self._last: dict[int, int] = {}

    def see(self, times: np.ndarray, group: np.ndarray) -> None:
        """Add a part: event times (`datetime64[us]`) and the number of the instrument of each."""
        known = ~np.isnat(times)
        times, group = times[known].astype(np.int64), group[known]
        order = np.lexsort((times, group))
        times, group = times[order], group[order]
        self._add(np.diff(times)[np.diff(group) == 0])
        starts = np.flatnonzero(np.r_[True, np.diff(group) != 0]) if len(group) else np.empty(0, np.int64)
        ends = np.r_[starts[1:], len(group)] - 1
        for start, end in zip(starts, ends if len(group) else starts, strict=True):
            self._join(int(group[start]), first=int(times[start]), last=int(times[end]))

    def timeframe(self) -> Timeframe | None:
        """The timeframe whose length is the median step, or else the commonest; None where neither is one."""
        lengths = np.array(sorted(self._steps), dtype=np.int64)
        if len(lengths) == 0:
            return None
        counts = np.array([self._steps[length] for length in lengths.tolist()])
        # In a few days the median may be a weekend; the commonest step is then the better witness.
        median = lengths[np.searchsorted(np.cumsum(counts), counts.sum() // 2, side="right")]
        for step in (median, lengths[np.argmax(counts)]):
            for timeframe in Timeframe:
                if step == timeframe.duration_us.astype(np.int64):
                    return timeframe
        return None

    def _join(self, group: int, first: int, last: int) -> None:
        before = self._last.get(group)
        if before is not None:
            self.is_exact &= first >= before
            self._add(np.array([first - before]))
        self._last[group] = last

    def _add(self, steps: np.ndarray) -> None:
        lengths, counts = np.unique(steps[steps > 0], return_counts=True)
        self._steps.update(dict(zip(lengths.tolist(), counts.tolist(), strict=True)))

"""A long history from a server that answers page by page, with its own ideas of a page.

Servers answer with the next bars after a time, or with a window that may be empty; repeat bars of
the page before; forget the order; or hold only the latest bars and give those whatever was asked. What
must come out is every bar of the span once, or an error: a hole that the server made is no hole of the market.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from trimtab.bars.sources.asking import BusyError, Patience, ask
from trimtab.bars.times import iso

NOTHING = np.empty((0, 6))
Rows = np.ndarray  # (n, 6): event time in ms since 1970 UTC, open, high, low, close, volume; float64


@dataclass(frozen=True)
class Pages:
    """One history that can be asked page by page.

    Attributes
    ----------
    page: the bars from an event time (ms) on, one page of them in any order; patient by itself.
    step_ms: length of a bar.
    n_per_page: bars a page holds at most; an empty page says that nothing lies in so many bars.
    patience: for pages that contradict the longer bars.
    longer: the same history in longer bars, where there is one. It says where bars begin after a
        long silence, and tells a silence of the market from a page that the server left out.
    """

    page: Callable[[int], Rows]
    step_ms: int
    n_per_page: int
    patience: Patience = field(default_factory=Patience)
    longer: Pages | None = None

    def collect(self, first_ms: int, last_ms: int) -> Rows:
        """Every bar with `first_ms` ≤ event time ≤ `last_ms`, by event time, exact repetitions once.

        Raises `NoAnswerError` when a page stays incomplete, and what `page` raises.

        >>> days = np.array([[t, 1, 1, 1, 1, 5] for t in (10, 20, 50, 60)], float)
        >>> two_at_a_time = Pages(lambda time: days[days[:, 0] >= time][:2], step_ms=10, n_per_page=2)
        >>> two_at_a_time.collect(15, 50)[:, 0].tolist()
        [20.0, 50.0]
        """
        parts, cursor = [NOTHING], first_ms
        while cursor <= last_ms:
            seen = int(parts[-1][-1, 0]) if len(parts) > 1 else None
            rows = self._whole_page(cursor, last_ms, seen)
            if len(rows):
                rows = rows[np.argsort(rows[:, 0], kind="stable")]
                parts.append(rows[rows[:, 0] <= last_ms])
                cursor = int(rows[-1, 0]) + self.step_ms
            else:
                cursor = self._after_silence(cursor + self._span_ms, last_ms)
        rows = np.concatenate(parts)
        is_in_order = bool((np.diff(rows[:, 0]) > 0).all())
        return rows if is_in_order else np.unique(rows, axis=0)  # sorting millions of rows takes a while

    def first_from(self, first_ms: int, last_ms: int) -> int | None:
        """Event time of the first bar from a time on, None where there is none until `last_ms`."""
        for cursor in range(first_ms, last_ms + 1, self._span_ms):
            rows = self._from(cursor)
            if len(rows):
                return int(rows[:, 0].min())
        return None

    @property
    def _span_ms(self) -> int:
        return self.n_per_page * self.step_ms

    def _from(self, cursor: int) -> Rows:
        # What lies before the cursor came with an earlier page; without it every page moves on.
        rows = self.page(cursor)
        return rows[rows[:, 0] >= cursor]

    def _after_silence(self, cursor: int, last_ms: int) -> int:
        """Where to go on: at a silence of months nobody wants to ask for every page of it."""
        if self.longer is None or cursor > last_ms:
            return cursor
        begins = self.longer.first_from(cursor - self.longer.step_ms, last_ms)
        return last_ms + 1 if begins is None else max(cursor, begins)

    def _whole_page(self, cursor: int, last_ms: int, seen: int | None) -> Rows:
        """One page that does not contradict the longer bars; who says that nothing is there is asked twice."""

        def question() -> Rows:
            rows = self._from(cursor)
            rows = rows if len(rows) else self._from(cursor)
            if len(rows) == 0 and self._is_mistaken(cursor, last_ms, seen):
                raise BusyError(f"its page from {_say(cursor)} is empty, though other bars show trade there")
            if len(rows) and self._begins_late(cursor, int(rows[:, 0].min())):
                begins = _say(int(rows[:, 0].min()))
                raise BusyError(
                    f"its bars begin at {begins}, though its longer bars show trade before; ask from {begins} on"
                )
            return rows

        return ask(question, self.patience)

    def _is_mistaken(self, cursor: int, last_ms: int, seen: int | None) -> bool:
        """Whether an empty page cannot be true: longer bars show trade, or deny even what was delivered."""
        if self.longer is None:
            return False
        if seen is not None and len(self.longer.page(seen - self.longer.step_ms)) == 0:
            return True
        return self._is_traded(cursor, min(cursor + self._span_ms, last_ms + self.step_ms))

    def _begins_late(self, cursor: int, begins: int) -> bool:
        # Shorter gaps are outages, which the longer bars cannot see: those are for the checks.
        return begins > cursor + self._span_ms and self._is_traded(cursor, begins)

    def _is_traded(self, first_ms: int, end_ms: int) -> bool:
        """Whether a longer bar with volume lies wholly between two times."""
        if self.longer is None or end_ms - first_ms < self.longer.step_ms:
            return False
        rows = self.longer.page(first_ms)
        is_inside = (rows[:, 0] >= first_ms) & (rows[:, 0] + self.longer.step_ms <= end_ms)
        return bool((is_inside & (rows[:, 5] > 0)).any())


def _say(time_ms: int) -> str | None:
    return iso(np.datetime64(time_ms, "ms"))

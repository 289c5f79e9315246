"""Which row was the newest one known at a time, for rows that may have become known in any order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class KnownRows:
    """Rows of one series, ready to be asked which was the newest known.

    Attributes
    ----------
    known_time: of the rows, sorted, `datetime64[us]`, shape (n,).
    newest: the newest row (the highest number) among those known by then, shape (n,).
    """

    known_time: np.ndarray
    newest: np.ndarray

    @classmethod
    def of(cls, known_time: np.ndarray) -> KnownRows:
        """From the known time of each row, rows in the order of their event time; NaT is never known."""
        order = np.argsort(known_time, kind="stable")  # NaT comes last, after every time
        return cls(known_time[order], np.maximum.accumulate(order))

    def at(self, decision_time: np.ndarray) -> np.ndarray:
        """The newest row known at each time, -1 where there is none.

        A bar that became known late does not hide a newer one that was known before it.

        >>> day = lambda text: np.datetime64(f"2024-01-{text}", "us")
        >>> rows = KnownRows.of(np.array([day("05"), day("03"), day("04")]))
        >>> rows.at(np.array([day("02"), day("03"), day("06")])).tolist()
        [-1, 1, 2]
        """
        place = np.searchsorted(self.known_time, decision_time, side="right") - 1
        if not len(self.newest):
            return np.full(place.shape, -1)
        return np.where(place >= 0, self.newest[place], -1)

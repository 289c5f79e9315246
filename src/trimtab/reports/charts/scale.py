"""From values to places: round tick values and a linear scale."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from trimtab.reports.wording import is_known

FLAT = 0.5  # half of the range that is drawn around values that are all the same


@dataclass(frozen=True)
class Scale:
    """Values from `low` to `high`, placed from 0 to 1."""

    low: float
    high: float

    def place(self, value: float) -> float:
        """Where a value is; values outside are put at the edge."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)


def scale_over(values: Iterable[object], *, margin: float = 0.04) -> Scale:
    """The scale that holds all known values with a margin, as a share of their range.

    >>> scale_over([0.0, 1.0, None], margin=0.0)
    Scale(low=0.0, high=1.0)
    """
    known = [float(value) for value in values if is_known(value)] or [0.0]
    low, high = min(known), max(known)
    if high - low < 1e-12 * max(abs(high), 1.0):
        half = FLAT * max(abs(low), 0.02)
        return Scale(low - half, high + half)
    room = margin * (high - low)
    return Scale(low - room, high + room)


def ticks(scale: Scale, at_most: int = 5) -> list[float]:
    """Round values inside a scale: multiples of 1, 2 or 5 times a power of ten.

    >>> ticks(Scale(0.0, 1.0)), ticks(Scale(-0.31, 0.62), 4)
    ([0.0, 0.25, 0.5, 0.75, 1.0], [-0.25, 0.0, 0.25, 0.5])
    """
    span = scale.high - scale.low
    power = 10.0 ** math.floor(math.log10(span / at_most))
    for step in (power * factor for factor in (1, 2, 2.5, 5, 10, 20)):
        first, last = math.ceil(scale.low / step - 1e-9), math.floor(scale.high / step + 1e-9)
        if last - first + 1 <= at_most:
            break
    return [round(number * step, 12) + 0.0 for number in range(first, last + 1)]


def decimals(values: list[float]) -> int:
    """How many decimals tell per cent values of these ticks apart.

    >>> decimals([0.0, 0.25]), decimals([0.5, 0.505])
    (0, 1)
    """
    return next((n for n in range(4) if all(abs(100 * v - round(100 * v, n)) < 1e-6 for v in values)), 4)

"""A smaller search space, where the best trials of earlier studies were."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trimtab.models.space import Dimension, SearchSpace

# Two trials in the best quarter at least: around a single one a region is a guess.
MIN_TRIALS = 8
BEST_SHARE = 0.25
MIN_WIDTH = 0.25  # of the original width: earlier data may have been unlike what comes


@dataclass(frozen=True)
class EarlierStudy:
    """What an earlier study found.

    Attributes
    ----------
    name: its name.
    rows_end: end of the last label it searched on, ISO 8601.
    points: parameters and loss in the first objective (less is better) of its completed trials, in order.
    """

    name: str
    rows_end: str
    points: tuple[tuple[Mapping[str, Any], float], ...]

    @property
    def best(self) -> list[Mapping[str, Any]]:
        """The best quarter of its points, the best one first; the earlier one on a tie."""
        ranked = sorted(self.points, key=lambda point: point[1])
        return [parameters for parameters, _ in ranked[: math.ceil(BEST_SHARE * len(ranked))]]


def narrow(space: SearchSpace, earlier: Sequence[EarlierStudy]) -> tuple[SearchSpace, tuple[str, ...]]:
    """The space around the best quarter of every earlier study, and the names of the studies that count.

    A dimension shrinks to the range of those trials, in the logarithm where it is searched there, but never
    below a quarter of its width. It starts at the best trial of the study on the latest data, which lies in
    it. Studies of fewer than `MIN_TRIALS` trials do not count; without any the space stays as it is.
    """
    telling = sorted((s for s in earlier if len(s.points) >= MIN_TRIALS), key=lambda s: (s.rows_end, s.name))
    if not telling:
        return space, ()
    points = [point for study in telling for point in study.best]
    best = telling[-1].best[0]
    dimensions = [_around(d, [point[d.name] for point in points], best[d.name]) for d in space.dimensions]
    return SearchSpace(tuple(dimensions)), tuple(study.name for study in telling)


def _around(dimension: Dimension, values: Sequence[float], best: float) -> Dimension:
    to, back = (math.log, math.exp) if dimension.log else (float, float)
    lowest, highest = to(dimension.low), to(dimension.high)
    low, high = min(map(to, values)), max(map(to, values))
    missing = max(MIN_WIDTH * (highest - lowest) - (high - low), 0.0)
    low, high = low - missing / 2, high + missing / 2
    shift = max(lowest - low, 0.0) - max(high - highest, 0.0)  # a range that sticks out moves back in
    ends = back(low + shift), back(high + shift)
    if dimension.kind == "int":
        ends = math.floor(ends[0] + 1e-9), math.ceil(ends[1] - 1e-9)
    # Rounding must neither lose the best point nor leave the original range.
    return replace(
        dimension,
        low=max(min(ends[0], best), dimension.low),
        high=min(max(ends[1], best), dimension.high),
        default=best,
    )

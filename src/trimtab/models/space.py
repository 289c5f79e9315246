"""`SearchSpace`: which parameters a study may vary, and between which values."""

from __future__ import annotations

import math
from collections.abc import Container
from dataclasses import dataclass, replace
from typing import Any, Literal


@dataclass(frozen=True)
class Dimension:
    """One searched parameter.

    Attributes
    ----------
    name: the parameter.
    kind: "int" or "float".
    low, high: the closed range.
    log: whether values are spread evenly in the logarithm.
    default: the family's default, tried first; moved to the nearest end when outside the range.
    """

    name: str
    kind: Literal["int", "float"]
    low: float
    high: float
    log: bool
    default: float

    @property
    def start(self) -> int | float:
        """The default, inside the range."""
        return self._typed(min(max(self.default, self.low), self.high))

    def points(self, n: int) -> list[int | float]:
        """`n` values from low to high, evenly spaced; one point is the start.

        >>> Dimension("rate", "float", 0.01, 1.0, True, 0.1).points(3)
        [0.01, 0.1, 1.0]
        """
        if n == 1:
            return [self.start]
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        raw = [low + (high - low) * i / (n - 1) for i in range(n)]
        values = [round(math.exp(v) if self.log else v, 12) for v in raw]
        typed = [self._typed(min(max(v, self.low), self.high)) for v in values]
        return list(dict.fromkeys(typed))  # rounding may make two points of an int the same

    def _typed(self, value: float) -> int | float:
        return round(value) if self.kind == "int" else float(value)


@dataclass(frozen=True)
class SearchSpace:
    """The dimensions of a search; the most telling first.

    >>> space = SearchSpace((Dimension("depth", "int", 2, 6, False, 4), Dimension("rate", "float", 0.01, 1, True, 0.1)))
    >>> space.without({"rate"}).prefixed("xgboost.").names
    ('xgboost.depth',)
    """

    dimensions: tuple[Dimension, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters, in order."""
        return tuple(dimension.name for dimension in self.dimensions)

    def without(self, names: Container[str]) -> SearchSpace:
        """The space with some parameters fixed elsewhere."""
        return SearchSpace(tuple(d for d in self.dimensions if d.name not in names))

    def first(self, n: int) -> SearchSpace:
        """The `n` most telling dimensions."""
        return SearchSpace(self.dimensions[:n])

    def prefixed(self, prefix: str) -> SearchSpace:
        """The space with a prefix before every name, as the members of an ensemble need."""
        return SearchSpace(tuple(replace(d, name=prefix + d.name) for d in self.dimensions))

    def joined(self, other: SearchSpace) -> SearchSpace:
        """This space and another one."""
        return SearchSpace(self.dimensions + other.dimensions)

    @classmethod
    def from_json(cls, dimensions: list[dict[str, Any]]) -> SearchSpace:
        """The space that `to_json` told."""
        return cls(tuple(Dimension(**dimension) for dimension in dimensions))

    def to_json(self) -> list[dict[str, Any]]:
        """The space as JSON values, for fingerprints and reports."""
        return [dict(vars(dimension)) for dimension in self.dimensions]

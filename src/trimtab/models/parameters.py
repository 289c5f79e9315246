"""`ParameterSpec`: a parameter of a family, with what is allowed and what a search may try."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.models.space import Dimension, SearchSpace


@dataclass(frozen=True)
class ParameterSpec:
    """One parameter of a family.

    Attributes
    ----------
    name: as the library behind the family spells it, so its own manual applies.
    kind: "int" or "float".
    default: the value when nothing is said; chosen for noisy data: shallow, slow, regularised.
    low, high: the closed range that is allowed.
    search: the narrower range a study may try; None when it is not searched.
    log: whether the search is uniform in the logarithm.
    """

    name: str
    kind: Literal["int", "float"]
    default: float
    low: float
    high: float
    search: tuple[float, float] | None = None
    log: bool = False

    def checked(self, family: str, given: Any) -> int | float:
        """The value as int or float; `ConfigurationError` when it is of another kind or outside the range."""
        is_number = isinstance(given, int | float) and not isinstance(given, bool)
        right_kind = is_number and (self.kind == "float" or isinstance(given, int))
        if not right_kind or not self.low <= given <= self.high:
            kind = "a whole number" if self.kind == "int" else "a number"
            raise ConfigurationError(
                f"parameter '{self.name}' of {family} is {given!r}; it must be {kind} from {self.low:g} to {self.high:g}"
            )
        return int(given) if self.kind == "int" else float(given)

    def dimension(self) -> Dimension:
        """The searched range as a dimension of a search space."""
        if self.search is None:
            raise ConfigurationError(f"parameter '{self.name}' is not searched; give it a fixed value")
        return Dimension(self.name, self.kind, self.search[0], self.search[1], self.log, self.default)


def complete(family: str, specs: Sequence[ParameterSpec], given: Mapping[str, Any]) -> dict[str, int | float]:
    """All parameters of a family: the given ones checked, the others at their default.

    >>> complete(
    ...     "tree", [ParameterSpec("depth", "int", 4, 1, 16), ParameterSpec("rate", "float", 0.1, 0, 1)], {"rate": 1}
    ... )
    {'depth': 4, 'rate': 1.0}
    """
    by_name = {spec.name: spec for spec in specs}
    for name in given:
        if name not in by_name:
            raise UnknownNameError(f"parameter of {family}", name, by_name)
    return {name: spec.checked(family, given.get(name, _as_kind(spec))) for name, spec in by_name.items()}


def space_of(specs: Sequence[ParameterSpec]) -> SearchSpace:
    """The search space of a family: its searched parameters, the most telling first."""
    return SearchSpace(tuple(spec.dimension() for spec in specs if spec.search is not None))


def _as_kind(spec: ParameterSpec) -> int | float:
    return int(spec.default) if spec.kind == "int" else float(spec.default)

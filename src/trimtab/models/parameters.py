"""`ParameterSpec`: a parameter of a family, with what is allowed and what a search may try."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.models.space import Dimension, SearchSpace

Value = int | float | str | list[int]


@dataclass(frozen=True)
class ParameterSpec:
    """One parameter of a family.

    Attributes
    ----------
    name: as the library behind the family spells it, so its own manual applies.
    kind: "int", "float", "choice" (one of `choices`), "sizes" (a list of whole numbers, such as the
        widths of the layers of a network) or "text" (any string, such as the name of a feature).
    default: the value when nothing is said; chosen for noisy data: shallow, slow, regularised.
    low, high: the closed range that is allowed, for every size of "sizes"; not used by "choice" and "text".
    search: the narrower range a study may try; None when it is not searched.
    log: whether the search is uniform in the logarithm.
    choices: what "choice" allows.
    """

    name: str
    kind: Literal["int", "float", "choice", "sizes", "text"]
    default: Any
    low: float = 0.0
    high: float = 0.0
    search: tuple[float, float] | None = None
    log: bool = False
    choices: tuple[str, ...] = ()

    def checked(self, family: str, given: Any) -> Value:
        """The value in its kind; `ConfigurationError` when it is of another kind or outside the range."""
        if self.kind == "choice":
            if given not in self.choices:
                raise UnknownNameError(f"{self.name} of {family}", str(given), self.choices)
            return str(given)
        if self.kind == "sizes":
            return self._checked_sizes(family, given)
        if self.kind == "text":
            if not isinstance(given, str):
                raise ConfigurationError(f"parameter '{self.name}' of {family} is {given!r}; it must be text")
            return given
        right_kind = _is_number(given) and (self.kind == "float" or isinstance(given, int))
        if not right_kind or not self.low <= given <= self.high:
            kind = "a whole number" if self.kind == "int" else "a number"
            raise ConfigurationError(
                f"parameter '{self.name}' of {family} is {given!r}; it must be {kind} from {self.low:g} to {self.high:g}"
            )
        return int(given) if self.kind == "int" else float(given)

    def _checked_sizes(self, family: str, given: Any) -> list[int]:
        sizes = list(given) if isinstance(given, list | tuple) else []
        if not sizes or not all(_is_number(n) and isinstance(n, int) and self.low <= n <= self.high for n in sizes):
            raise ConfigurationError(
                f"parameter '{self.name}' of {family} is {given!r}; it must be a list of whole numbers from {self.low:g} to {self.high:g}, such as [64, 32]"
            )
        return sizes

    def dimension(self) -> Dimension:
        """The searched range as a dimension of a search space."""
        if self.search is None or self.kind not in ("int", "float"):
            raise ConfigurationError(f"parameter '{self.name}' is not searched; give it a fixed value")
        return Dimension(self.name, self.kind, self.search[0], self.search[1], self.log, self.default)


def complete(family: str, specs: Sequence[ParameterSpec], given: Mapping[str, Any]) -> dict[str, Any]:
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
    return {name: spec.checked(family, given.get(name, spec.default)) for name, spec in by_name.items()}


def space_of(specs: Sequence[ParameterSpec]) -> SearchSpace:
    """The search space of a family: its searched parameters, the most telling first."""
    return SearchSpace(tuple(spec.dimension() for spec in specs if spec.search is not None))


def _is_number(given: Any) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool)

"""The catalogue: every feature there is, with what a user must know about it.

A feature is one function decorated with `feature`; the decorator only attaches the description to
the function, so importing a module registers nothing and there is no registry to get out of step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from trimtab.errors import UnknownNameError
from trimtab.features.stored_warmups import warmup_of
from trimtab.features.surroundings import SURROUNDINGS

if TYPE_CHECKING:
    import numpy as np

    from trimtab.features.context import Context

Computation = Callable[..., "np.ndarray"]
F = TypeVar("F", bound=Computation)
Bounds = tuple[float | None, float | None]

FAMILY_MODULES = {
    "technical": (
        "technical.prices",
        "technical.averages",
        "technical.oscillators",
        "technical.volatility",
        "technical.volume",
        "technical.trend",
        "technical.statistics",
    ),
    "candlesticks": (
        "candlesticks.patterns",
        "candlesticks.formations",
        "candlesticks.proportions",
        "candlesticks.sequences",
    ),
    "market_state": (
        "market_state.volatility",
        "market_state.garch",
        "market_state.liquidity",
        "market_state.pressure",
    ),
    "peers": ("peers",),
    "alpha158": ("alpha158.bar_shape", "alpha158.levels", "alpha158.moves"),
    "fundamental": ("fundamental",),
    "sentiment": ("sentiment",),
}

FEATURE_SETS = (*FAMILY_MODULES, "all")  # what a strategy may name in `features.sets`


@dataclass(frozen=True)
class Feature:
    """One column of the catalogue.

    Attributes
    ----------
    name: lower-case, unique; the name of the column everywhere.
    family: the feature set it belongs to.
    description: one sentence for a person.
    formula: formula or source.
    inputs: the columns of the bar it reads, and what it reads around them (`surroundings.SURROUNDINGS`).
    lookback: bars needed before the first number: the first `lookback` rows are NaN.
    unknown_when: why a row after the look-back may be NaN all the same, as the end of the sentence
        "unknown when ..."; "" where every such row has a number.
    warmup: bars of context before a row so that a longer history changes its number by less than
        1e-9: what the search found (`stored_warmups`), and until it has run what the function declares.
    bounds: lowest and highest possible value, None where there is none.
    version: raised when the same bars would give another number.
    parameters: the values that filled the name.
    """

    name: str
    family: str
    description: str
    formula: str
    inputs: tuple[str, ...]
    lookback: int
    warmup: int
    bounds: Bounds
    version: int
    parameters: tuple[tuple[str, int], ...]
    unknown_when: str
    computation: Computation = field(repr=False, compare=False)

    @property
    def needs(self) -> tuple[str, ...]:
        """What it reads besides the bars of its own series; without that it is NaN."""
        return tuple(each for each in self.inputs if each in SURROUNDINGS)

    def values(self, context: Context) -> np.ndarray:
        """The numbers of this feature for the bars of a context, float64, one per bar."""
        return self.computation(context, **dict(self.parameters))


def feature(
    family: str,
    name: str,
    description: str,
    *,
    formula: str,
    inputs: Iterable[str] = ("close",),
    lookback: int | Callable[..., int] = 0,
    warmup: int | Callable[..., int] | None = None,
    bounds: Bounds | Callable[..., Bounds] = (None, None),
    version: int = 1,
    unknown_when: str = "",
    **parameters: Iterable[int],
) -> Callable[[F], F]:
    """Describe a function of a `Context` as one feature, or one for each value of its parameters.

    `name`, `description` and `formula` are templates filled with the parameters; several parameters
    run side by side (`fast=(5, 20), slow=(20, 50)` makes two features). `lookback`, `warmup` and
    `bounds` are values or functions of the parameters. `warmup` is a floor for what the search finds,
    for memory that shows so rarely that the searched bars may hide it; without it that is `lookback`.

    >>> @feature("example", "double_{n}", "{n} times two.", formula="2 n", n=(3, 4))
    ... def double(context, n):
    ...     return 2.0 * n
    >>> [each.name for each in described_features(double)]
    ['double_3', 'double_4']
    """

    def describe(function: F) -> F:
        function.features = tuple(  # type: ignore[attr-defined]  # the description travels on the function itself
            Feature(
                name=name.format(**values),
                family=family,
                description=description.format(**values),
                formula=formula.format(**values),
                inputs=tuple(inputs),
                lookback=_of(lookback, values),
                warmup=_of(lookback if warmup is None else warmup, values),
                bounds=_of(bounds, values),
                version=version,
                parameters=tuple(values.items()),
                unknown_when=unknown_when.format(**values),
                computation=function,
            )
            for values in _side_by_side(parameters)
        )
        return function

    return describe


def described_features(function: Any) -> tuple[Feature, ...]:
    """The features a decorated function computes; none for anything else."""
    return getattr(function, "features", ())


def catalogue() -> dict[str, Feature]:
    """Every feature by name, in the order of the families and their files."""
    return dict(_all_features())


@cache
def declared_features() -> dict[str, Feature]:
    """Every feature by name as its function declares it: its warm-up is the floor, not what the search found."""
    found: dict[str, Feature] = {}
    for modules in FAMILY_MODULES.values():
        for module in modules:
            for each in _features_in(import_module(f"trimtab.features.{module}")):
                if each.name in found:
                    raise ValueError(f"two features are called '{each.name}'; rename one")
                found[each.name] = each
    return found


def feature_sets() -> dict[str, tuple[str, ...]]:
    """The names in each feature set: one set per family, and `all`."""
    features = _all_features().values()
    sets = {family: tuple(f.name for f in features if f.family == family) for family in FAMILY_MODULES}
    return {**sets, "all": tuple(_all_features())}


def resolve(sets: Iterable[str] = (), names: Iterable[str] = ()) -> tuple[str, ...]:
    """The feature names meant by some sets and single names, each once, in the order given.

    Raises `UnknownNameError` for a set or a feature that does not exist.
    """
    known = _all_features()
    chosen: dict[str, None] = {}
    for each in sets:
        if each not in FEATURE_SETS:
            raise UnknownNameError("feature set", each, FEATURE_SETS)
        chosen.update(dict.fromkeys(feature_sets()[each]))
    for each in names:
        if each not in known:
            raise UnknownNameError("feature", each, known)
        chosen[each] = None
    return tuple(chosen)


def versions(names: Iterable[str]) -> dict[str, int]:
    """The version of each feature: part of what a stored table was made from."""
    known = _all_features()
    return {name: known[name].version for name in resolve(names=names)}


@cache
def _all_features() -> dict[str, Feature]:
    return {name: replace(each, warmup=warmup_of(each)) for name, each in declared_features().items()}


def _features_in(module: ModuleType) -> Iterator[Feature]:
    for member in vars(module).values():
        if getattr(member, "__module__", None) == module.__name__:
            yield from described_features(member)


def _side_by_side(parameters: dict[str, Iterable[int]]) -> Iterator[dict[str, int]]:
    if not parameters:
        yield {}
        return
    for values in zip(*parameters.values(), strict=True):
        yield dict(zip(parameters, values, strict=True))


def _of(value: Any, parameters: dict[str, int]) -> Any:
    return value(**parameters) if callable(value) else value

"""From the `[model]` table of a strategy file to a forecaster and its search space."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trimtab.config.strategy import Model
from trimtab.errors import ConfigurationError
from trimtab.models.families import make_forecaster, search_space
from trimtab.models.protocol import Forecaster
from trimtab.models.space import SearchSpace

# A study of 20 trials cannot search the dozen dimensions of three boosters.
DIMENSIONS_PER_MEMBER = 2


def configured_forecaster(model: Model, tuned: Mapping[str, Any] | None = None) -> Forecaster:
    """The forecaster a strategy asks for; what the file fixes wins over what a study found.

    Raises `ConfigurationError` (or its `UnknownNameError`) for a family, member or parameter
    that does not exist or a value outside its range.
    """
    parameters: dict[str, Any] = {**(tuned or {}), **model.parameters}
    name = model.algorithm
    if name == "ensemble" and model.members:
        parameters["members"] = dict(model.members)
    elif model.members:
        raise ConfigurationError(f"model.members belongs to the algorithm 'ensemble', not '{name}'")
    if model.scaling == "none" and model.imputation == "none":
        return make_forecaster(name, parameters)
    wrapped = {**parameters, "family": name, "scaling": model.scaling, "imputation": model.imputation}
    return make_forecaster("preprocessed", wrapped)


def configured_space(model: Model) -> SearchSpace:
    """What a study may vary for a strategy: the family's space without what the file fixes.

    An ensemble is searched as a whole, over the two most telling dimensions of each member
    (named `<member>.<parameter>`), because what counts is how the mean of the members does.
    """
    if model.algorithm != "ensemble":
        return search_space(model.algorithm).without(model.parameters)
    joint = SearchSpace()
    for member in configured_members(model):
        space = search_space(member).prefixed(f"{member}.").without(model.parameters)
        joint = joint.joined(space.first(DIMENSIONS_PER_MEMBER))
    return joint


def configured_members(model: Model) -> tuple[str, ...]:
    """The members of the ensemble a strategy asks for, by name."""
    from trimtab.models.ensemble import DEFAULT_MEMBERS

    return tuple(model.members or DEFAULT_MEMBERS)

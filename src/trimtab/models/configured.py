"""From the `[model]` table of a strategy file to a forecaster and its search space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.config.strategy import Confidence, Model, Strategy
from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.models.families import CHOOSABLE, make_forecaster, search_space
from trimtab.models.protocol import Forecaster
from trimtab.models.space import SearchSpace

# A study of 20 trials cannot search the dozen dimensions of three boosters.
DIMENSIONS_PER_MEMBER = 2
MIN_MEMBERS = 2


def configured_forecaster(
    model: Model,
    tuned: Mapping[str, Any] | None = None,
    confidence: Confidence | None = None,
    horizons: Sequence[int] = (),
) -> Forecaster:
    """The forecaster a strategy asks for; what the file fixes wins over what a study found.

    From the inside out: the family (or the ensemble of families), preprocessing and selection in front of
    it, calibration and intervals around it, one such model per horizon where there are several.

    Raises `ConfigurationError` (or its `UnknownNameError`) for a family, member or parameter
    that does not exist or a value outside its range, for an ensemble of fewer than two members, and for
    keys that the chosen family does not read.
    """
    _refuse_mistakes(model)
    name, parameters = model.algorithm, {**(tuned or {}), **_given(model)}
    if name == "ensemble":
        parameters |= {"members": dict(model.members)}
        parameters |= {"combination": model.combination} if model.combination != "mean" else {}
    if (model.scaling, model.imputation, model.selection) != ("none", "none", "none"):
        parameters = {**parameters, "family": name, "scaling": model.scaling, "imputation": model.imputation}
        if model.selection != "none":
            parameters |= {"selection": model.selection, "n_selected": model.n_selected}
        name = "preprocessed"
    if confidence is not None and not confidence.asks_nothing:
        parameters = {"confidence": confidence.model_dump(mode="json"), "family": name, "parameters": parameters}
        name = "confident"
    if len(horizons) > 1:
        parameters = {"horizons": list(horizons), "family": name, "parameters": parameters}
        name = "horizons"
    return make_forecaster(name, parameters)


def forecaster_of(strategy: Strategy, tuned: Mapping[str, Any] | None = None) -> Forecaster:
    """The whole forecaster of a strategy file, as it is judged and stored."""
    return configured_forecaster(strategy.model, tuned, strategy.confidence, strategy.label.horizons)


def _refuse_mistakes(model: Model) -> None:
    """What can be seen to be wrong in a `[model]` table before anything is made."""
    _refuse_unchoosable("model.algorithm: ", model.algorithm, CHOOSABLE)
    if model.algorithm == "ensemble":
        _refuse_members(model.members)
    elif model.members or model.combination != "mean":
        key = "members" if model.members else "combination"
        raise ConfigurationError(f"model.{key} belongs to the algorithm 'ensemble', not '{model.algorithm}'")
    if model.selection == "none" and model.n_selected != Model().n_selected:
        raise ConfigurationError(
            f"model.n_selected is {model.n_selected}, but no features are selected; "
            'say how, such as selection = "k_best_f", or take n_selected out'
        )


def _refuse_members(members: Mapping[str, float]) -> None:
    if len(members) < MIN_MEMBERS:
        given = f"only '{next(iter(members))}'" if members else "no members"
        raise ConfigurationError(
            f"model.algorithm is 'ensemble' with {given}; an ensemble needs two members or more with their weights, "
            "such as members = { lightgbm = 0.5, linear = 0.5 }"
        )
    if "ensemble" in members:
        raise ConfigurationError(
            "model.members names 'ensemble', but an ensemble cannot be a member of an ensemble; name the families inside it"
        )
    for name in members:
        _refuse_unchoosable("model.members: ", name, [each for each in CHOOSABLE if each != "ensemble"])


def _refuse_unchoosable(where: str, name: str, allowed: Sequence[str]) -> None:
    if name not in allowed:
        raise UnknownNameError("model family", name, allowed, where)


def _given(model: Model) -> dict[str, Any]:
    """The parameters of the file as JSON values: a list of sizes is a list, not a tuple."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in model.parameters.items()}


def configured_space(model: Model) -> SearchSpace:
    """What a study may vary for a strategy: the family's space without what the file fixes.

    An ensemble is searched as a whole, over the two most telling dimensions of each member
    (named `<member>.<parameter>`), because what counts is how the mean of the members does.
    """
    _refuse_mistakes(model)
    if model.algorithm != "ensemble":
        return search_space(model.algorithm).without(model.parameters)
    joint = SearchSpace()
    for member in model.members:
        space = search_space(member).prefixed(f"{member}.").without(model.parameters)
        joint = joint.joined(space.first(DIMENSIONS_PER_MEMBER))
    return joint

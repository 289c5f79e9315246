from __future__ import annotations

from collections.abc import Callable

import pytest

from trimtab.config.strategy import Model
from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.models.configured import configured_forecaster, configured_space
from trimtab.models.families import CHOOSABLE, FAMILIES, WRAPPERS, default_parameters, make_forecaster, search_space


def test_what_the_file_fixes_is_not_searched_and_wins_over_what_was_found() -> None:
    model = Model(algorithm="xgboost", parameters={"max_depth": 2})
    assert "max_depth" not in configured_space(model).names
    parameters = configured_forecaster(model, {"max_depth": 4, "learning_rate": 0.1}).parameters
    assert (parameters["max_depth"], parameters["learning_rate"]) == (2, 0.1)


def test_an_ensemble_is_searched_jointly_over_two_dimensions_of_each_member() -> None:
    model = Model(
        algorithm="ensemble",
        members={"lightgbm": 0.4, "naive": 0.1, "xgboost": 0.5},
        parameters={"xgboost.max_depth": 2},
    )
    names = configured_space(model).names
    assert names == ("lightgbm.learning_rate", "lightgbm.num_leaves", "xgboost.learning_rate", "xgboost.n_estimators")
    parameters = configured_forecaster(model, {"lightgbm.num_leaves": 5}).parameters
    assert (parameters["lightgbm.num_leaves"], parameters["xgboost.max_depth"]) == (5, 2)
    assert parameters["members"] == {"lightgbm": 0.4, "naive": 0.1, "xgboost": 0.5}


def test_scaling_or_imputation_puts_preprocessing_in_front() -> None:
    forecaster = configured_forecaster(Model(algorithm="linear", scaling="robust"), {"l2": 7.0})
    assert forecaster.family == "preprocessed"
    assert forecaster.parameters == {"family": "linear", "scaling": "robust", "imputation": "none", "l2": 7.0}
    assert configured_forecaster(Model(algorithm="linear")).family == "linear"


def test_an_ensemble_behind_preprocessing_is_made() -> None:
    model = Model(
        algorithm="ensemble",
        members={"linear": 1.0, "naive": 1.0},
        imputation="median",
        parameters={"linear.l2": 3.0},
    )
    assert configured_forecaster(model).parameters["linear.l2"] == 3.0


@pytest.mark.parametrize("make", [configured_forecaster, configured_space])
@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({}, r"'ensemble' with no members; .* two members or more .* members = \{ lightgbm = 0.5, linear = 0.5 \}"),
        ({"linear": 1.0}, r"'ensemble' with only 'linear'; an ensemble needs two members or more"),
        ({"linear": 1.0, "ensemble": 1.0}, "cannot be a member of an ensemble; name the families inside it"),
        (
            {"linear": 1.0, "confident": 1.0},
            "model.members: unknown model family 'confident'; allowed: cnn, dense, lig",
        ),
        ({"linear": 1.0, "lightgmb": 1.0}, "model.members: unknown model family 'lightgmb'; did you mean 'lightgbm'"),
    ],
)
def test_an_ensemble_is_two_or_more_families_that_a_person_can_choose(
    make: Callable[[Model], object], members: dict[str, float], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        make(Model(algorithm="ensemble", members=members))


@pytest.mark.parametrize("internal", sorted(WRAPPERS - {"ensemble"}))
def test_what_trimtab_wraps_around_a_family_is_not_a_family_to_choose(internal: str) -> None:
    assert internal not in CHOOSABLE
    with pytest.raises(UnknownNameError) as refused:
        configured_forecaster(Model(algorithm=internal))
    assert refused.value.allowed == sorted(CHOOSABLE)
    with pytest.raises(UnknownNameError) as refused:
        make_forecaster("nope")
    assert refused.value.allowed == sorted(CHOOSABLE)


def test_a_number_of_features_without_a_selection_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="n_selected is 5, but no features are selected"):
        configured_forecaster(Model(algorithm="linear", n_selected=5))
    chosen = configured_forecaster(Model(algorithm="linear", n_selected=5, selection="lasso"))
    assert chosen.parameters["n_selected"] == 5


def test_members_without_an_ensemble_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="belongs to the algorithm 'ensemble'"):
        configured_forecaster(Model(algorithm="linear", members={"linear": 1.0}))


def test_mistakes_in_the_file_name_what_is_allowed() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'xgboost'"):
        configured_forecaster(Model(algorithm="xgbost"))
    with pytest.raises(UnknownNameError, match="did you mean 'max_depth'"):
        configured_forecaster(Model(algorithm="xgboost", parameters={"maxdepth": 3}))
    with pytest.raises(ConfigurationError, match="whole number from 1 to 16"):
        configured_forecaster(Model(algorithm="xgboost", parameters={"max_depth": 2.5}))
    with pytest.raises(ConfigurationError, match=r"a number from 0\.0001 to 1"):
        configured_forecaster(Model(algorithm="xgboost", parameters={"learning_rate": True}))


@pytest.mark.parametrize("family", sorted(set(FAMILIES) - WRAPPERS))
def test_every_search_starts_at_the_defaults_and_stays_in_the_allowed_range(family: str) -> None:
    for dimension in search_space(family).dimensions:
        assert dimension.low < dimension.high
        assert dimension.low <= default_parameters(family)[dimension.name] <= dimension.high
        for value in dimension.points(3):
            assert make_forecaster(family, {dimension.name: value}).parameters[dimension.name] == value


def test_what_wraps_other_families_has_no_space_of_its_own() -> None:
    with pytest.raises(ConfigurationError, match="wraps other families"):
        search_space("ensemble")

from __future__ import annotations

import pytest

from trimtab.config.strategy import Model
from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.models.configured import configured_forecaster, configured_space
from trimtab.models.families import FAMILIES, WRAPPERS, default_parameters, search_space


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
    model = Model(algorithm="ensemble", members={"linear": 1.0}, imputation="median", parameters={"linear.l2": 3.0})
    assert configured_forecaster(model).parameters["linear.l2"] == 3.0


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
    from trimtab.models.families import make_forecaster

    for dimension in search_space(family).dimensions:
        assert dimension.low < dimension.high
        assert dimension.low <= default_parameters(family)[dimension.name] <= dimension.high
        for value in dimension.points(3):
            assert make_forecaster(family, {dimension.name: value}).parameters[dimension.name] == value


def test_what_wraps_other_families_has_no_space_of_its_own() -> None:
    with pytest.raises(ConfigurationError, match="wraps other families"):
        search_space("ensemble")

from __future__ import annotations

from trimtab.tracking.parameters import flat_parameters

NESTED = {
    "horizons": [1, 5],
    "family": "confident",
    "parameters": {
        "confidence": {"coverage": 0.9},
        "family": "ensemble",
        "parameters": {"members": {"lightgbm": 2.0}, "lightgbm.learning_rate": 0.05},
    },
}


def test_models_that_wrap_each_other_are_told_as_one_with_the_family_of_the_innermost() -> None:
    assert flat_parameters(NESTED) == {
        "horizons": [1, 5],
        "family": "ensemble",
        "confidence.coverage": 0.9,
        "members.lightgbm": 2.0,
        "lightgbm.learning_rate": 0.05,
    }


def test_a_name_that_both_models_have_loses_neither_value() -> None:
    both = {"n_parts": 2, "parameters": {"n_parts": 5}}
    assert flat_parameters(both) == {"n_parts": 2, "parameters.n_parts": 5}

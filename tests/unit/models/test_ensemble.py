from __future__ import annotations

import json

import numpy as np
import pytest
from fakes.datasets import make_dataset

from trimtab.errors import ArtifactError, ConfigurationError, UnknownNameError
from trimtab.models.combination import combine, weighted_median
from trimtab.models.ensemble import Member, WeightedEnsemble, ensemble_from
from trimtab.models.families import load_fitted, make_forecaster
from trimtab.models.protocol import FitContext
from trimtab.models.stacking import Stack, learn_stack

CONTEXT = FitContext(0, 1)


def test_the_forecast_is_the_weighted_mean_of_the_members_forecasts() -> None:
    dataset = make_dataset(300)
    fitted = ensemble_from({"members": {"linear": 3.0, "naive": 1.0}}).fit(dataset, None, CONTEXT)
    forecast = fitted.predict(dataset.features)
    linear = make_forecaster("linear").fit(dataset, None, CONTEXT).predict(dataset.features).value
    np.testing.assert_allclose(forecast.value, 0.75 * linear + 0.25 * dataset.target.mean(), rtol=1e-12)
    assert set(forecast.members) == {"linear", "naive"}
    assert np.array_equal(forecast.members["linear"], linear)


def test_the_order_of_the_members_in_a_file_changes_nothing() -> None:
    dataset = make_dataset(300)
    one = ensemble_from({"members": {"random_forest": 1.0, "linear": 2.0}}).fit(dataset, None, CONTEXT)
    other = ensemble_from({"members": {"linear": 2.0, "random_forest": 1.0}}).fit(dataset, None, CONTEXT)
    assert one.save() == other.save()


def test_one_family_may_speak_twice_under_two_names() -> None:
    dataset = make_dataset(300)
    both = WeightedEnsemble(
        [
            Member("stiff", make_forecaster("linear", {"l2": 1e4}), 1),
            Member("loose", make_forecaster("linear", {"l2": 1.0}), 1),
        ]
    )
    said = both.fit(dataset, None, CONTEXT).predict(dataset.features).members
    assert said["loose"].std() > said["stiff"].std()


def test_importance_is_the_weighted_mean_of_the_members_that_report_one() -> None:
    dataset = make_dataset(300)
    fitted = ensemble_from({"members": {"linear": 1.0, "naive": 9.0}}).fit(dataset, None, CONTEXT)
    assert fitted.importance() == pytest.approx(make_forecaster("linear").fit(dataset, None, CONTEXT).importance())


def test_a_parameter_of_no_member_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"none of its members \(linear, naive\)"):
        ensemble_from({"members": {"linear": 1.0, "naive": 1.0}, "xgboost.max_depth": 3})


@pytest.mark.parametrize("members", [{}, {"linear": 0.0}, {"linear": -1.0}, {"linear": float("nan")}])
def test_members_without_a_positive_weight_are_refused(members: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError):
        ensemble_from({"members": members})


def test_an_unknown_member_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="model family 'lin'"):
        ensemble_from({"members": {"lin": 1.0}})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"weights": [0.9, 0.9]}, "weights do not fit"),
        ({"weights": [1.0]}, "weights do not fit"),
        ({"names": []}, "weights do not fit"),
        ({"names": ["linear", "naive", "third"]}, "missing or damaged"),
    ],
)
def test_stored_members_that_do_not_fit_are_refused(change: dict, reason: str) -> None:
    files = ensemble_from({"members": {"linear": 1.0, "naive": 1.0}}).fit(make_dataset(200), None, CONTEXT).save()
    described = json.loads(files["model.json"])
    described["learned"] |= change
    with pytest.raises(ArtifactError, match=reason):
        load_fitted({**files, "model.json": json.dumps(described).encode()})


def test_a_member_over_other_features_is_refused() -> None:
    files = ensemble_from({"members": {"linear": 1.0, "naive": 1.0}}).fit(make_dataset(200), None, CONTEXT).save()
    other = make_forecaster("naive").fit(make_dataset(200, k=3), None, CONTEXT).save()
    with pytest.raises(ArtifactError, match="other features"):
        load_fitted({**files, "member_1/model.json": other["model.json"]})


COMBINED = {
    "vote": {"combination": "vote"},
    "stacking": {"combination": "stacking", "stacking_parts": 3},
    "recent": {"combination": "recent", "recent_share": 0.2},
}


def test_without_a_combination_the_mean_is_taken_and_the_weights_are_those_given() -> None:
    fitted = ensemble_from({"members": {"linear": 3.0, "naive": 1.0}}).fit(make_dataset(200), None, CONTEXT)
    described = json.loads(fitted.save()["model.json"])
    assert described["parameters"]["combination"] == "mean"
    assert described["learned"] == {"names": ["linear", "naive"], "weights": [0.75, 0.25]}


def test_an_ensemble_stored_before_there_was_a_choice_still_takes_the_mean() -> None:
    dataset = make_dataset(200)
    fitted = ensemble_from({"members": {"linear": 3.0, "naive": 1.0}}).fit(dataset, None, CONTEXT)
    files = fitted.save()
    described = json.loads(files["model.json"])
    del described["parameters"]["combination"]
    older = load_fitted({**files, "model.json": json.dumps(described).encode()})
    assert np.array_equal(older.predict(dataset.features).value, fitted.predict(dataset.features).value)


@pytest.mark.parametrize("kind", sorted(COMBINED))
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_every_combination_is_stored_and_loaded_and_says_of_a_row_alone_what_it_says_in_a_batch(kind, task) -> None:
    dataset = make_dataset(300, task=task)
    members = {"linear": 0.5, "naive": 0.2, "random_forest": 0.3}
    forecaster = ensemble_from({"members": members, "random_forest.n_estimators": 5, **COMBINED[kind]})
    fitted = forecaster.fit(dataset, None, CONTEXT)
    again = load_fitted(fitted.save())
    assert again.save() == fitted.save() == forecaster.fit(dataset, None, FitContext(0, 2)).save()
    value = fitted.predict(dataset.features).value
    assert np.array_equal(again.predict(dataset.features).value, value)
    assert np.array_equal(
        [fitted.predict(dataset.features[i : i + 1]).value[0] for i in range(0, 300, 50)], value[::50]
    )
    assert fitted.predict(dataset.features[:0]).value.shape == (0,)
    assert sum(fitted.importance().values()) == pytest.approx(1.0)


def test_a_vote_is_the_weighted_share_of_the_members_that_say_up() -> None:
    said = [np.array([0.9, 0.4, 0.5]), np.array([0.51, 0.1, 0.6]), np.array([0.2, 0.7, 0.5])]
    share = combine("vote", "classification", said, Stack((0.5, 0.3, 0.2), 0.0))
    np.testing.assert_allclose(share, [0.8, 0.2, 0.65])  # one half counts half: 0.25 + 0.3 + 0.1


def test_in_regression_a_vote_is_the_weighted_median() -> None:
    rng = np.random.default_rng(0)
    said = rng.standard_normal((5, 40))
    said[0] = 1e6  # a wild member moves nothing
    weights = np.array([0.29, 0.12, 0.26, 0.14, 0.19])
    found = combine("vote", "regression", list(said), Stack(tuple(weights), 0.0))
    expected = [np.quantile(column, 0.5, weights=weights, method="inverted_cdf") for column in said.T]
    np.testing.assert_allclose(found, expected)
    equal = np.full(4, 0.25)
    np.testing.assert_allclose(weighted_median(said[1:], equal), np.median(said[1:], axis=0))


def test_stacking_gives_what_its_weights_and_intercept_say() -> None:
    dataset = make_dataset(300)
    given = {"members": {"linear": 0.5, "naive": 0.5}, "combination": "stacking", "stacking_parts": 3}
    fitted = ensemble_from(given).fit(dataset, None, CONTEXT)
    said = fitted.predict(dataset.features)
    odds = {name: np.log(value / (1 - value)) for name, value in said.members.items()}
    score = fitted.intercept + fitted.weights[0] * odds["linear"] + fitted.weights[1] * odds["naive"]
    np.testing.assert_allclose(said.value, 1 / (1 + np.exp(-score)), rtol=1e-9)
    unfitted = [make_forecaster("linear"), make_forecaster("naive")]
    learnt = learn_stack(unfitted, (0.5, 0.5), dataset, CONTEXT, n_parts=3, shrinkage=10.0)
    assert (fitted.weights, fitted.intercept) == (learnt.weights, learnt.intercept)


def test_recent_weights_are_used_for_the_mean() -> None:
    dataset = make_dataset(600)
    given = {"members": {"linear": 0.5, "naive": 0.5}, "combination": "recent", "recent_shrinkage": 20.0}
    fitted = ensemble_from(given).fit(dataset, None, CONTEXT)
    said = fitted.predict(dataset.features)
    assert fitted.weights[0] > 0.7
    np.testing.assert_allclose(said.value, np.average(list(said.members.values()), axis=0, weights=fitted.weights))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"combination": "average"}, "average"),
        ({"stacking_parts": 3}, "belongs to the combination 'stacking', not 'mean'"),
        ({"combination": "vote", "recent_share": 0.3}, "belongs to the combination 'recent', not 'vote'"),
        ({"combination": "stacking", "stacking_parts": 1}, "whole number from 2 to 20"),
        ({"combination": "recent", "recent_share": 1.0}, "from 0.01 to 0.9"),
    ],
)
def test_a_combination_that_makes_no_sense_is_refused(given: dict, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        ensemble_from({"members": {"linear": 1.0}, **given})


@pytest.mark.parametrize("damage", [{"weights": [0.5, float("nan")]}, {"intercept": float("inf")}, {"intercept": "x"}])
def test_stored_numbers_of_stacking_that_are_no_numbers_are_refused(damage: dict) -> None:
    given = {"members": {"linear": 0.5, "naive": 0.5}, "combination": "stacking", "stacking_parts": 2}
    files = ensemble_from(given).fit(make_dataset(200), None, CONTEXT).save()
    described = json.loads(files["model.json"])
    described["learned"] |= damage
    with pytest.raises(ArtifactError, match="damaged"):
        load_fitted({**files, "model.json": json.dumps(described).encode()})


def test_a_stored_combination_there_is_not_is_refused() -> None:
    files = ensemble_from({"members": {"linear": 1.0}}).fit(make_dataset(200), None, CONTEXT).save()
    described = json.loads(files["model.json"])
    described["parameters"]["combination"] = ["mean"]
    with pytest.raises(ArtifactError, match="damaged"):
        load_fitted({**files, "model.json": json.dumps(described).encode()})

from __future__ import annotations

import json

import numpy as np
import pytest
from fakes.datasets import make_dataset

from trimtab.errors import ArtifactError, ConfigurationError, UnknownNameError
from trimtab.models.ensemble import Member, WeightedEnsemble, ensemble_from
from trimtab.models.families import load_fitted, make_forecaster
from trimtab.models.protocol import FitContext

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

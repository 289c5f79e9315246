from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes.datasets import make_dataset

from trimtab.errors import ArtifactError, ConfigurationError, DatasetError, NotEnoughDataError, UnknownNameError
from trimtab.models.artifacts import load_model, store_model
from trimtab.models.conformal import Adjustable
from trimtab.models.families import load_fitted, make_forecaster
from trimtab.models.forecasting import forecast
from trimtab.models.golden import golden_inputs
from trimtab.models.horizons import HorizonsForecaster
from trimtab.models.nesting import inner_files
from trimtab.models.protocol import FitContext
from trimtab.storage.artifacts import ArtifactStore

CONTEXT = FitContext(5, 1)
FOREST = {"family": "random_forest", "parameters": {"n_estimators": 5}}
ENSEMBLE = {"family": "ensemble", "parameters": {"members": {"linear": 1.0, "naive": 1.0}}}


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_every_horizon_is_the_model_trained_on_that_horizon_alone(task) -> None:
    dataset = make_dataset(300, task=task, further=(5, 15))
    fitted = HorizonsForecaster({"horizons": [1, 5, 15], **FOREST}).fit(dataset, None, CONTEXT)
    said = fitted.predict(dataset.features)
    alone = make_forecaster("random_forest", {"n_estimators": 5})
    for horizon in (1, 5, 15):
        model = alone.fit(dataset.at(horizon), None, CONTEXT)
        assert inner_files(f"horizon_{horizon}", fitted.save()) == model.save()
        assert np.array_equal(said.horizons[horizon].value, model.predict(dataset.features).value)
    assert len({said.horizons[horizon].value.tobytes() for horizon in (1, 5, 15)}) == 3


def test_the_value_and_everything_beside_it_is_that_of_the_first_horizon() -> None:
    dataset = make_dataset(300, further=(5,))
    said = HorizonsForecaster({"horizons": [5, 1], **ENSEMBLE}).fit(dataset, None, CONTEXT).predict(dataset.features)
    assert list(said.horizons) == [5, 1]
    assert np.array_equal(said.value, said.horizons[5].value)
    assert said.members == said.horizons[5].members
    assert not np.array_equal(said.value, said.horizons[1].value)
    assert np.array_equal(said.spread, said.horizons[5].spread)


def test_without_horizons_those_of_the_dataset_are_meant() -> None:
    several = HorizonsForecaster().fit(make_dataset(300, further=(5, 15)), None, CONTEXT)
    assert several.horizons == (1, 5, 15)
    assert HorizonsForecaster().fit(make_dataset(300, horizon=3), None, CONTEXT).horizons == (3,)


def test_early_stopping_looks_at_the_same_horizon_of_the_validation_part() -> None:
    dataset = make_dataset(600, further=(5,))
    train, validation = dataset.take(np.arange(400)), dataset.take(np.arange(420, 600))
    parameters = {"n_estimators": 60, "early_stopping_rounds": 3, "learning_rate": 0.3}
    given = {"horizons": [1, 5], "family": "lightgbm", "parameters": parameters}
    fitted = HorizonsForecaster(given).fit(train, validation, CONTEXT)
    alone = make_forecaster("lightgbm", parameters).fit(train.at(5), validation.at(5), CONTEXT)
    assert inner_files("horizon_5", fitted.save()) == alone.save()


def test_checkpoints_of_the_horizons_lie_in_folders_of_their_own(tmp_path: Path) -> None:
    from fakes.recorded_fits import RecordingMean

    forecaster = HorizonsForecaster({"horizons": [1, 5]})
    forecaster.inner = RecordingMean()
    forecaster.fit(make_dataset(300, further=(5,)), None, replace(CONTEXT, checkpoints=tmp_path))
    contexts = [context for _, context in forecaster.inner.fits]
    assert [context.checkpoints for context in contexts] == [tmp_path / "horizon_1", tmp_path / "horizon_5"]
    assert [context.seed for context in contexts] == [5, 5]


def test_a_horizon_with_too_few_labels_is_named() -> None:
    dataset = make_dataset(300, further=(149,))  # two samples have a label of 149 bars
    with pytest.raises(NotEnoughDataError, match="horizon of 149 bars has too few labels"):
        one_class = replace(dataset.by_horizon[1], target=np.where(np.isnan(dataset.by_horizon[1].target), np.nan, 1.0))
        HorizonsForecaster().fit(replace(dataset, by_horizon=(dataset.by_horizon[0], one_class)), None, CONTEXT)


def test_a_horizon_the_dataset_has_no_labels_of_is_refused_before_any_training() -> None:
    from fakes.recorded_fits import RecordingMean

    forecaster = HorizonsForecaster({"horizons": [1, 60]})
    forecaster.inner = RecordingMean()
    with pytest.raises(DatasetError, match=r"labels over \[1, 5\] bars, none over 60"):
        forecaster.fit(make_dataset(300, further=(5,)), None, CONTEXT)
    assert forecaster.inner.fits == []


def test_an_ensemble_of_several_horizons_is_stored_loaded_and_says_the_same(tmp_path: Path) -> None:
    dataset = make_dataset(300, further=(5,))
    stacking = {"members": {"linear": 0.5, "naive": 0.5}, "combination": "stacking", "stacking_parts": 3}
    given = {"horizons": [1, 5], "family": "ensemble", "parameters": stacking}
    fitted = make_forecaster("horizons", given).fit(dataset, None, CONTEXT)
    store = ArtifactStore(tmp_path)
    loaded = load_model(store, store_model(store, fitted, golden_inputs(fitted, dataset)).manifest_digest)
    assert loaded.save() == fitted.save()
    for horizon, said in forecast(loaded, dataset).horizons.items():
        assert set(said.members) == {"linear", "naive"}
        assert np.array_equal(said.value, forecast(fitted, dataset).horizons[horizon].value)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"horizons": [5, 5]}, "different whole numbers"),
        ({"horizons": [0]}, "from 1 to 10000"),
        ({"horizons": [True]}, "whole numbers"),
        ({"horizons": "5"}, "whole numbers"),
        ({"family": "horizons"}, "cannot wrap horizons"),
    ],
)
def test_horizons_that_make_no_sense_are_refused(given: dict, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        HorizonsForecaster(given)


def test_mistyped_names_are_refused_with_what_is_allowed() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'horizons'"):
        HorizonsForecaster({"horizon": [5]})
    with pytest.raises(UnknownNameError, match="did you mean 'l2'"):
        HorizonsForecaster({"parameters": {"l22": 5}})


@pytest.mark.parametrize("horizons", [[], [1, 1], ["x"], None, [1, 7]])
def test_stored_horizons_that_do_not_fit_the_folders_are_refused(horizons) -> None:
    files = HorizonsForecaster().fit(make_dataset(200, further=(5,)), None, CONTEXT).save()
    described = json.loads(files["model.json"])
    described["learned"] = {"horizons": horizons}
    with pytest.raises(ArtifactError):
        load_fitted({**files, "model.json": json.dumps(described).encode()})


def test_a_horizon_over_other_features_is_refused() -> None:
    files = HorizonsForecaster().fit(make_dataset(200, further=(5,)), None, CONTEXT).save()
    other = make_forecaster("linear").fit(make_dataset(200, k=3), None, CONTEXT).save()
    with pytest.raises(ArtifactError, match="horizon 5 expects other inputs"):
        load_fitted({**files, "horizon_5/model.json": other["model.json"]})


def test_intervals_can_be_asked_for_at_another_coverage_as_of_the_first_horizon_alone() -> None:
    dataset = make_dataset(300, task="regression", further=(5,))
    fitted = HorizonsForecaster({"family": "confident"}).fit(dataset, None, CONTEXT)
    alone = make_forecaster("confident").fit(dataset.at(1), None, CONTEXT)
    assert isinstance(fitted, Adjustable) and isinstance(alone, Adjustable) and fitted.coverage == alone.coverage == 0.9
    wider = fitted.at_coverage(fitted.predict(dataset.features), 0.97)
    assert np.array_equal(wider, alone.at_coverage(alone.predict(dataset.features), 0.97))
    assert (wider[1] - wider[0]).mean() > np.subtract(
        *fitted.at_coverage(fitted.predict(dataset.features), 0.9)[::-1]
    ).mean()


def test_without_intervals_there_is_no_coverage_to_ask_for() -> None:
    dataset = make_dataset(300, further=(5,))
    fitted = HorizonsForecaster(FOREST).fit(dataset, None, CONTEXT)
    assert fitted.coverage is None
    with pytest.raises(ConfigurationError, match=r"set confidence\.coverage"):
        fitted.at_coverage(fitted.predict(dataset.features), 0.9)

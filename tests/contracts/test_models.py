"""Every model family keeps one contract: a family added to `FAMILIES` is tested here by that alone."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fakes.datasets import make_dataset, with_history

from trimtab.datasets import Dataset
from trimtab.datasets.schema import Task
from trimtab.errors import (
    ArtifactError,
    ConfigurationError,
    DatasetError,
    FeatureError,
    IntegrityError,
    NotEnoughDataError,
    UnknownNameError,
)
from trimtab.models.artifacts import load_model, manifest_of, pack, store_model
from trimtab.models.families import FAMILIES, default_parameters, load_fitted, make_forecaster
from trimtab.models.forecasting import forecast, inputs_of
from trimtab.models.golden import golden_inputs
from trimtab.models.protocol import FitContext, FittedForecaster
from trimtab.storage.artifacts import ArtifactStore
from trimtab.storage.hashing import canonical_json

TESTS = Path(__file__).resolve().parents[1]
CONTEXT = FitContext(seed=7, n_threads=1)
QUICK = {"epochs": 10, "learning_rate": 0.02, "dropout": 0.1}
# Small models keep the suite fast; the contract does not depend on size.
SMALL = {
    "lightgbm": {"n_estimators": 30, "feature_fraction": 0.6},
    "xgboost": {"n_estimators": 30, "colsample_bytree": 0.6},
    "random_forest": {"n_estimators": 20, "max_features": 0.5},
    "ensemble": {"members": {"random_forest": 1.0, "linear": 3.0}, "random_forest.n_estimators": 10},
    "dense": {"hidden": [16], **QUICK},
    "lstm": {"hidden": [16], "window": 3, **QUICK},
    "cnn": {"channels": [16], "window": 3, **QUICK},
    "tcn": {"channels": [16], "window": 3, **QUICK},
    "transformer": {"width": 16, "n_layers": 1, "window": 3, **QUICK},
    "confident": {"family": "linear"},
    "horizons": {"family": "linear"},
}
NETWORKS = ("cnn", "dense", "lstm", "tcn", "transformer")
LEARNS = sorted(set(FAMILIES) - {"naive"})
TASKS: tuple[Task, ...] = ("classification", "regression")


def fit(
    family: str, dataset: Dataset, validation: Dataset | None = None, context: FitContext = CONTEXT
) -> FittedForecaster:
    forecaster = make_forecaster(family, SMALL.get(family, {}))
    dataset = with_history(dataset) if forecaster.window > 1 and dataset.history is None else dataset
    return forecaster.fit(dataset, validation, context)


def inputs(fitted: FittedForecaster, dataset: Dataset) -> np.ndarray:
    """What the model is asked about: rows of a table, or windows."""
    return inputs_of(fitted, with_history(dataset)) if fitted.window > 1 else dataset.features


def said(fitted: FittedForecaster, dataset: Dataset) -> np.ndarray:
    return fitted.predict(inputs(fitted, dataset)).value


@pytest.fixture(scope="module", params=[(f, t) for f in sorted(FAMILIES) for t in TASKS], ids="-".join)
def case(request: pytest.FixtureRequest) -> tuple[str, Dataset, FittedForecaster]:
    family, task = request.param
    dataset = with_history(make_dataset(task=task))
    return family, dataset, fit(family, dataset)


def test_forecasts_one_number_per_row_and_probabilities_are_probabilities(case) -> None:
    _, dataset, fitted = case
    value = fitted.predict(inputs(fitted, dataset)).value
    assert value.shape == (len(dataset),) and value.dtype == np.float64
    assert np.isfinite(value).all()
    if dataset.task == "classification":
        assert value.min() >= 0.0 and value.max() <= 1.0


def test_remembers_what_it_was_trained_on(case) -> None:
    family, dataset, fitted = case
    assert (fitted.family, fitted.feature_names, fitted.task) == (family, dataset.feature_names, dataset.task)


def test_no_rows_give_no_forecasts(case) -> None:
    _, dataset, fitted = case
    assert fitted.predict(inputs(fitted, dataset)[:0]).value.shape == (0,)


@pytest.mark.parametrize("columns", [0, 5, 7])
def test_refuses_another_number_of_columns(case, columns: int) -> None:
    _, _, fitted = case
    with pytest.raises(FeatureError, match="trained on 6 features"):
        fitted.predict(np.zeros((3, columns) if fitted.window == 1 else (3, fitted.window, columns)))


def test_refuses_rows_that_are_not_a_table(case) -> None:
    _, _, fitted = case
    with pytest.raises(FeatureError, match="shape"):
        fitted.predict(np.zeros(6))


def test_a_row_alone_is_forecast_bit_for_bit_as_in_a_batch(case) -> None:
    _, dataset, fitted = case
    rows = inputs(fitted, dataset)
    together = fitted.predict(rows).value
    alone = [fitted.predict(rows[i : i + 1]).value[0] for i in range(0, len(dataset), 7)]
    assert np.array_equal(together[::7], alone)


def test_the_layout_of_the_array_changes_nothing(case) -> None:
    _, dataset, fitted = case
    rows = inputs(fitted, dataset)
    by_rows = fitted.predict(np.ascontiguousarray(rows)).value
    assert np.array_equal(by_rows, fitted.predict(np.asfortranarray(rows)).value)


def test_missing_infinite_and_huge_values_give_finite_forecasts(case) -> None:
    _, dataset, fitted = case
    rows = np.repeat(inputs(fitted, dataset)[:6], 2, axis=0)
    for i, value in enumerate((np.nan, np.inf, -np.inf, 1e300, -1e300, 1e-300)):
        rows[i, ..., i % 6] = value
    rows[-1] = np.nan
    value = fitted.predict(rows).value
    assert np.isfinite(value).all()


def test_prediction_leaves_its_input_alone(case) -> None:
    _, dataset, fitted = case
    rows = np.array(inputs(fitted, dataset), order="C")
    rows[0, ..., 0] = np.inf
    before = rows.copy()
    fitted.predict(rows)
    assert np.array_equal(rows, before, equal_nan=True)


def test_saved_and_loaded_it_is_the_same_model_with_the_same_bytes(case) -> None:
    _, dataset, fitted = case
    files = fitted.save()
    again = load_fitted(files)
    assert again.save() == files
    rows = inputs(fitted, dataset)
    assert np.array_equal(again.predict(rows).value, fitted.predict(rows).value)
    assert again.importance() == fitted.importance()


def test_its_files_are_those_its_family_declares(case) -> None:
    family, _, fitted = case
    assert {name for name in fitted.save() if "/" not in name} == FAMILIES[family].files


def test_the_same_seed_gives_the_same_bytes_on_any_number_of_threads(case) -> None:
    family, dataset, fitted = case
    assert fit(family, dataset, context=FitContext(CONTEXT.seed, n_threads=2)).save() == fitted.save()


def test_importance_sums_to_one_over_the_features(case) -> None:
    family, dataset, fitted = case
    shares = fitted.importance()
    if family == "naive":
        assert shares == {}
        return
    assert tuple(shares) == dataset.feature_names
    assert sum(shares.values()) == pytest.approx(1.0) and min(shares.values()) >= 0.0
    assert max(shares, key=shares.__getitem__) == "feature_0"  # the planted signal


def test_rows_of_weight_zero_are_as_if_they_were_not_there(case) -> None:
    family, dataset, _ = case
    weight = dataset.weight.copy()
    weight[::3] = 0.0
    weighted = replace(dataset, weight=weight)
    assert fit(family, weighted).save() == fit(family, weighted.take(weight > 0)).save()


def test_weights_matter(case) -> None:
    family, dataset, fitted = case
    weight = np.where(dataset.target > np.median(dataset.target), 3.0, 0.5)
    heavier = fit(family, replace(dataset, weight=weight))
    rows = inputs(fitted, dataset)
    assert heavier.predict(rows).value.mean() > fitted.predict(rows).value.mean()


def test_a_column_without_any_value_and_a_constant_one_are_survived(case) -> None:
    family, dataset, _ = case
    features = dataset.features.copy(order="F")
    features[:, 2], features[:, 3] = np.nan, 4.0
    fitted = fit(family, with_history(replace(dataset, features=features)))
    assert np.isfinite(forecast(fitted, dataset).value).all()


def test_stored_and_loaded_through_the_store_it_forecasts_the_same(case, tmp_path: Path) -> None:
    _, dataset, fitted = case
    store = ArtifactStore(tmp_path)
    golden = golden_inputs(fitted, dataset)
    stored = store_model(store, fitted, golden)
    assert stored == store_model(store, fitted, golden)
    assert stored.size_bytes == sum(len(content) for content in pack(fitted, golden).values())
    rows = inputs(fitted, dataset)
    value = load_model(store, stored.manifest_digest).predict(rows).value
    assert np.array_equal(value, fitted.predict(rows).value)


def test_three_flipped_bytes_in_any_file_are_noticed_before_parsing(case, tmp_path: Path) -> None:
    _, dataset, fitted = case
    store = ArtifactStore(tmp_path)
    stored = store_model(store, fitted, golden_inputs(fitted, dataset))
    for file in stored.files:
        path = store.path(file.sha256)
        whole = path.read_bytes()
        damaged = bytearray(whole)
        for position in (len(damaged) // 4, len(damaged) // 2, len(damaged) - 2):
            damaged[position] ^= 0x55
        path.write_bytes(damaged)
        with pytest.raises(IntegrityError, match="damaged"):
            load_model(store, stored.manifest_digest)
        path.write_bytes(whole)
    load_model(store, stored.manifest_digest)


def test_a_pickle_in_place_of_any_file_is_refused_even_when_its_hash_is_right(case, tmp_path: Path) -> None:
    _, dataset, fitted = case
    store = ArtifactStore(tmp_path)
    files = pack(fitted, golden_inputs(fitted, dataset))
    pickled = b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00}\x94."
    for name in files:
        digests = {**files, name: pickled}
        for content in digests.values():
            store.put(content)
        manifest = manifest_of(fitted, files)
        manifest["files"][name] = {"sha256": hashlib.sha256(pickled).hexdigest(), "size_bytes": len(pickled)}
        with pytest.raises(ArtifactError, match="is a pickle"):
            load_model(store, store.put(canonical_json(manifest).encode()))


def test_nonsense_in_place_of_its_files_is_one_sentence_and_no_crash(case) -> None:
    _, _, fitted = case
    files = fitted.save()
    for name in files:
        for nonsense in (b"", b"nonsense", b"{}", b"tree\nversion=v4\n"):
            with pytest.raises(ArtifactError):
                load_fitted({**files, name: nonsense})
        with pytest.raises(ArtifactError):
            load_fitted({other: content for other, content in files.items() if other != name})


@pytest.mark.parametrize("family", LEARNS)
def test_beats_the_naive_family_where_there_is_a_signal(family: str) -> None:
    train, test = make_dataset(1200, seed=1), make_dataset(600, seed=2)
    right = [((said(fit(f, train), test) > 0.5) == test.target).mean() for f in (family, "naive")]
    assert right[0] > 0.65 > right[1]


@pytest.mark.parametrize("family", LEARNS)
def test_regression_explains_where_there_is_a_signal(family: str) -> None:
    train, test = make_dataset(1200, seed=1, task="regression"), make_dataset(600, seed=2, task="regression")
    errors = [((said(fit(f, train), test) - test.target) ** 2).mean() for f in (family, "naive")]
    assert errors[0] < 0.8 * errors[1]


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_parameters_are_complete_json_and_make_the_same_forecaster(family: str) -> None:
    given = make_forecaster(family, SMALL.get(family, {})).parameters
    assert make_forecaster(family, given).parameters == given
    assert canonical_json(dict(given))
    assert make_forecaster(family, default_parameters(family)).parameters == default_parameters(family)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_an_unknown_parameter_is_refused(family: str) -> None:
    with pytest.raises(ConfigurationError, match="lerning_rate"):
        make_forecaster(family, {"lerning_rate": 0.1})


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_one_class_no_rows_and_unusable_targets_are_refused_with_a_sentence(family: str) -> None:
    dataset = make_dataset(200)
    with pytest.raises(NotEnoughDataError, match="both classes"):
        fit(family, replace(dataset, target=np.ones(200)))
    with pytest.raises(NotEnoughDataError, match="no training row"):
        fit(family, replace(dataset, weight=np.zeros(200)))
    with pytest.raises(DatasetError, match="numbers"):
        fit(family, replace(dataset, target=np.full(200, np.nan)))
    with pytest.raises(DatasetError, match="0 or 1"):
        fit(family, replace(dataset, target=np.arange(200.0)))


def test_an_unknown_family_names_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'lightgbm'"):
        make_forecaster("lightgmb")


@pytest.mark.parametrize("family", ["lightgbm", "xgboost"])
def test_early_stopping_ends_before_the_last_tree_and_looks_at_the_validation_part_only(family: str) -> None:
    train, validation = make_dataset(600, signal=0.0), make_dataset(300, seed=3, signal=0.0)
    forecaster = make_forecaster(family, {"n_estimators": 300, "early_stopping_rounds": 5, "learning_rate": 0.3})
    full = forecaster.fit(train, None, CONTEXT)
    stopped = forecaster.fit(train, validation, CONTEXT)
    sizes = [sum(map(len, fitted.save().values())) for fitted in (stopped, full)]
    assert sizes[0] < 0.5 * sizes[1]
    assert load_fitted(stopped.save()).save() == stopped.save()


@pytest.mark.slow
def test_two_fresh_processes_train_byte_identical_models() -> None:
    script = (
        "from fakes.datasets import make_dataset; from contracts.test_models import FAMILIES, fit;"
        "from trimtab.models.protocol import FitContext; import hashlib\n"
        "for family in sorted(FAMILIES):\n"
        "    files = fit(family, make_dataset(), None, FitContext(7, 2)).save()\n"
        "    print(family, hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest())"
    )
    runs = [
        subprocess.run([sys.executable, "-c", script], cwd=TESTS, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert runs[0] == runs[1] and len(runs[0].splitlines()) == len(FAMILIES)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["lightgbm", "xgboost", "random_forest", "lstm"])
def test_a_fresh_process_forecasts_the_golden_rows_bit_for_bit(family: str, tmp_path: Path) -> None:
    dataset = make_dataset()
    fitted = fit(family, dataset)
    store_model(ArtifactStore(tmp_path), fitted, golden_inputs(fitted, with_history(dataset)), in_fresh_process=True)

"""The rows a family learns from: their weights are what they would be in a dataset built on that day."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache

import numpy as np
import pytest
from fakes.datasets import make_dataset

from trimtab.datasets import Dataset
from trimtab.datasets.weights import counted_rows, recency
from trimtab.errors import NotEnoughDataError
from trimtab.models.calibration import fit_calibration
from trimtab.models.families import make_forecaster
from trimtab.models.forecasting import forecast
from trimtab.models.inputs import training_rows
from trimtab.models.protocol import FitContext

CONTEXT = FitContext(seed=0, n_threads=1)
SMALL = {"xgboost": {"n_estimators": 20}, "lightgbm": {"n_estimators": 20}, "random_forest": {"n_estimators": 10}}


@cache
def first_year() -> Dataset:
    """The first of four years under a half-life of 90 days: its weights are far below 1 on average."""
    dataset = make_dataset(2_000, 3, seed=2, task="classification", missing=0.0, instruments=("AAA",))
    weight = recency(dataset.decision_time, timedelta(days=90))
    year = replace(dataset, weight=weight / weight.mean()).take(np.arange(500))
    assert year.weight.mean() < 0.001
    return year


def test_weights_of_some_rows_of_a_dataset_are_one_on_average() -> None:
    year = first_year()
    rows = training_rows(year)
    assert rows.weight.mean() == pytest.approx(1.0)
    np.testing.assert_allclose(rows.weight / rows.weight[0], year.weight / year.weight[0], rtol=1e-12)


@pytest.mark.parametrize("family", ["linear", "xgboost", "lightgbm", "random_forest"])
@pytest.mark.parametrize("confident", [False, True])
def test_a_fold_trains_the_model_that_a_dataset_built_on_that_day_trains(family: str, confident: bool) -> None:
    forecaster = make_forecaster(family, SMALL.get(family, {}))
    if confident:
        asked = {"calibration": "sigmoid", "n_parts": 3}
        forecaster = make_forecaster(
            "confident", {"confidence": asked, "family": family, "parameters": SMALL.get(family, {})}
        )
    year = first_year()
    that_day = replace(year, weight=year.weight * 2.0 ** -round(np.log2(year.weight.mean())))  # to the bit
    judged, trained = (forecast(forecaster.fit(each, None, CONTEXT), year).value for each in (year, that_day))
    np.testing.assert_array_equal(judged, trained)
    assert np.ptp(judged) > 0.1  # the penalties do not outweigh it


@pytest.mark.parametrize("kind", ["sigmoid", "isotonic"])
def test_a_calibration_does_not_depend_on_the_sum_of_weights(kind: str) -> None:
    rng = np.random.default_rng(0)
    score = rng.normal(size=300)
    outcome = (score + rng.normal(size=300) > 0).astype(float)
    weight = rng.uniform(0.5, 1.5, 300)
    plain, tiny = (fit_calibration(kind, score, outcome, weight * size).probability(score) for size in (1.0, 0.003))
    np.testing.assert_allclose(tiny, plain, rtol=1e-9)


def test_a_restatement_after_the_last_label_changes_no_weight() -> None:
    year = first_year()
    at = np.full(500, np.datetime64("NaT"), "datetime64[us]")
    at[:100] = year.label_end[-1] + np.timedelta64(1, "us")
    later = replace(year, superseded_at=at, superseded_weight=0.0)
    np.testing.assert_array_equal(training_rows(later).weight, training_rows(year).weight)
    assert len(training_rows(replace(later, superseded_at=at - np.timedelta64(1, "us"))).weight) == 400


def test_a_training_in_which_nothing_counts_is_refused() -> None:
    year = first_year()
    nothing = replace(year, superseded_at=year.label_end[:1].repeat(500), superseded_weight=0.0)
    with pytest.raises(NotEnoughDataError, match="no training row with a positive weight"):
        training_rows(nothing)


def test_calibration_and_its_parts_count_the_restatements_that_the_whole_training_knew() -> None:
    year = first_year()
    at = np.full(500, np.datetime64("NaT"), "datetime64[us]")
    at[50:150] = year.label_end[450]  # the first two of three parts alone would not know of it
    known = replace(year, superseded_at=at, superseded_weight=0.1)
    asked = {"confidence": {"calibration": "sigmoid", "n_parts": 3}, "family": "linear", "parameters": {}}
    forecaster = make_forecaster("confident", asked)
    one, other = (forecast(forecaster.fit(each, None, CONTEXT), year).value for each in (known, counted_rows(known)))
    np.testing.assert_allclose(one, other, rtol=1e-9)

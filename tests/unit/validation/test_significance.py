from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.datasets import make_dataset
from fakes.forecasters import FirstFeatureForecaster

from trimtab.datasets import Dataset
from trimtab.validation.significance import compare_with_baseline, mean_by_time
from trimtab.validation.splitters import WalkForward
from trimtab.validation.verdict import Verdict
from trimtab.validation.walk_forward import OutOfSample, WalkForwardReport, walk_forward


def judged(dataset: Dataset) -> WalkForwardReport:
    return walk_forward(
        dataset, lambda train, _: FirstFeatureForecaster(train.feature_names, train.task), WalkForward()
    )


def test_a_real_edge_is_found_against_both_baselines() -> None:
    dataset = make_dataset(1500, signal=2.0)
    comparison = compare_with_baseline(judged(dataset), dataset)
    for against in (comparison.naive, comparison.majority):
        assert against.p_value < 0.01
        assert 0.0 < against.ci_low < against.difference < against.ci_high
        assert against.difference == pytest.approx(against.model_accuracy - against.baseline_accuracy)


def test_a_model_that_repeats_the_naive_forecast_is_no_better_than_it() -> None:
    dataset = make_dataset(1500, signal=2.0, missing=0.0)
    dataset = replace(dataset, baseline=(dataset.features[:, 0] > 0).astype(float))
    naive = compare_with_baseline(judged(dataset), dataset).naive
    assert (naive.difference, naive.p_value) == (0.0, 1.0)


def test_the_strongest_baseline_is_the_one_that_is_harder_to_beat() -> None:
    dataset = make_dataset(1500, signal=2.0, missing=0.0)
    dataset = replace(dataset, baseline=dataset.target)  # a naive forecaster nobody can beat
    comparison = compare_with_baseline(judged(dataset), dataset)
    assert comparison.strongest is comparison.naive
    assert comparison.to_json()["strongest"]["baseline"] == "naive"


def test_a_baseline_that_never_speaks_is_not_beaten() -> None:
    dataset = replace(make_dataset(600), baseline=np.full(600, np.nan))
    comparison = compare_with_baseline(judged(dataset), dataset)
    assert comparison.strongest is comparison.naive
    assert comparison.naive.n_times == 0
    assert comparison.to_json()["naive"]["p_value"] is None


def test_copies_of_an_instrument_add_no_evidence() -> None:
    """Ten instruments that move as one say as much as one: same differences, same p-value."""
    one = make_dataset(400, signal=0.4, instruments=("AAA",), missing=0.0)
    copies = one.take(np.repeat(np.arange(len(one)), 10))
    alone, crowd = (compare_with_baseline(judged(dataset), dataset).naive for dataset in (one, copies))
    assert crowd.n_times == alone.n_times
    assert crowd.p_value == pytest.approx(alone.p_value)


def test_means_by_time_equal_a_plain_loop() -> None:
    random = np.random.default_rng(0)
    values, time = random.normal(size=100), random.integers(0, 9, 100)
    expected = [values[time == t].mean() for t in np.unique(time)]
    np.testing.assert_allclose(mean_by_time(values, time), expected)


def test_a_return_forecast_is_compared_with_the_naive_one_by_squared_error() -> None:
    dataset = make_dataset(n=400, task="regression", instruments=("AAA",))
    dataset = replace(dataset, baseline=np.zeros(400))
    rows = np.arange(400)

    def report(value: np.ndarray) -> WalkForwardReport:
        said = OutOfSample(rows, np.zeros(400, np.int32), value, dataset.target, dataset.baseline, np.ones(400))
        return WalkForwardReport("regression", (), {}, {}, {}, "", "", 1.0, Verdict.POOR, 0.0, said)

    good = compare_with_baseline(report(0.5 * dataset.target), dataset).naive
    assert good.p_value < 0.01
    assert good.difference > 0
    # Always the right direction, ten times too far: worse than saying nothing, and said so.
    bold = compare_with_baseline(report(10.0 * dataset.target), dataset).naive
    assert bold.p_value > 0.5
    assert bold.difference < 0

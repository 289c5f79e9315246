from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.datasets import make_dataset
from fakes.forecasters import FirstFeatureForecaster

from trimtab.datasets import Dataset
from trimtab.validation.significance import BaselineComparison, Comparison, compare_with_baseline, mean_by_time
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


def almost_the_majority(n_differing: int, n_right: int, n: int = 1000) -> BaselineComparison:
    """A model that says the commoner class but at a few decisions, of which some are right."""
    random = np.random.default_rng(n_differing)
    dataset = make_dataset(n, instruments=("AAA",), missing=0.0)
    target, value, majority = (random.random(n) < 0.62).astype(float), np.full(n, 0.6), np.ones(n)
    at = random.choice(n, n_differing, replace=False)
    value[at], target[at] = 0.4, np.arange(n_differing) >= n_right
    said = OutOfSample(np.arange(n), np.zeros(n, np.int32), value, target, 1.0 - target, majority)
    report = WalkForwardReport("classification", (), {}, {}, {}, "", "", 1.0, Verdict.GOOD, 0.0, said)
    return compare_with_baseline(report, dataset)


@pytest.mark.parametrize("n_differing", [2, 4, 10, 19])
def test_a_few_lucky_decisions_of_a_thousand_are_insufficient_evidence(n_differing: int) -> None:
    found = almost_the_majority(n_differing, n_differing)
    assert found.naive.p_value < 0.01  # the naive forecast is always wrong here
    assert (found.strongest.baseline, found.strongest.n_differing) == ("majority", n_differing)
    assert np.isnan([found.majority.p_value, found.majority.ci_low, found.majority.ci_high]).all()
    assert not found.is_significant()
    assert found.to_json()["strongest"]["p_value"] is None


def test_differing_twenty_times_is_evidence_for_or_against() -> None:
    assert almost_the_majority(20, 20).is_significant()
    assert almost_the_majority(20, 10).majority.p_value > 0.3


def test_a_model_that_is_the_majority_everywhere_is_no_better_than_it() -> None:
    found = almost_the_majority(0, 0)
    assert (found.majority.difference, found.majority.p_value, found.majority.n_differing) == (0.0, 1.0, 0)
    assert not found.is_significant()


def test_a_few_spells_are_judged_by_the_stricter_of_two_tests() -> None:
    """Four spells of five decisions, right in 14 of 20: the coin flips beneath have a p-value of 0.058."""
    n = 1000
    random, at = np.random.default_rng(0), (np.array([100, 330, 610, 850])[:, None] + np.arange(5)).ravel()
    gains = np.zeros(n)
    gains[at] = random.permutation(np.repeat([1.0, -1.0], [14, 6]))
    dataset = make_dataset(n, instruments=("AAA",), missing=0.0)
    target = np.where(gains > 0.0, 0.0, 1.0)
    value = np.where(gains == 0.0, 0.6, 0.4)
    said = OutOfSample(np.arange(n), np.zeros(n, np.int32), value, target, 1.0 - target, np.ones(n))
    report = WalkForwardReport("classification", (), {}, {}, {}, "", "", 1.0, Verdict.GOOD, 0.0, said)
    found = compare_with_baseline(report, dataset).majority
    assert (found.n_differing, found.difference) == (20, 0.008)
    assert found.p_value == max(found.bootstrap_p_value, found.dm_p_value)
    assert found.bootstrap_p_value < 0.9 * found.dm_p_value


def test_the_baseline_that_is_right_most_often_need_not_be_the_one_that_is_hardest_to_beat() -> None:
    found = BaselineComparison(compared("naive", 0.64, 0.001), compared("majority", 0.58, 0.02))
    assert (found.most_accurate.baseline, found.strongest.baseline) == ("naive", "majority")
    unknown = BaselineComparison(compared("naive", np.nan, 0.2), compared("majority", 0.58, 0.02))
    assert (unknown.most_accurate.baseline, unknown.strongest.baseline) == ("majority", "naive")


def compared(name: str, accuracy: float, p_value: float) -> Comparison:
    return Comparison(name, 0.7, accuracy, 0.7 - accuracy, 0.0, 0.2, p_value, p_value, 3.0, 300, 1.0, p_value, 90)

"""Rules of thumb are judged on the folds of the model, knowing as little as it did."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fakes.datasets import make_dataset
from fakes.forecasters import FirstFeatureForecaster

from trimtab.datasets import Dataset
from trimtab.models.naive import Naive
from trimtab.models.protocol import FitContext
from trimtab.validation.baselines import side_rules
from trimtab.validation.significance import compare_with_baseline
from trimtab.validation.splitters import WalkForward
from trimtab.validation.walk_forward import walk_forward

SPLITTER = WalkForward()


def with_average(task: str = "classification") -> Dataset:
    dataset = make_dataset(1200, signal=1.0, missing=0.0, task=task)
    return replace(dataset, feature_names=("sma_distance_20", *dataset.feature_names[1:]))


def judged(dataset: Dataset) -> tuple:
    report = walk_forward(dataset, lambda t, _: FirstFeatureForecaster(t.feature_names, t.task), SPLITTER)
    return report, side_rules(dataset, SPLITTER.split(dataset), report.out_of_sample)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_rule_says_what_it_would_say_in_a_walk_forward_of_its_own(task: str) -> None:
    dataset = with_average(task)
    _, rules = judged(dataset)
    assert set(rules) == {"buy_and_hold", "moving_average"}
    for name, said in rules.items():
        own = walk_forward(dataset, lambda t, _, rule=name: Naive({"rule": rule}).fit(t, None, FitContext(0)), SPLITTER)
        np.testing.assert_array_equal(said, own.out_of_sample.value)


def test_a_rule_whose_feature_is_missing_is_left_out() -> None:
    assert set(judged(make_dataset(1200))[1]) == {"buy_and_hold"}


def test_a_rule_that_is_as_good_as_the_model_decides_the_gate() -> None:
    dataset = with_average()  # the model and the moving average both read the sign of the first feature
    report, rules = judged(dataset)
    without, with_rules = (compare_with_baseline(report, dataset, others=each) for each in ({}, rules))
    assert without.is_significant()
    assert with_rules.strongest.baseline == "moving_average"
    assert with_rules.strongest.p_value > 0.3
    assert not with_rules.is_significant()


def test_further_baselines_never_make_it_easier_to_pass() -> None:
    for seed in range(5):
        dataset = replace(make_dataset(400, signal=0.4, seed=seed))
        report, rules = judged(dataset)
        without, with_rules = (compare_with_baseline(report, dataset, others=each) for each in (None, rules))
        assert with_rules.strongest.p_value >= without.strongest.p_value
        assert with_rules.naive == without.naive
        assert [each["baseline"] for each in with_rules.to_json()["others"]] == ["buy_and_hold"]

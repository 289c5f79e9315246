"""Exactly the differences that were planted are told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from fakes.datasets import make_dataset

from trimtab.datasets import Dataset
from trimtab.datasets.compare import Comparison, FeatureChange, RecipeChange, compare_datasets

NAMES = [f"feature_{j}" for j in range(6)]


def recipe(**changes: Any) -> dict[str, Any]:
    plain = {
        "as_of": "2020-01-01",
        "bars": {"AAA__1d": "x", "BBB__1d": "y"},
        "features": NAMES,
        "feature_versions": dict.fromkeys(NAMES, "1"),
        "label": {"kind": "direction", "horizons": [1]},
        "rules": {"min_completeness": 0.95},
    }
    return plain | changes


def compared(one: Dataset, other: Dataset, **changes: Any) -> Comparison:
    return compare_datasets((one, recipe()), (other, recipe(**changes)))


def test_a_dataset_does_not_differ_from_itself() -> None:
    dataset = make_dataset(n=200, further=(5,))
    found = compared(dataset, dataset)
    assert found == Comparison((), (), (), (), 0, 0, 200, {1: 0, 5: 0}, 0, ())
    assert found.is_identical
    assert found.summary == "Identical: the same recipe, features, targets and weights in all 200 samples."


def test_samples_only_in_one_are_counted_by_instrument_and_bar() -> None:
    dataset = make_dataset(n=200)
    found = compared(dataset.take(np.arange(0, 190)), dataset.take(np.arange(5, 200)))
    assert (found.n_only_one, found.n_only_other, found.n_both) == (5, 10, 185)
    assert not found.features and not any(found.targets.values())
    renamed = replace(dataset, instruments=("AAA", "CCC"))
    found = compared(dataset, renamed)
    assert (found.n_only_one, found.n_only_other, found.n_both) == (100, 100, 100)


def test_instruments_in_another_order_are_the_same_samples() -> None:
    dataset = make_dataset(n=200)
    swapped = replace(dataset, instruments=("BBB", "AAA"), instrument=1 - dataset.instrument)
    assert compared(dataset, swapped).n_both == 200
    assert compared(dataset, swapped).targets == {1: 0} and not compared(dataset, swapped).features


def test_changed_values_are_told_by_feature_most_differing_first() -> None:
    dataset = make_dataset(n=200, missing=0.0)
    values = dataset.features.copy()
    values[10:13, 2] += 0.5
    values[20:27, 4] = np.nan
    values[3, 4] -= 2.0
    found = compared(dataset, replace(dataset, features=values))
    assert found.features == (FeatureChange("feature_4", 8, 2.0), FeatureChange("feature_2", 3, 0.5))
    assert "2 features do: feature_4 in 8, feature_2 in 3." in found.summary


def test_changed_targets_and_weights_are_counted_per_horizon() -> None:
    dataset = make_dataset(n=200, further=(5,))
    target = dataset.by_horizon[1].target.copy()
    target[:4] = 1.0 - target[:4]
    target[4] = np.nan
    labels = (dataset.by_horizon[0], replace(dataset.by_horizon[1], target=target))
    weight = dataset.weight.copy()
    weight[7] *= 2
    found = compared(dataset, replace(dataset, by_horizon=labels, weight=weight))
    assert found.targets == {1: 0, 5: 5}
    assert found.n_weights == 1
    assert not found.is_identical and found.summary.startswith("200 samples are in both, 0 only in the first")
    assert not compared(dataset, replace(dataset, by_horizon=labels)).is_identical
    assert not compared(dataset, replace(dataset, weight=weight)).is_identical
    assert compared(dataset, make_dataset(n=200)).targets == {1: 0}  # the other horizon is not in both


def test_the_recipe_is_compared_key_by_key_and_features_by_name() -> None:
    dataset = make_dataset(n=200)
    names = (*dataset.feature_names[1:], "new")
    versions = dict.fromkeys(names, "1") | {"feature_3": "2"}
    found = compared(
        dataset,
        replace(dataset, feature_names=names),
        feature_versions=versions,
        features=list(names),
        bars={"AAA__1d": "z", "BBB__1d": "y"},
        rules={"min_completeness": 0.95, "uniqueness": False},
    )
    assert found.recipe == (
        RecipeChange("bars.AAA__1d", "x", "z"),
        RecipeChange("rules.uniqueness", "(none)", False),
    )
    assert (found.added, found.removed, found.renewed) == (("new",), ("feature_0",), ("feature_3",))
    assert "The recipes differ in bars.AAA__1d, rules.uniqueness." in found.summary
    assert "1 added (new), 1 removed (feature_0), 1 computed by another version (feature_3)" in found.summary


def test_datasets_without_a_common_sample_have_no_number_to_compare() -> None:
    dataset = make_dataset(n=200)
    found = compared(dataset.take(np.arange(100)), dataset.take(np.arange(100, 200)))
    assert found.n_both == 0 and "nothing to compare number by number" in found.summary


def test_samples_superseded_at_another_time_are_told_among_the_weights() -> None:
    dataset = make_dataset(n=200)
    at = np.full(200, np.datetime64("NaT"), "datetime64[us]")
    asked = replace(dataset, superseded_at=at, superseded_weight=0.5)
    at = at.copy()
    at[7:10] = np.datetime64("2030-01-01")
    told = replace(asked, superseded_at=at)
    assert [compared(one, told).n_weights for one in (dataset, asked, told)] == [3, 3, 0]

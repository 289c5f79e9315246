"""What is said of a dataset that was made, and what is odd about it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from fakes.datasets import make_dataset

from trimtab.datasets import Dataset
from trimtab.pipeline.dataset_report import describe_dataset
from trimtab.pipeline.stage import CheckOutcome


def checks(dataset: Dataset) -> dict[str, CheckOutcome]:
    return {check.name: check for check in describe_dataset(dataset, {}, "f" * 64, Path("folder")).checks}


def test_a_sound_dataset_passes_every_check() -> None:
    assert all(check.passed for check in checks(make_dataset(n=200, further=(5,))).values())


def test_a_label_that_is_always_the_same_is_warned_of_with_its_horizon() -> None:
    dataset = make_dataset(n=200, further=(5,))
    first, second = dataset.by_horizon
    constant = replace(second, target=np.where(np.isnan(second.target), np.nan, 1.0))
    found = checks(replace(dataset, by_horizon=(first, constant)))["targets_vary"]
    assert not found.passed and not found.blocking
    assert found.description == "over 5 bars every label is 1: nothing can be learnt from it, choose another label"
    assert not checks(replace(dataset, by_horizon=(), target=np.zeros(200)))["targets_vary"].passed


def test_a_feature_without_any_value_is_named() -> None:
    dataset = make_dataset(n=200)
    dataset.features[:, 3] = np.nan
    found = checks(dataset)["features_have_values"]
    assert not found.passed and not found.blocking
    assert found.description.startswith("no sample has a value of feature_3;")


def test_a_label_of_any_horizon_that_ends_with_its_decision_stops_the_run() -> None:
    dataset = make_dataset(n=200, further=(5,))
    end = dataset.by_horizon[1].label_end.copy()
    end[7] = dataset.decision_time[7]
    wrong = replace(dataset, by_horizon=(dataset.by_horizon[0], replace(dataset.by_horizon[1], label_end=end)))
    found = checks(wrong)["labels_follow_decisions"]
    assert not found.passed and found.blocking


def test_the_bars_left_out_and_the_horizons_are_tables() -> None:
    made = describe_dataset(make_dataset(n=200, further=(5,), history=True), {"why": 7}, "f" * 64, Path("folder"))
    assert made.tables["bars that are no samples"] == [{"reason": "why", "bars": 7}]
    assert made.metrics["bars_left_out"] == 7 and made.metrics["history_bars"] == 200
    one, five = made.tables["labels by horizon"]
    assert (one["horizon"], five["horizon"]) == (1, 5) and int(one["labels"] or 0) > int(five["labels"] or 0)
    assert (one["median_days"], five["median_days"]) == (1.0, 5.0)

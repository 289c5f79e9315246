from __future__ import annotations

import math

import pytest
from fakes.runs import record

from trimtab.tracking.comparison import HIGHER_IS_BETTER, LOWER_IS_BETTER, compare_runs

A = record("a", metrics={"accuracy": 0.6, "log_loss": 0.70, "samples": 10.0}, parameters={"depth": 3, "same": 1})
B = record("b", metrics={"accuracy": 0.5, "log_loss": 0.60, "samples": 20.0}, parameters={"depth": 4, "same": 1})
C = record("c", metrics={"accuracy": math.nan}, parameters={"same": 1}, seed=8)


def test_only_what_differs_is_shown_of_the_parameters_and_the_best_is_marked_by_what_better_means() -> None:
    found = compare_runs([A, B, C])
    assert found.parameters == {"depth": (3, 4, None), "seed": (7, 7, 8)}
    assert {each.name: each.best for each in found.metrics} == {"accuracy": 0, "log_loss": 1, "samples": None}
    assert found.same_dataset
    assert found.warnings == ()


def test_on_different_datasets_no_best_is_marked_and_it_is_said_why() -> None:
    found = compare_runs([A, record("b", dataset="e" * 64, metrics=B.metrics)])
    assert not found.same_dataset
    assert {each.best for each in found.metrics} == {None}
    assert "numbers measured on different rows do not compare" in found.warnings[0]


def test_runs_without_a_dataset_are_not_taken_for_runs_on_the_same_one() -> None:
    assert not compare_runs([record("a", dataset=None), record("b", dataset=None)]).same_dataset


def test_runs_of_different_kinds_and_environments_are_warned_of() -> None:
    other = record("b", kind="tuning_study", environment={"libraries": {"numpy": "2"}, "python": "3.11"})
    found = compare_runs([record("a", environment={"libraries": {"numpy": "1"}, "python": "3.11"}), other])
    assert found.environment == {"libraries.numpy": ("1", "2")}
    assert [sentence.split(":")[0] for sentence in found.warnings] == [
        "the runs are of different kinds",
        "the environments differ",
    ]


def test_wrapped_parameters_are_compared_one_by_one() -> None:
    one = record("a", parameters={"family": "confident", "parameters": {"family": "lstm", "epochs": 3, "hidden": [8]}})
    other = record("b", parameters={"family": "lstm", "epochs": 4, "hidden": [8]})
    assert compare_runs([one, other]).parameters == {"epochs": (3, 4)}


def test_equal_values_have_no_best() -> None:
    assert compare_runs([A, record("b", metrics=A.metrics)]).metrics[0].best is None


def test_no_metric_is_better_both_ways() -> None:
    assert not HIGHER_IS_BETTER & LOWER_IS_BETTER


@pytest.mark.parametrize("name", ["pooled/accuracy", "f1"])
def test_pooled_metrics_are_judged_like_those_of_a_fold(name: str) -> None:
    found = compare_runs([record("a", metrics={name: 0.1}), record("b", metrics={name: 0.2})])
    assert found.metrics[0].best == 1

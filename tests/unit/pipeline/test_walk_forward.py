"""The document of a walk-forward: every number in it agrees with the forecasts it was made from."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.bars import random_walk

from trimtab.config import Settings
from trimtab.pipeline import datasets, features, models, tuning
from trimtab.pipeline.running import stage_values
from trimtab.pipeline.walk_forward import WALK_FORWARD, report_walk_forward
from trimtab.pipeline.walk_forward_forecasts import forecast_table
from trimtab.pipeline.workspace import Workspace
from trimtab.validation.scoring import score

pytestmark = pytest.mark.slow  # one small lake, three strategies

LABELS = {"direction": "direction", "forward-return": "forward_return", "regime": "volatility_regime"}  # by strategy
FILE = """
name = "{name}"
[universe]
instruments = ["AAA"]
[features]
names = ["return_1", "close_location", "sma_distance_20"]
sets = []
[label]
kind = "{label}"
[model]
algorithm = "linear"
[tuning]
n_trials = 0
[validation]
n_seeds = 1
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """One random walk, and three strategies that forecast it."""
    folder: Path = tmp_path_factory.mktemp("walk_forward")
    for name, label in LABELS.items():
        (folder / f"{name}.toml").write_text(FILE.format(name=name, label=label))
    found = Workspace.open(Settings(data_dir=folder / "data", strategies_dir=folder, n_threads=1))
    found.bars.append(random_walk(600, seed=5), datetime(2023, 1, 2, tzinfo=UTC))
    features.compute_family(found, "technical", "AAA__1d")
    for name in LABELS:
        datasets.build_training_dataset(found, name)
        tuning.run_tuning_study(found, name)
        models.train_candidate(found, name)
        report_walk_forward(found, name)
    return found


def document_of(workspace: Workspace, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((workspace.report_folder(WALK_FORWARD, name) / "report.json").read_text())
    return found


@pytest.mark.parametrize("name", ["direction", "forward-return"])
def test_intervals_and_tables_are_of_the_forecasts_kept(workspace: Workspace, name: str) -> None:
    document = document_of(workspace, name)
    kept = workspace.lake.tables.read(forecast_table(name))
    value, target = (kept[name].to_numpy() for name in ("value", "target"))
    expected = score(document["task"], target, value)
    for interval in document["intervals"]:
        assert interval["value"] == pytest.approx(expected[interval["measure"]])
        assert interval["low"] <= interval["value"] <= interval["high"]
        assert (interval["confidence"], interval["n_times"]) == (0.95, len(value))
    assert sum(row["n"] for row in document["quantiles"]) == len(value)
    if name == "direction":
        assert np.sum(document["confusion_matrix"]) == sum(row["n"] for row in document["reliability"]) == len(value)
    else:
        assert document["confusion_matrix"] is None and document["reliability"] is None


def test_a_model_of_direction_is_compared_with_rules_that_take_a_side(workspace: Workspace) -> None:
    document = document_of(workspace, "direction")
    baselines = document["baselines"]
    assert [each["baseline"] for each in baselines["others"]] == ["buy_and_hold", "moving_average"]
    every = [baselines["naive"], baselines["majority"], *baselines["others"]]
    assert baselines["strongest"]["p_value"] == max(each["p_value"] for each in every)
    assert all(0.0 <= each["dm_p_value"] <= 1.0 for each in every)


def test_on_a_random_walk_the_report_says_that_nothing_was_found(workspace: Workspace) -> None:
    document = document_of(workspace, "direction")
    assert document["is_significant"] is False
    assert "but not better than" in document["verdict_sentence"]
    values = stage_values(workspace, WALK_FORWARD, "direction") or {}
    assert values["baseline_p_value"] == document["baselines"]["strongest"]["p_value"]
    compared = [document["baselines"][name] for name in ("naive", "majority")] + document["baselines"]["others"]
    shown = max(compared, key=lambda each: each["baseline_accuracy"])
    assert values["strongest_baseline"] == document["baselines"]["strongest"]["baseline"]
    assert (values["baseline"], values["baseline_accuracy"]) == (shown["baseline"], shown["baseline_accuracy"])
    assert values["accuracy_by_time"] == shown["model_accuracy"]  # a mean over the same times as the baseline's
    assert (values["is_significant"], values["verdict_sentence"]) == (False, document["verdict_sentence"])


def test_a_label_without_a_side_is_not_compared_with_rules_that_take_one(workspace: Workspace) -> None:
    assert document_of(workspace, "regime")["baselines"]["others"] == []

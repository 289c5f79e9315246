from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from fakes.bars import random_walk

from trimtab.config import Settings
from trimtab.errors import DatasetError
from trimtab.market import Series
from trimtab.pipeline.datasets import build_training_dataset, rebuild_dataset
from trimtab.pipeline.features import compute_family
from trimtab.pipeline.workspace import Workspace

STRATEGY = """
name = "mine"
[universe]
instruments = ["AAA"]
[features]
sets = ["candlesticks"]
[label]
kind = "direction"
"""
RECEIVED = datetime(2023, 1, 2, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "mine.toml").write_text(STRATEGY)
    opened = Workspace.open(Settings(data_dir=tmp_path / "data", strategies_dir=tmp_path))
    opened.bars.append(random_walk(300, seed=1), RECEIVED)
    compute_family(opened, "candlesticks", "AAA__1d")
    return opened


def restate(workspace: Workspace, position: int) -> None:
    bars = workspace.bars.current(Series.parse("AAA__1d"))
    close = bars.close.copy()
    close[position] *= 1.0005
    workspace.bars.append(replace(bars, close=close, high=np.maximum(bars.high, close)), RECEIVED.replace(year=2024))


def test_a_dataset_is_rebuilt_bit_for_bit_from_its_recipe(workspace: Workspace) -> None:
    made = build_training_dataset(workspace, "mine")
    assert rebuild_dataset(workspace, made.data_version)[0] == made.data_version


def test_a_restatement_makes_another_dataset_and_the_old_one_is_still_rebuilt(workspace: Workspace) -> None:
    first = build_training_dataset(workspace, "mine")
    restate(workspace, 250)
    assert not compute_family(workspace, "candlesticks", "AAA__1d").skipped
    second = build_training_dataset(workspace, "mine")
    assert second.data_version != first.data_version
    assert rebuild_dataset(workspace, first.data_version)[0] == first.data_version
    assert rebuild_dataset(workspace, second.data_version)[0] == second.data_version


def test_unchanged_bars_are_recognised(workspace: Workspace) -> None:
    assert not build_training_dataset(workspace, "mine").skipped
    again = build_training_dataset(workspace, "mine")
    assert again.skipped
    assert again.metrics["samples"] == build_training_dataset(workspace, "mine").metrics["samples"]


def test_a_recipe_of_another_code_version_is_refused(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    made = build_training_dataset(workspace, "mine")
    monkeypatch.setattr("trimtab.pipeline.datasets.CODE_VERSION", "0")
    with pytest.raises(DatasetError, match="was made by other versions of features or labels"):
        rebuild_dataset(workspace, made.data_version)

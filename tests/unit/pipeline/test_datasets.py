from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from fakes.bars import random_walk

from trimtab.config import Settings
from trimtab.datasets.snapshot import load_snapshot
from trimtab.errors import DatasetError, NotFoundError
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
SERIES = Series.parse("AAA__1d")
RECEIVED = datetime(2023, 1, 2, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "mine.toml").write_text(STRATEGY)
    opened = Workspace.open(Settings(data_dir=tmp_path / "data", strategies_dir=tmp_path))
    opened.bars.append(random_walk(300, seed=1), RECEIVED)
    compute_family(opened, "candlesticks", "AAA__1d")
    return opened


def restate(workspace: Workspace, position: int) -> None:
    bars = workspace.bars.current(SERIES)
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


def test_a_restatement_leaves_every_sample_that_was_already_realised_as_it_was(workspace: Workspace) -> None:
    first, _ = load_snapshot(workspace.lake, build_training_dataset(workspace, "mine").data_version)
    raw = workspace.bars.current(SERIES)
    close = raw.close * np.where(np.arange(len(raw)) % 2, 1.05, 0.95)
    high, low = np.maximum(raw.high, close), np.minimum(raw.low, close)
    workspace.bars.append(replace(raw, close=close, high=high, low=low), RECEIVED.replace(year=2024))
    compute_family(workspace, "candlesticks", SERIES.key)
    made = build_training_dataset(workspace, "mine")
    second, _ = load_snapshot(workspace.lake, made.data_version)
    for name in ("event_time", "features", "target", "baseline", "label_end"):
        np.testing.assert_array_equal(getattr(second, name), getattr(first, name))
    assert rebuild_dataset(workspace, made.data_version)[0] == made.data_version


def test_features_of_other_bars_than_are_stored_are_refused_until_they_are_computed_again(workspace: Workspace) -> None:
    build_training_dataset(workspace, "mine")
    restate(workspace, 250)
    for _ in range(2):
        with pytest.raises(DatasetError, match=r"candlesticks features of AAA__1d .* compute the features again"):
            build_training_dataset(workspace, "mine")
    compute_family(workspace, "candlesticks", SERIES.key)
    assert not build_training_dataset(workspace, "mine").skipped


def test_features_that_were_never_computed_are_named_with_their_stage(workspace: Workspace) -> None:
    path = workspace.settings.strategies_dir / "mine.toml"
    path.write_text(STRATEGY.replace('"candlesticks"', '"candlesticks", "market_state"'))
    with pytest.raises(NotFoundError, match="run the stage market_state_features first"):
        build_training_dataset(Workspace.open(workspace.settings), "mine")


def test_families_that_a_strategy_does_not_use_may_be_stale(workspace: Workspace) -> None:
    compute_family(workspace, "market_state", SERIES.key)
    restate(workspace, 250)
    compute_family(workspace, "candlesticks", SERIES.key)
    assert not build_training_dataset(workspace, "mine").skipped
    compute_family(workspace, "market_state", SERIES.key)
    assert build_training_dataset(workspace, "mine").skipped


def test_other_feature_tables_make_another_dataset_of_the_same_bars(workspace: Workspace) -> None:
    first = build_training_dataset(workspace, "mine")
    manifest = workspace.manifests.latest("candlestick_features", SERIES.key)
    assert manifest
    workspace.manifests.record("candlestick_features", SERIES.key, {}, "other", manifest.summary)
    again = build_training_dataset(workspace, "mine")
    assert not again.skipped
    assert again.data_version == first.data_version  # the table itself is the same: only its name was another


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

"""Facts and peers on their way into features, tables and datasets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fakes.bars import random_walk
from fakes.surroundings import figures_between, texts_between

from trimtab.config import Settings
from trimtab.errors import DatasetError
from trimtab.facts import Figures, Texts
from trimtab.features.catalogue import feature_sets
from trimtab.features.store import read_features
from trimtab.market import Series
from trimtab.pipeline.datasets import build_training_dataset, rebuild_dataset
from trimtab.pipeline.facts import ingest_facts
from trimtab.pipeline.features import compute_family
from trimtab.pipeline.surroundings import peers_of, surroundings_of
from trimtab.pipeline.workspace import Workspace

STRATEGY = """
name = "mine"
[universe]
instruments = ["AAA", "BBB", "CCC"]
benchmark = "IDX"
[features]
sets = ["{family}"]
[label]
kind = "direction"
"""
AAA, BBB, IDX = (Series.parse(f"{name}__1d") for name in ("AAA", "BBB", "IDX"))
RECEIVED = datetime(2023, 1, 2, tzinfo=UTC)
LATER = RECEIVED.replace(year=2024)
BARS = random_walk(420, seed=1)


def _world(folder: Path, family: str) -> Workspace:
    (folder / "mine.toml").write_text(STRATEGY.format(family=family))
    opened = Workspace.open(Settings(data_dir=folder / "data", strategies_dir=folder))
    for seed, name in enumerate(("AAA", "BBB", "CCC", "IDX"), start=1):
        opened.bars.append(random_walk(420, seed=seed, instrument=name), RECEIVED)
    return opened


def _compute(workspace: Workspace, family: str) -> None:
    for key in workspace.series:
        compute_family(workspace, family, key)


def _own_facts() -> tuple[Figures, Texts]:
    first, last = BARS.event_time[0] - np.timedelta64(700, "D"), BARS.event_time[-1]
    figures, texts = figures_between(first, last), texts_between(BARS.event_time[0], last)
    return replace(figures, instrument_id="AAA"), replace(texts, instrument_id="AAA")


def test_peers_are_the_instruments_forecast_beside_one_and_never_the_benchmark(tmp_path: Path) -> None:
    workspace = _world(tmp_path, "technical")
    assert [each.key for each in peers_of(workspace, AAA)] == ["BBB__1d", "CCC__1d"]
    assert [each.key for each in peers_of(workspace, IDX)] == ["AAA__1d", "BBB__1d", "CCC__1d"]
    assert set(surroundings_of(workspace, AAA, needs=["peers"]).peers) == {"BBB", "CCC"}
    assert surroundings_of(workspace, AAA, needs=["figures"]).peers == {}


def test_a_peer_that_gets_a_bar_makes_the_peer_features_again_and_no_others(tmp_path: Path) -> None:
    workspace = _world(tmp_path, "peers")
    _compute(workspace, "peers")
    compute_family(workspace, "candlesticks", AAA.key)
    assert compute_family(workspace, "peers", AAA.key).skipped
    longer = random_walk(421, seed=2, instrument="BBB")
    workspace.bars.append(longer.take(slice(420, 421)), LATER)
    assert compute_family(workspace, "candlesticks", AAA.key).skipped
    with pytest.raises(DatasetError, match="peers features of AAA__1d were computed from other facts or peers"):
        build_training_dataset(workspace, "mine")
    assert not compute_family(workspace, "peers", AAA.key).skipped


def test_a_restated_bar_of_a_peer_reaches_only_rows_decided_after_it(tmp_path: Path) -> None:
    workspace, names = _world(tmp_path, "peers"), feature_sets()["peers"]
    _compute(workspace, "peers")
    before = read_features(workspace.lake, AAA, names)
    other = workspace.bars.current(BBB)
    close = other.close * np.where(np.arange(len(other)) % 2, 1.03, 0.97)
    high, low = np.maximum(other.high, close), np.minimum(other.low, close)
    workspace.bars.append(replace(other, close=close, high=high, low=low), LATER)
    new = random_walk(430, seed=1).take(slice(420, 430))
    new = replace(new, known_time=new.known_time + np.timedelta64(3650, "D"))  # decided after the restatement
    workspace.bars.append(new, LATER)
    _compute(workspace, "peers")
    after = read_features(workspace.lake, AAA, names)
    assert after.values[:420].tobytes() == before.values.tobytes()
    assert len(after) == 430


def test_a_dataset_of_peers_is_rebuilt_bit_for_bit(tmp_path: Path) -> None:
    workspace = _world(tmp_path, "peers")
    _compute(workspace, "peers")
    made = build_training_dataset(workspace, "mine")
    assert rebuild_dataset(workspace, made.data_version)[0] == made.data_version


@pytest.mark.parametrize("family", ["fundamental", "sentiment"])
def test_a_family_without_facts_is_unknown_and_says_why(tmp_path: Path, family: str) -> None:
    workspace = _world(tmp_path, family)
    result = compute_family(workspace, family, AAA.key)
    checks = {check.name: check for check in result.checks}
    assert np.isnan(read_features(workspace.lake, AAA, feature_sets()[family]).values).all()
    assert not checks["complete"].passed and not checks["complete"].blocking
    assert "are known for AAA" in checks["complete"].description
    assert checks["no_leaks"].passed


@pytest.mark.parametrize("family", ["fundamental", "sentiment"])
def test_facts_make_their_family_again_and_its_dataset_is_rebuilt(tmp_path: Path, family: str) -> None:
    workspace = _world(tmp_path, family)
    _compute(workspace, family)
    figures, texts = _own_facts()
    workspace.facts.append_figures(figures, RECEIVED)
    workspace.facts.append_texts(texts, RECEIVED)
    result = compute_family(workspace, family, AAA.key)
    checks = {check.name: check for check in result.checks}
    assert not result.skipped
    assert checks["no_leaks"].passed, checks["no_leaks"].description
    assert not np.isnan(read_features(workspace.lake, AAA, feature_sets()[family]).values[-1]).all()
    made = build_training_dataset(workspace, "mine")
    assert rebuild_dataset(workspace, made.data_version)[0] == made.data_version


def test_the_files_of_a_strategy_are_ingested_once(tmp_path: Path) -> None:
    path = tmp_path / "posts.parquet"
    times = BARS.event_time[100:103].astype("datetime64[us]")
    posts = {"symbol": ["AAA", "AAA", "BBB"], "ts": pa.array(times, pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))}
    pq.write_table(pa.table({**posts, "text": ["great buy", "terrible loss", "other"]}), path)
    workspace = _world(tmp_path, "sentiment")
    section = f'[facts]\nfiles = [{{ format = "posts", path = "{path}", channel = "social" }}]\n'
    (tmp_path / "mine.toml").write_text(STRATEGY.format(family="sentiment") + section)
    workspace = Workspace.open(workspace.settings)
    result = ingest_facts(workspace, AAA.key)
    assert result.metrics["texts"] == 2
    assert {row["channel"] for row in result.tables["texts by channel"]} == {"social"}
    assert ingest_facts(workspace, AAA.key).skipped
    silent = ingest_facts(workspace, "CCC__1d")
    assert not {check.name: check for check in silent.checks}["files_read"].passed

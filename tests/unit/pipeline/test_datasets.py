from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from fakes.actions import actions_of
from fakes.bars import random_walk

from trimtab.config import Settings
from trimtab.datasets.build import build_dataset
from trimtab.datasets.recipe import rules_of, series_of
from trimtab.datasets.snapshot import load_snapshot, read_left_out, save_snapshot
from trimtab.datasets.weights import counted_rows
from trimtab.errors import DatasetError, NotEnoughDataError, NotFoundError
from trimtab.market import Series
from trimtab.pipeline.dataset_comparison import compare_stored
from trimtab.pipeline.datasets import build_training_dataset, rebuild_dataset, recipe_of
from trimtab.pipeline.features import compute_family
from trimtab.pipeline.recipe_features import samples_of_recipe
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


EVERYTHING = """
kind = "triple_barrier"
horizons = [5, 1, 15]
take_profit = 1.5
volatility_window = 10
[dataset]
max_staleness = "3d"
recency_half_life = "26w"
superseded_weight = 0.5
[model]
algorithm = "linear"
"""


@pytest.fixture
def everything(workspace: Workspace) -> Workspace:
    """A strategy that asks for every rule and several horizons of a label whose end varies."""
    path = workspace.settings.strategies_dir / "mine.toml"
    path.write_text(STRATEGY.replace('kind = "direction"\n', EVERYTHING))
    return Workspace.open(workspace.settings)


def test_horizons_barriers_and_every_rule_are_rebuilt_bit_for_bit_after_a_restatement(everything: Workspace) -> None:
    first = build_training_dataset(everything, "mine")
    restate(everything, 250)
    compute_family(everything, "candlesticks", SERIES.key)
    second = build_training_dataset(everything, "mine")
    assert first.data_version != second.data_version
    for made in (first, second):
        assert rebuild_dataset(everything, made.data_version)[0] == made.data_version
    one, other = (load_snapshot(everything.lake, made.data_version)[0] for made in (first, second))
    assert one.horizons == (5, 1, 15) and len(one.by_horizon) == 3
    np.testing.assert_array_equal(other.target, one.target)  # realised before
    assert len(np.unique(one.label_end - one.label_start)) > 3
    np.testing.assert_array_equal(other.weight, one.weight)
    assert one.superseded_at is not None and np.isnat(one.superseded_at).all()
    later = other.superseded_at  # of those that read the bar: after the last label here was known
    assert later is not None and 0 < (later > other.label_end.max()).sum() < len(other)
    np.testing.assert_array_equal(counted_rows(other).weight, counted_rows(one).weight)


def test_an_action_told_after_the_newest_bar_is_part_of_the_dataset_and_of_what_is_rebuilt(
    everything: Workspace,
) -> None:
    before = build_training_dataset(everything, "mine").data_version
    bars = everything.bars.current(SERIES)
    ex_date, told = str(bars.event_time[200])[:10], bars.known_time.max().item().replace(tzinfo=UTC) + timedelta(days=3)
    # What comes in a later file was not known before; the first file is taken as announced in time.
    everything.bars.actions.append(actions_of(("2019-12-02", "split", 2.0)), told - timedelta(days=2), last_seen=None)
    listed = actions_of(("2019-12-02", "split", 2.0), (ex_date, "split", 2.0))
    everything.bars.actions.append(listed, told, last_seen=bars.event_time[-1])
    assert everything.bars.revision_times(SERIES).max() > bars.known_time.max()
    compute_family(everything, "candlesticks", SERIES.key)
    made = build_training_dataset(everything, "mine").data_version
    dataset, recipe = load_snapshot(everything.lake, made)
    assert made != before and recipe["as_of"] == told.replace(tzinfo=None).isoformat(timespec="microseconds")
    rebuilt, again = rebuild_dataset(everything, made)
    assert rebuilt == made
    np.testing.assert_array_equal(again.weight, dataset.weight)
    assert rebuild_dataset(everything, before)[0] == before  # its recipe is as of the newest bar


def test_a_dataset_with_a_history_is_rebuilt_bit_for_bit(everything: Workspace) -> None:
    recipe = recipe_of(everything, everything.strategy("mine")) | {"window": 20}
    parts = [samples_of_recipe(everything, series, recipe) for series in series_of(recipe)]
    dataset = build_dataset(parts, rules_of(recipe), with_history=True)
    assert dataset.windows(20).shape == (len(dataset), 20, len(dataset.feature_names))
    name = save_snapshot(everything.lake, dataset, recipe)
    restate(everything, 250)
    rebuilt, again = rebuild_dataset(everything, name)
    assert rebuilt == name
    np.testing.assert_array_equal(again.windows(20), dataset.windows(20))


@pytest.mark.parametrize(("algorithm", "asks"), [("lstm", True), ("linear", False)])
def test_the_rows_of_every_bar_are_kept_where_the_model_looks_at_windows(
    workspace: Workspace, algorithm: str, asks: bool
) -> None:
    pytest.importorskip("torch")
    path = workspace.settings.strategies_dir / "mine.toml"
    path.write_text(STRATEGY + f'[model]\nalgorithm = "{algorithm}"\n')
    opened = Workspace.open(workspace.settings)
    made = build_training_dataset(opened, "mine")
    dataset, recipe = load_snapshot(opened.lake, made.data_version)
    assert (recipe["window"] > 1) is asks and (dataset.history is not None) is asks
    assert made.metrics.get("history_bars") == (300 if asks else None)
    assert rebuild_dataset(opened, made.data_version)[0] == made.data_version


def test_the_stage_says_which_bars_are_no_samples_and_what_each_horizon_has(everything: Workspace) -> None:
    made = build_training_dataset(everything, "mine")
    shown = {str(row["reason"]): row["bars"] for row in made.tables["bars that are no samples"]}
    assert shown == read_left_out(everything.lake, made.data_version)
    assert sum(int(n or 0) for n in shown.values()) + int(made.metrics["samples"] or 0) == 300
    assert [row["horizon"] for row in made.tables["labels by horizon"]] == [5, 1, 15]
    assert made.metrics["horizons"] == "5, 1, 15"
    assert all(check.passed for check in made.checks if check.name != "features_have_values")


def test_a_comparison_tells_the_restated_bar_and_what_it_moved(workspace: Workspace) -> None:
    first = build_training_dataset(workspace, "mine").data_version
    restate(workspace, 250)
    extra = random_walk(310, seed=1)
    workspace.bars.append(extra.take(slice(300, 310)), RECEIVED.replace(year=2024, month=2))
    compute_family(workspace, "candlesticks", SERIES.key)
    second = build_training_dataset(workspace, "mine").data_version
    found, bars = compare_stored(workspace, first, second)
    (between,) = bars
    assert (between.series, between.n_restated, between.n_new) == ("AAA__1d", 2, 10)  # the step after it changed too
    assert between.first == "2020-09-07T00:00:00Z"
    assert {change.key for change in found.recipe} == {"as_of", "bars.AAA__1d"}
    assert (found.n_only_one, found.n_only_other) == (0, 10)
    assert not found.features and found.targets == {1: 0}  # what was decided and realised stays as it was


def test_a_horizon_longer_than_the_history_is_refused_by_name(workspace: Workspace) -> None:
    path = workspace.settings.strategies_dir / "mine.toml"
    path.write_text(STRATEGY.replace('kind = "direction"', 'kind = "direction"\nhorizons = [1, 280]'))
    with pytest.raises(NotEnoughDataError, match="have a label over 280 bars, at least 100 are needed"):
        build_training_dataset(Workspace.open(workspace.settings), "mine")

"""What has become of the bars a model learnt from: seen once, read again only when bars have come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.registries import make_candidate
from fakes.strategies import write_strategy

from trimtab.bars import Bars
from trimtab.bars.actions.schema import Actions
from trimtab.bars.schema import PRICES
from trimtab.bars.store import BarStore
from trimtab.bars.times import as_datetime
from trimtab.clock import SimulatedClock
from trimtab.config import Settings
from trimtab.datasets.build import build_dataset
from trimtab.datasets.series_samples import SeriesSamples
from trimtab.datasets.snapshot import save_snapshot
from trimtab.datasets.windows import Reach
from trimtab.features.engine import compute
from trimtab.labels.compute import compute_label
from trimtab.pipeline.learnt_data import learnt_data, series_since
from trimtab.pipeline.workspace import Workspace
from trimtab.storage.lake import Lake

LONGER = random_walk(125, seed=9)
BARS = LONGER.take(slice(0, 120))
REACH = Reach(lookback=6, memory=9, horizon=2)
KNOWN = as_datetime(BARS.known_time[-1])
LEARNT = KNOWN + timedelta(hours=1)
SAMPLES = BARS.event_time[REACH.lookback : -REACH.horizon]


@pytest.fixture
def store(lake: Lake) -> BarStore:
    store = BarStore(lake)
    store.append(BARS, KNOWN)
    return store


def changed(bars: Bars, at: Any, **factors: float) -> Bars:
    arrays = {name: getattr(bars, name).copy() for name in factors}
    for name, by in factors.items():
        arrays[name][at] *= by
    return replace(bars, **arrays)


def n_restated(store: BarStore) -> int:
    return series_since(store, BARS.series, SAMPLES, REACH, KNOWN, LEARNT).n_restated


def naive(old: Bars, new: Bars) -> int:
    """Samples whose window says something else: every window cut out, scaled to its last close, and compared."""
    found = 0
    for time in SAMPLES:
        at = int(np.flatnonzero(old.event_time == time)[0])
        read = slice(at - REACH.lookback, at + REACH.horizon + 1)
        cuts = [bars.adjusted().take(read) for bars in (old, new)]
        shapes = [np.stack([getattr(cut, name) for name in PRICES]) / cut.close[-1] for cut in cuts]
        traded = [cut.volume * cut.close for cut in cuts]
        found += not (np.allclose(*shapes, rtol=1e-5, atol=0) and np.allclose(*traded, rtol=1e-5, atol=0))
    return found


@pytest.mark.parametrize("seed", range(12))
def test_the_samples_counted_are_those_a_comparison_of_every_window_finds(store: BarStore, seed: int) -> None:
    rng = np.random.default_rng(seed)
    new = BARS
    for _ in range(int(rng.integers(1, 5))):
        at = int(rng.integers(0, len(BARS)))
        match rng.integers(0, 4):
            case 0:
                new = changed(new, at, close=1.0005, high=1.01)
            case 1:
                new = changed(new, at, volume=1.3)
            case 2:
                new = changed(new, slice(0, at), factor=0.5)
            case 3:
                new = changed(new, slice(None), factor=0.97)
    store.append(new, LEARNT + timedelta(hours=1))
    assert n_restated(store) == naive(BARS, new)


def test_the_newest_difference_gives_the_time_and_noise_does_not(store: BarStore) -> None:
    first, second, third = (LEARNT + timedelta(hours=hours) for hours in (1, 2, 3))
    corrected = changed(BARS, 50, close=1.01, high=1.02)
    store.append(corrected, first)
    once_more = changed(corrected, 70, volume=1.5)
    store.append(once_more, second)
    store.append(changed(once_more, 90, close=1 + 1e-9), third)
    since = series_since(store, BARS.series, SAMPLES, REACH, KNOWN, LEARNT)
    assert (as_datetime(since.restated), since.n_new_bars) == (second, 0)
    untouched = series_since(store, BARS.series, SAMPLES[80:], REACH, KNOWN, LEARNT)
    assert (untouched.n_restated, np.isnat(untouched.restated)) == (0, True)


def test_a_split_told_late_changes_the_windows_that_span_it_only(store: BarStore) -> None:
    split = Actions.build("AAA", BARS.event_time[[60]], np.array(["split"]), np.array([2.0]))
    store.actions.append(split, LEARNT + timedelta(hours=1), last_seen=BARS.event_time[-1])
    since = series_since(store, BARS.series, SAMPLES, REACH, KNOWN, LEARNT)
    assert since.n_restated == REACH.lookback + REACH.horizon
    assert as_datetime(since.restated) == LEARNT + timedelta(hours=1)


def test_a_split_after_the_last_bar_learnt_from_changes_nothing(store: BarStore) -> None:
    store.append(LONGER, LEARNT + timedelta(days=6))
    split = Actions.build("AAA", LONGER.event_time[[122]], np.array(["split"]), np.array([2.0]))
    store.actions.append(split, LEARNT + timedelta(days=6), last_seen=None)
    since = series_since(store, BARS.series, SAMPLES, REACH, KNOWN, LEARNT)
    assert (since.n_restated, since.n_new_bars) == (0, 5)


def test_a_restatement_before_its_bar_was_to_be_known_is_not_overlooked(lake: Lake) -> None:
    """A source with a publication lag: the correction of the newest bar comes before the bar is known."""
    store, lag = BarStore(lake), np.timedelta64(3, "D").astype("timedelta64[us]")
    lagging = replace(BARS, known_time=BARS.known_time + lag)
    store.append(lagging, KNOWN)
    store.append(changed(lagging, -30, volume=2.0), LEARNT + timedelta(hours=1))
    known = as_datetime(lagging.known_time[-1])
    assert series_since(store, BARS.series, SAMPLES, REACH, known, LEARNT).n_restated == 1 + REACH.lookback + 2


def test_a_hole_that_is_filled_counts_and_a_history_loaded_anew_does_not(lake: Lake) -> None:
    store = BarStore(lake)
    store.append(BARS.take(np.arange(120) != 50), KNOWN)
    store.append(BARS, LEARNT + timedelta(hours=1))
    since = series_since(store, BARS.series, SAMPLES[BARS.event_time[50] != SAMPLES], REACH, KNOWN, LEARNT)
    assert (since.n_restated, as_datetime(since.restated)) == (8, LEARNT + timedelta(hours=1))


def test_a_history_loaded_anew_is_no_restatement(lake: Lake) -> None:
    store = BarStore(lake)
    store.append(BARS, LEARNT + timedelta(days=100))
    since = series_since(store, BARS.series, SAMPLES, REACH, KNOWN, LEARNT)
    assert (since.n_restated, since.n_new_bars) == (0, 0)


def learnt_from(tmp_path: Path, **more: Any) -> Workspace:
    """A strategy whose version 1.0.0 learnt from 300 bars; `more` is said in the recipe."""
    universe = {"source": "files", "instruments": ["AAA"], "path": "unused.csv"}
    features = {"sets": [], "names": ["return_5"]}
    label = {"kind": "forward_return", "horizons": [2]}
    folder = write_strategy(tmp_path / "strategies", universe=universe, features=features, label=label)
    bars = random_walk(300)
    now = as_datetime(bars.known_time[-1])
    opened = Workspace.open(Settings(data_dir=tmp_path / "data", strategies_dir=folder), SimulatedClock(now))
    opened.bars.append(bars, now)
    strategy = opened.strategy("tiny")
    labels = compute_label(bars, strategy.label, 2)
    recipe = {
        "as_of": str(bars.known_time.max()),
        "bars": {"AAA__1d": opened.bars.fingerprint(bars.series)},
        "instruments": ["AAA"],
        "timeframe": "1d",
        "features": ["return_5"],
        "label": strategy.label.model_dump(mode="json") | {"code": "1"},
    }
    dataset = build_dataset([SeriesSamples(compute(bars, ["return_5"]), (labels,))])
    name = save_snapshot(opened.lake, dataset, recipe | more)
    opened.registry.register_model(make_candidate("m", "tiny", dataset_fingerprint=name), "tester")
    return opened


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return learnt_from(tmp_path)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch, workspace: Workspace) -> Iterator[list[str]]:
    """The names of the tables that are read."""
    names: list[str] = []
    original = type(workspace.lake.tables).read

    def watched(self: Any, table: str, columns: list[str] | None = None) -> Any:
        names.append(table)
        return original(self, table, columns)

    monkeypatch.setattr(type(workspace.lake.tables), "read", watched)
    yield names


def restate(workspace: Workspace, **factors: float) -> datetime:
    assert isinstance(workspace.lake.clock, SimulatedClock)
    workspace.lake.clock.advance(timedelta(hours=1))
    now = workspace.lake.clock.now()
    workspace.bars.append(changed(random_walk(300), 150, **factors), now)
    return now


def test_a_model_of_windows_learnt_from_a_restated_bar_through_the_earlier_rows_too(tmp_path: Path) -> None:
    workspace = learnt_from(tmp_path, window=20)
    restate(workspace, volume=2.0)
    found = learnt_data(workspace, "tiny")
    assert found is not None and found.restated_share == (8 + 19) / 293


def test_bars_are_read_again_only_when_some_have_come(workspace: Workspace, reads: list[str]) -> None:
    first = learnt_data(workspace, "tiny")
    assert first is not None
    assert (first.version, first.restated_share, first.restated, first.n_new_bars) == ("1.0.0", 0.0, None, 0)
    reads.clear()
    assert learnt_data(workspace, "tiny") == first
    assert reads == []
    received = restate(workspace, volume=2.0)
    second = learnt_data(workspace, "tiny")
    assert second is not None
    assert (second.restated, second.n_samples) == (received, 293)
    assert second.restated_share == 8 / 293
    assert (
        second.waits_for == "the technical features of AAA__1d are older than its bars; the next refresh computes them"
    )
    reads.clear()
    assert learnt_data(workspace, "tiny") == second
    assert reads == []


def test_new_bars_wait_for_their_features_only_where_the_strategy_asks_for_them(workspace: Workspace) -> None:
    workspace.bars.append(random_walk(304).take(slice(300, None)), workspace.lake.clock.now())
    data = learnt_data(workspace, "tiny")
    assert data is not None
    assert (data.n_new_bars, data.waits_for) == (4, None)
    for wanted, waits in ((5, False), (4, True)):
        retraining = workspace.strategy("tiny").retraining.model_copy(update={"on_new_bars": wanted})
        strategy = workspace.strategy("tiny").model_copy(update={"retraining": retraining})
        data = learnt_data(replace(workspace, strategies={"tiny": strategy}), "tiny")
        assert data is not None
        assert (data.waits_for is not None) == waits


def test_without_a_version_or_its_dataset_nothing_is_said(workspace: Workspace) -> None:
    model = workspace.registry.latest_model("tiny")
    assert model is not None
    assert learnt_data(workspace, "unheard") is None
    folder = workspace.lake.root / "datasets" / model.dataset_fingerprint
    (folder / "samples.parquet").write_bytes(b"torn")
    restate(workspace, volume=2.0)
    assert learnt_data(workspace, "tiny") is None
    (folder / "recipe.json").unlink()
    assert learnt_data(workspace, "tiny") is None

"""New rows behind stored features: those of a whole computation, at the cost of the new bars alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.surroundings import figures_between, texts_between

from trimtab.bars import Bars
from trimtab.bars.actions.schema import Actions
from trimtab.config import Settings
from trimtab.errors import DatasetError, FeatureError, NotFoundError, UnknownNameError
from trimtab.features import incremental
from trimtab.features.catalogue import feature_sets
from trimtab.features.engine import FeatureBlock
from trimtab.features.store import latest_row, lineage, read_features
from trimtab.features.warmup import differences, median_size
from trimtab.market import Series
from trimtab.pipeline import feature_update
from trimtab.pipeline.datasets import build_training_dataset
from trimtab.pipeline.feature_update import FeatureUpdate, update_features
from trimtab.pipeline.features import compute_family
from trimtab.pipeline.workspace import Workspace

STRATEGY = """
name = "mine"
[universe]
instruments = ["AAA", "BBB", "CCC"]
[features]
sets = ["{family}"]
[label]
kind = "direction"
"""
AAA, BBB = Series.parse("AAA__1d"), Series.parse("BBB__1d")
N, LONGER = 420, 425
RECEIVED, LATER = datetime(2023, 1, 2, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)
WALKS = {name: random_walk(LONGER, seed=seed, instrument=name) for seed, name in enumerate(("AAA", "BBB", "CCC"), 1)}


def _world(folder: Path, family: str = "candlesticks", without: tuple[str, int] = ("", 0)) -> Workspace:
    """420 bars of each instrument, one of them without one."""
    (folder / "mine.toml").write_text(STRATEGY.format(family=family))
    opened = Workspace.open(Settings(data_dir=folder / "data", strategies_dir=folder))
    for name, walk in WALKS.items():
        left_out = without[1] if name == without[0] else N
        opened.bars.append(walk.take(np.flatnonzero(np.arange(N) != left_out)), RECEIVED)
    return opened


def _new_bars(workspace: Workspace, start: int = N, end: int = LONGER) -> None:
    for walk in WALKS.values():
        workspace.bars.append(walk.take(slice(start, end)), LATER)


def _raised(bars: Bars, at: int, by: float = 1.03) -> Bars:
    """One bar of another close."""
    one = bars.take(slice(at, at + 1))
    close = one.close * by
    return replace(one, close=close, high=np.maximum(one.high, close), low=np.minimum(one.low, close))


def _stored(workspace: Workspace, family: str) -> FeatureBlock:
    return read_features(workspace.lake, AAA, feature_sets()[family])


def _assert_close(one: FeatureBlock, other: FeatureBlock) -> None:
    assert np.array_equal(one.event_time, other.event_time)
    assert np.array_equal(one.known_time, other.known_time)
    for name in one.names:
        away = differences(one.column(name), other.column(name), median_size(other.column(name)))
        assert away.max() <= 1e-9, name


@pytest.mark.parametrize("family", list(feature_update.STAGES))
def test_appended_rows_are_those_of_a_whole_computation(tmp_path: Path, family: str) -> None:
    workspace = _world(tmp_path, family)
    first, last = WALKS["AAA"].event_time[0], WALKS["AAA"].event_time[-1]
    figures = figures_between(first - np.timedelta64(700, "D"), last)
    workspace.facts.append_figures(replace(figures, instrument_id="AAA"), RECEIVED)
    workspace.facts.append_texts(replace(texts_between(first, last), instrument_id="AAA"), RECEIVED)
    compute_family(workspace, family, AAA.key)
    before = _stored(workspace, family)
    _new_bars(workspace)
    (found,) = update_features(workspace, AAA.key, [family])
    appended = _stored(workspace, family)
    assert (found.rows, found.last_event_time.isoformat()) == (LONGER - N, "2021-02-28T00:00:00+00:00")
    assert appended.values[:N].tobytes() == before.values.tobytes()
    assert not np.isnan(appended.values[N:]).all()
    assert not compute_family(workspace, family, AAA.key).skipped  # the stage computes all of it again
    assert lineage(workspace.lake, AAA, family).n_files == 1
    _assert_close(appended, _stored(workspace, family))


def test_an_update_computes_no_more_than_the_memory_of_the_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = _world(tmp_path)
    compute_family(workspace, "candlesticks", AAA.key)
    _new_bars(workspace, end=N + 1)
    seen, fill = [], incremental.fill

    def watched(values: np.ndarray, columns: tuple[int, ...], bars: Bars, *rest: Any) -> None:
        seen.append(len(bars))
        fill(values, columns, bars, *rest)

    monkeypatch.setattr(incremental, "fill", watched)
    update_features(workspace, AAA.key)
    assert 0 < max(seen) < N // 2


def test_every_stored_family_is_updated_and_the_newest_row_is_fresh(tmp_path: Path) -> None:
    workspace = _world(tmp_path)
    for family in ("candlesticks", "peers"):
        compute_family(workspace, family, AAA.key)
    for end in (N + 1, N + 3):
        _new_bars(workspace, end - 1, end)
        _new_bars(workspace, N, end)
        found = update_features(workspace, AAA.key)
        newest = WALKS["AAA"].event_time[end - 1].item().replace(tzinfo=UTC)
        rows = 1 if end == N + 1 else 2
        assert found == tuple(FeatureUpdate(AAA, family, rows, newest) for family in ("candlesticks", "peers"))
        assert latest_row(workspace.lake, AAA, ["peer_return_5", "doji"]).event_time == newest
    assert [each.rows for each in update_features(workspace, AAA.key)] == [0, 0]
    assert lineage(workspace.lake, AAA, "peers").facts["peer BBB__1d"] == workspace.bars.fingerprint(BBB)


@pytest.mark.parametrize("whose", ["AAA", "BBB"])
def test_a_new_bar_that_was_restated_reaches_only_rows_decided_after_that(tmp_path: Path, whose: str) -> None:
    workspace = _world(tmp_path, "peers")
    for family in ("technical", "peers"):
        compute_family(workspace, family, AAA.key)
    _new_bars(workspace, end=N + 2)
    workspace.bars.append(_raised(WALKS[whose], N), LATER)
    last = {name: walk.take(slice(N + 2, N + 4)) for name, walk in WALKS.items()}
    for bars in last.values():  # decided after the restatement
        workspace.bars.append(replace(bars, known_time=bars.known_time + np.timedelta64(3650, "D")), LATER)
    update_features(workspace, AAA.key)
    for family in ("technical", "peers"):
        appended = _stored(workspace, family)
        assert len(appended) == N + 4
        compute_family(workspace, family, AAA.key)
        _assert_close(appended, _stored(workspace, family))


@pytest.mark.parametrize("whose", ["AAA", "BBB"])
@pytest.mark.parametrize("what", ["restated", "late"])
def test_rows_that_would_be_others_now_refuse_the_update(tmp_path: Path, whose: str, what: str) -> None:
    walk = WALKS[whose]
    workspace = _world(tmp_path, "peers", (whose, 300) if what == "late" else ("", 0))
    compute_family(workspace, "peers", AAA.key)
    _new_bars(workspace)
    workspace.bars.append(walk.take(slice(300, 301)) if what == "late" else _raised(walk, 300), LATER)
    before = _stored(workspace, "peers")
    sentence = rf"bars of {whose}__1d up to 2021-02-2\d.* were restated or came late.*\(stage peer_features\)"
    with pytest.raises(FeatureError, match=sentence):
        update_features(workspace, AAA.key)
    assert _stored(workspace, "peers").values.tobytes() == before.values.tobytes()
    compute_family(workspace, "peers", AAA.key)
    assert [each.rows for each in update_features(workspace, AAA.key)] == [0]


def test_a_peer_may_have_been_ahead_when_the_table_was_computed(tmp_path: Path) -> None:
    workspace = _world(tmp_path, "peers")
    workspace.bars.append(WALKS["BBB"].take(slice(N, N + 2)), RECEIVED)
    compute_family(workspace, "peers", AAA.key)
    _new_bars(workspace)
    assert [each.rows for each in update_features(workspace, AAA.key)] == [LONGER - N]


def test_an_action_of_the_new_bars_refuses_nothing_and_one_of_the_past_does(tmp_path: Path) -> None:
    workspace = _world(tmp_path, "technical")
    compute_family(workspace, "technical", AAA.key)
    times = WALKS["AAA"].event_time
    _new_bars(workspace)
    actions = Actions.build("AAA", times[[N + 1]], np.array(["split"]), np.array([2.0]))
    workspace.bars.actions.append(actions, LATER, last_seen=None)
    update_features(workspace, AAA.key)
    appended = _stored(workspace, "technical")
    compute_family(workspace, "technical", AAA.key)
    _assert_close(appended, _stored(workspace, "technical"))
    late = Actions.build("AAA", times[[200]], np.array(["dividend"]), np.array([1.0]))
    workspace.bars.actions.append(late, LATER.replace(year=2025), last_seen=None)
    with pytest.raises(FeatureError, match="were restated or came late"):
        update_features(workspace, AAA.key)


def test_a_table_of_other_code_or_other_peers_refuses_the_update(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = _world(tmp_path, "peers")
    for family in ("candlesticks", "peers"):
        compute_family(workspace, family, AAA.key)
    _new_bars(workspace)
    (tmp_path / "mine.toml").write_text(STRATEGY.format(family="peers").replace(', "CCC"', ""))
    with pytest.raises(FeatureError, match=r"beside other peers than the strategy files name.*stage peer_features"):
        update_features(Workspace.open(workspace.settings), AAA.key)
    # Nothing of the other family was appended either.
    assert len(_stored(workspace, "candlesticks")) == N
    monkeypatch.setattr(feature_update, "identities", lambda names: dict.fromkeys(names, "v9-000000000000"))
    with pytest.raises(FeatureError, match=r"candlesticks features of AAA__1d were computed by other code.*\(stage"):
        update_features(workspace, AAA.key, ["candlesticks"])


def test_what_has_no_table_is_refused_by_its_name(tmp_path: Path) -> None:
    workspace = _world(tmp_path)
    with pytest.raises(NotFoundError, match="AAA__1d has no stored features to append to"):
        update_features(workspace, AAA.key)
    compute_family(workspace, "candlesticks", AAA.key)
    with pytest.raises(NotFoundError, match="no technical features to append to; run the stage technical_features"):
        update_features(workspace, AAA.key, ["technical"])
    with pytest.raises(UnknownNameError, match="unknown feature family 'tecnical'"):
        update_features(workspace, AAA.key, ["tecnical"])


def test_a_dataset_refuses_tables_that_are_ahead_of_their_stage(tmp_path: Path) -> None:
    workspace = _world(tmp_path)
    for key in workspace.series:
        compute_family(workspace, "candlesticks", key)
    build_training_dataset(workspace, "mine")
    _new_bars(workspace)
    for key in workspace.series:
        update_features(workspace, key)
    with pytest.raises(DatasetError, match=r"computed from other bars than are stored now.*stage candlestick_features"):
        build_training_dataset(workspace, "mine")
    for key in workspace.series:
        assert not compute_family(workspace, "candlesticks", key).skipped
    assert not build_training_dataset(workspace, "mine").skipped


@pytest.mark.parametrize("family", ["fundamental", "sentiment"])
def test_facts_that_stored_rows_should_have_seen_refuse_an_update(tmp_path: Path, family: str) -> None:
    workspace = _world(tmp_path, family)
    first, last = WALKS["AAA"].event_time[0] - np.timedelta64(760, "D"), WALKS["AAA"].event_time[N]
    figures = replace(figures_between(first, last), instrument_id="AAA")
    texts = replace(texts_between(WALKS["AAA"].event_time[0], last), instrument_id="AAA")
    half, rest = np.arange(len(figures)) % 2 == 0, np.arange(len(figures)) % 2 == 1
    workspace.facts.append_figures(figures.take(half), RECEIVED)
    workspace.facts.append_texts(texts.take(slice(0, 700)), RECEIVED)
    compute_family(workspace, family, AAA.key)
    workspace.facts.append_figures(figures.take(rest), LATER)
    workspace.facts.append_texts(texts.take(slice(700, None)), LATER)
    _new_bars(workspace)
    with pytest.raises(FeatureError, match="facts about AAA that were known by"):
        update_features(workspace, AAA.key)

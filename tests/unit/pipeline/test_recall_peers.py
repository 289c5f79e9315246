"""A bad bar reaches the rows and samples of the instruments it is a peer of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from fakes.bars import random_walk
from fakes.registries import make_candidate

from trimtab.bars import Bars
from trimtab.bars.times import as_datetime
from trimtab.config import Settings
from trimtab.datasets import Dataset
from trimtab.datasets.snapshot import load_snapshot
from trimtab.features.catalogue import catalogue
from trimtab.pipeline.datasets import build_training_dataset
from trimtab.pipeline.features import compute_family
from trimtab.pipeline.recall import RecallReport, recall
from trimtab.pipeline.recall.report import TouchedTable
from trimtab.pipeline.walk_forward import WALK_FORWARD
from trimtab.pipeline.walk_forward_forecasts import forecast_table
from trimtab.pipeline.workspace import Workspace

STRATEGY = """
name = "{name}"
[universe]
instruments = {instruments}
[features]
sets = []
names = ["{feature}"]
[label]
kind = "forward_return"
horizons = [3]
"""
N, AT, LOOKBACK, HORIZON = 420, 300, 5, 3
RECEIVED, LATER = datetime(2023, 1, 2, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)
WALKS = {
    name: random_walk(N, seed=seed, instrument=name) for seed, name in enumerate(("AAA", "BBB", "CCC", "DDD"), start=1)
}
OWN = LOOKBACK + 1 + HORIZON  # samples of an instrument that one of its own bars reaches
BESIDE = LOOKBACK + 1  # samples of another one that read it as a bar of a peer


def _strategies(folder: Path, feature: str = "peer_return_5", **universes: list[str]) -> Workspace:
    for name, instruments in (universes or {"mine": ["AAA", "BBB", "CCC"]}).items():
        chosen = feature if name == "mine" else "return_5"
        (folder / f"{name}.toml").write_text(
            STRATEGY.format(name=name, instruments=instruments, feature=chosen).replace("'", '"')
        )
    return Workspace.open(Settings(data_dir=folder / "data", strategies_dir=folder))


def _fill(workspace: Workspace, walks: dict[str, Bars] = WALKS, family: str = "peers") -> str:
    """Store the bars and make the dataset of the strategy; returns its fingerprint."""
    for series in workspace.series.values():
        workspace.bars.append(walks[series.instrument_id], RECEIVED)
    return _build(workspace, family)


def _build(workspace: Workspace, family: str = "peers") -> str:
    for key in workspace.series:
        compute_family(workspace, family, key)
    return build_training_dataset(workspace, "mine").data_version


def _restated(bars: Bars, at: int = AT, by: float = 1.03) -> Bars:
    close = bars.close.copy()
    close[at] *= by
    return replace(bars, close=close, high=np.maximum(bars.high, close), low=np.minimum(bars.low, close))


def _asked(workspace: Workspace, instrument: str = "BBB", at: int = AT) -> RecallReport:
    moment = as_datetime(WALKS["BBB"].event_time[at])
    return recall(workspace, instrument, moment, moment)


def _different(one: Dataset, other: Dataset, instrument: str) -> tuple[int, int]:
    """The first and the last bar of an instrument whose sample has other features or another target."""
    differ = (one.features != other.features).any(axis=1) | (one.target != other.target)
    times = one.event_time[differ & (one.instrument == one.instruments.index(instrument))]
    first, last = np.searchsorted(WALKS[instrument].event_time, [times.min(), times.max()]).tolist()
    return first, last


def test_samples_touched_through_peers_are_those_that_another_bar_would_make_otherwise(tmp_path: Path) -> None:
    made = []
    for name, walks in (("as it was", WALKS), ("otherwise", WALKS | {"BBB": _restated(WALKS["BBB"])})):
        (tmp_path / name).mkdir()
        workspace = _strategies(tmp_path / name)
        made.append(load_snapshot(workspace.lake, _fill(workspace, walks))[0])
    # What is counted below is what truly reads the bar. Through this feature BBB does not read itself, which is
    # not told apart: its samples are counted as far as any of their features looks back.
    assert _different(*made, "BBB") == (AT - HORIZON, AT)
    assert _different(*made, "AAA") == _different(*made, "CCC") == (AT, AT + LOOKBACK)
    (dataset,) = _asked(workspace).datasets
    assert (dataset.n_through_peers, dataset.n_touched) == (2 * BESIDE, OWN + 2 * BESIDE)
    assert dataset.n_within_lookback == dataset.n_touched
    assert (dataset.built_before, dataset.n_superseded) == (False, 0)
    assert "12 samples of other instruments read them as bars of a peer." in _asked(workspace).sentences


def test_the_rows_of_the_peers_tables_of_others_are_listed(tmp_path: Path) -> None:
    workspace = _strategies(tmp_path)
    _fill(workspace)
    memory = max(each.warmup for each in catalogue().values() if each.family == "peers")
    n_touched = min(memory + 1, N - AT)
    expected = [TouchedTable("features", f"features/peers/{name}__1d", N, n_touched, False) for name in ("AAA", "CCC")]
    found = [table for table in _asked(workspace).tables if "BBB" not in table.name]
    assert found == expected
    assert [table.name for table in _asked(workspace, at=N - 1).tables if table.n_touched == 1] == [
        f"features/peers/{name}__1d" for name in ("BBB", "AAA", "CCC")
    ]
    workspace.bars.append(_restated(WALKS["BBB"]), LATER)
    assert [table.built_before for table in _asked(workspace).tables] == [True, True, True]
    compute_family(workspace, "peers", "AAA__1d")
    before = {table.name: table.built_before for table in _asked(workspace).tables}
    assert (before["features/peers/AAA__1d"], before["features/peers/CCC__1d"]) == (False, True)


def test_an_instrument_that_nobody_reads_as_a_peer_touches_its_own_rows_only(tmp_path: Path) -> None:
    workspace = _strategies(tmp_path, feature="return_5")
    _fill(workspace, family="technical")
    report = _asked(workspace)
    assert [table.name for table in report.tables] == ["features/technical/BBB__1d"]
    assert (report.datasets[0].n_touched, report.datasets[0].n_through_peers) == (OWN, 0)
    assert not any("peer" in sentence for sentence in report.sentences)


def test_a_bar_that_no_row_of_another_instrument_stands_beside_is_read_by_none(tmp_path: Path) -> None:
    workspace = _strategies(tmp_path)
    _fill(workspace, WALKS | {"AAA": WALKS["AAA"].take(np.arange(N) != AT)})
    report = _asked(workspace)
    assert report.datasets[0].n_through_peers == BESIDE  # CCC alone
    assert [table.name for table in report.tables] == [f"features/peers/{name}__1d" for name in ("BBB", "CCC")]


@pytest.mark.parametrize("whole", [True, False])
def test_a_peer_of_another_strategy_is_followed_into_a_dataset_without_its_bars(tmp_path: Path, whole: bool) -> None:
    workspace = _strategies(tmp_path, mine=["AAA", "BBB"], other=["AAA", "DDD"] if whole else ["CCC", "DDD"])
    name = _fill(workspace)
    report = _asked(workspace, "DDD")
    found = [(each.fingerprint, each.series, each.n_touched, each.n_through_peers) for each in report.datasets]
    assert found == ([(name, "DDD__1d", BESIDE, BESIDE)] if whole else [])


def test_a_dataset_without_the_bars_of_a_peer_is_told_by_them_what_it_saw(tmp_path: Path) -> None:
    workspace = _strategies(tmp_path, mine=["AAA", "BBB"], other=["AAA", "DDD"])
    old = _fill(workspace)
    workspace.bars.append(_restated(WALKS["DDD"]), LATER)
    new = _build(workspace)  # none of its own bars is as new as the restatement
    before = {dataset.fingerprint: dataset.built_before for dataset in _asked(workspace, "DDD").datasets}
    assert before == {old: True, new: False}


def test_a_dataset_built_before_a_restatement_of_a_peer_is_told_from_one_built_after(tmp_path: Path) -> None:
    workspace = _strategies(tmp_path)
    old = _fill(workspace)
    workspace.registry.register_model(make_candidate("m", dataset_fingerprint=old), "tester")
    workspace.bars.append(_restated(WALKS["BBB"]), LATER)
    new = _build(workspace)
    found = {dataset.fingerprint: dataset for dataset in _asked(workspace).datasets}
    assert {name: each.built_before for name, each in found.items()} == {old: True, new: False}
    # What was decided and realised before the restatement keeps what was known then, in both.
    assert [found[name].n_superseded for name in (old, new)] == [OWN + 2 * BESIDE] * 2
    assert [model.built_before for model in _asked(workspace).models] == [True]


def test_forecasts_of_other_instruments_that_read_the_bars_are_counted(tmp_path: Path) -> None:
    workspace = _strategies(tmp_path)
    fingerprint = _fill(workspace)
    times = WALKS["AAA"].event_time
    columns = {"instrument_id": np.repeat(list("ABC"), N).tolist(), "event_time": np.tile(times, 3)}
    columns["instrument_id"] = [name * 3 for name in columns["instrument_id"]]
    workspace.lake.tables.write(forecast_table("mine"), pa.table(columns))
    workspace.manifests.record(WALK_FORWARD, "mine", {}, "0", {"values": {"dataset": fingerprint, "recipe": "r"}})
    (table,) = (table for table in _asked(workspace).tables if table.kind == "forecasts")
    assert (table.n_rows, table.n_touched) == (3 * N, OWN + 2 * BESIDE)

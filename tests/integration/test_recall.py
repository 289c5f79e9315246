"""From a restated bar to what was built on it, and to the one retrain that answers it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from fakes.strategies import NAME, open_world, run_market_data, run_strategy, write_bars, write_strategy

from trimtab.clock import SimulatedClock
from trimtab.datasets.snapshot import load_snapshot
from trimtab.market import Series, Timeframe
from trimtab.pipeline import renewal
from trimtab.pipeline.bars import ingest_bars
from trimtab.pipeline.recall import RecallReport, recall
from trimtab.pipeline.workspace import Workspace

pytestmark = pytest.mark.slow

SERIES = Series("SIMREGIME", Timeframe.DAY)
N_BARS, N_LATER = 400, 5
RESTATED = 200
HORIZON = 2
LOOKBACK = 14  # the longest of what the strategy reads
CHANGES: dict[str, Any] = {
    "features": {"sets": [], "names": ["return_5", "rsi_14", "body_ratio"]},
    "label": {"kind": "direction", "horizons": [HORIZON]},
    "model": {"algorithm": "lightgbm", "members": {}},
    "tuning": {"n_trials": 1},
}


@dataclass
class World:
    """One strategy on one simulated instrument, and the file its bars come from."""

    path: Path
    strategies: Path
    clock: SimulatedClock
    workspace: Workspace

    def rewrite(self, row: int | slice, **columns: float) -> None:
        """The source says something else now: columns multiplied at some rows."""
        table = pq.read_table(self.path)
        chosen = np.zeros(table.num_rows, bool)
        chosen[row] = True
        for name, by in columns.items():
            old = table[name] if name in table.column_names else pa.array(np.ones(table.num_rows))
            new = pc.if_else(pa.array(chosen), pc.multiply(old, by), old)
            table = table.drop_columns(name) if name in table.column_names else table
            table = table.append_column(name, new)
        pq.write_table(table, self.path)
        self.clock.advance(timedelta(hours=1))

    def open_of(self, row: int) -> datetime:
        opened: datetime = pq.read_table(self.path)["event_time"][row].as_py()
        return opened.astimezone(UTC)

    def recall(self, first: int, last: int) -> RecallReport:
        return recall(self.workspace, "SIMREGIME", self.open_of(first), self.open_of(last))

    def asked(self) -> list[str]:
        """The triggers of what the plan would start now."""
        return [request.trigger for request in renewal.plan(self.workspace).requests]

    def put_off(self) -> list[str]:
        return [skipped.reason for skipped in renewal.plan(self.workspace).skipped]


def opened_world(folder: Path, path: Path) -> World:
    """The strategy on a bar file, with the lake of a folder, an hour after the file's last bar closed."""
    universe = {"path": str(path), "instruments": ["SIMREGIME"]}
    strategies = write_strategy(folder / "strategies", universe=universe, **CHANGES)
    closed: datetime = pq.read_table(path)["event_time"][-1].as_py() + timedelta(days=1)
    clock = SimulatedClock(closed.astimezone(UTC) + timedelta(hours=1))
    return World(path, strategies, clock, open_world(folder / "lake", strategies, clock))


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """From bars to decision, once; to be copied, never written to."""
    folder = tmp_path_factory.mktemp("first")
    ran = opened_world(folder, write_bars(folder, N_BARS, ["SIMREGIME"]))
    run_market_data(ran.workspace)
    run_strategy(ran.workspace)
    return folder


@pytest.fixture
def world(first_run: Path, tmp_path: Path) -> World:
    """After a first run."""
    folder = tmp_path / "world"
    shutil.copytree(first_run, folder)
    return opened_world(folder, folder / "bars.parquet")


def kinds(report: RecallReport) -> list[str]:
    return sorted({each.kind for each in report.reports})


def before(found: Sequence[Any]) -> list[bool]:
    return [each.built_before for each in found]


def test_a_restated_bar_leads_to_everything_built_on_it_and_to_one_retrain(world: World) -> None:
    workspace, registry = world.workspace, world.workspace.registry
    (model,) = registry.list_models(NAME)
    clean = world.recall(RESTATED, RESTATED)
    assert (clean.n_bars, clean.changes, before(clean.datasets)) == (1, (), [False])
    assert world.asked() == []

    world.rewrite(RESTATED, volume=1.5, low=0.97, close=0.98)
    ingest_bars(workspace, SERIES.key)
    assert world.asked() == []
    assert "are older than its bars; the next refresh computes them" in world.put_off()[0]
    run_market_data(workspace)

    found = world.recall(RESTATED, RESTATED)
    (change,), (dataset,), (touched,) = found.changes, found.datasets, found.models
    assert (change.changed, change.known_time) == (("low", "close", "volume"), world.clock.now())
    assert (dataset.fingerprint, dataset.strategies) == (model.dataset_fingerprint, (NAME,))
    assert dataset.n_within_lookback == dataset.n_superseded == LOOKBACK + 1 + HORIZON
    assert dataset.n_touched > dataset.n_within_lookback  # the memory of rsi_14 is longer than its look-back
    assert (touched.version, touched.dataset, touched.built_before) == ("1.0.0", dataset.fingerprint, True)
    assert kinds(found) == [
        "backtest_report", "deployment_decision", "drift_snapshot", "honesty_report", "leak_certificate",
        "model_certificate", "robustness_report", "tuning_study", "walk_forward_report",
    ]  # fmt: skip
    assert all(before([*found.datasets, *found.reports]))

    (request,) = renewal.plan(workspace).requests
    assert (request.trigger, request.attempt) == ("restated", 1)
    share = (LOOKBACK + 1 + HORIZON) / dataset.n_samples
    assert request.reason.startswith(f"{share:.1%} of the {dataset.n_samples} samples of version 1.0.0 read bars")
    renewal.record_requested(workspace, request)
    renewal.mark_started(workspace, request.run_key, "run")
    assert world.asked() == []

    run_strategy(workspace)
    renewal.mark_succeeded(workspace, request.run_key)
    world.clock.advance(timedelta(days=30))
    assert (world.asked(), world.put_off()) == ([], [])

    renewed, _ = registry.list_models(NAME)
    later = world.recall(RESTATED, RESTATED)
    by_fingerprint = {each.fingerprint: each for each in later.datasets}
    assert len(by_fingerprint) == 2
    assert by_fingerprint[dataset.fingerprint].built_before
    after = by_fingerprint[renewed.dataset_fingerprint]
    assert not after.built_before
    assert {each.version: each.built_before for each in later.models} == {"1.0.0": True, renewed.version: False}
    # Built after, and yet its samples are what could be known when they were decided.
    assert after.n_superseded == dataset.n_superseded
    old, new = (load_snapshot(workspace.lake, name)[0] for name in (dataset.fingerprint, after.fingerprint))
    assert old.features.tobytes() == new.features.tobytes()
    assert later.sentences[-1].startswith(f"1 dataset built since holds {after.n_superseded} samples with the values")

    world.rewrite(RESTATED, close=1.001)
    run_market_data(workspace)
    (again,) = renewal.plan(workspace).requests
    assert again.trigger == "restated"
    assert again.cause != request.cause


def test_what_no_sample_read_and_a_new_vintage_ask_for_nothing(world: World) -> None:
    workspace = world.workspace
    write_bars(world.path.parent, N_BARS + N_LATER, ["SIMREGIME"])
    world.clock.advance(timedelta(days=14))
    run_market_data(workspace)
    world.rewrite(N_BARS + 1, low=0.97, close=0.98)
    run_market_data(workspace)
    outside = world.recall(N_BARS + 1, N_BARS + 1)
    assert (len(outside.changes), outside.datasets, outside.models) == (1, (), ())
    assert (world.asked(), world.put_off()) == ([], [])

    world.rewrite(slice(0, N_BARS), factor=0.98)  # a dividend was paid after the dataset was built
    bars = run_market_data(workspace)[f"bars/{SERIES.key}"]
    assert bars.metrics["restated"] == N_BARS
    assert (world.asked(), world.put_off()) == ([], [])
    vintage = world.recall(RESTATED, RESTATED)
    assert vintage.changes[0].is_only_factor
    assert (vintage.datasets[0].built_before, vintage.datasets[0].n_superseded) == (True, 0)


def test_a_hole_that_is_filled_later_is_a_change_too(tmp_path: Path) -> None:
    path = write_bars(tmp_path, N_BARS, ["SIMREGIME"])
    table = pq.read_table(path)
    pq.write_table(pa.concat_tables([table.slice(0, RESTATED), table.slice(RESTATED + 1)]), path)
    holed = opened_world(tmp_path, path)
    run_market_data(holed.workspace)
    run_strategy(holed.workspace)
    pq.write_table(table, path)
    holed.clock.advance(timedelta(hours=1))
    run_market_data(holed.workspace)
    found = holed.recall(RESTATED, RESTATED)
    assert [change.changed for change in found.changes] == [("late",)]
    assert found.datasets[0].built_before
    assert holed.asked() == ["restated"]
    run_strategy(holed.workspace)
    assert (holed.asked(), before(holed.recall(RESTATED, RESTATED).models)) == ([], [False, True])


def test_enough_new_bars_ask_for_a_retrain_where_the_strategy_says_so(world: World) -> None:
    universe = {"path": str(world.path), "instruments": ["SIMREGIME"]}
    for wanted, asked in ((0, []), (N_LATER + 1, []), (N_LATER, ["new_data"])):
        write_strategy(world.strategies, universe=universe, **CHANGES, retraining={"on_new_bars": wanted})
        world.workspace = open_world(world.workspace.lake.root, world.strategies, world.clock)
        if not wanted:
            write_bars(world.path.parent, N_BARS + N_LATER, ["SIMREGIME"])
            world.clock.advance(timedelta(days=14))
            run_market_data(world.workspace)
        assert world.asked() == asked
    (request,) = renewal.plan(world.workspace).requests
    assert request.reason == f"5 bars have come since version 1.0.0 learnt; {N_LATER} ask for a retrain"
    run_strategy(world.workspace)
    assert world.asked() == []


def test_the_command_prints_tables_a_document_and_sentences(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from trimtab.cli.bars.recall import recall as command

    world.rewrite(RESTATED, low=0.97, close=0.98)
    run_market_data(world.workspace)
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(world.workspace.lake.root))
    monkeypatch.setenv("TRIMTAB_STRATEGIES_DIR", str(world.strategies))
    day = f"{world.open_of(RESTATED):%Y-%m-%d}"
    arguments: dict[str, Any] = {"instrument": "SIMREGIME", "timeframe": "1d", "start": day, "end": day}
    command(**arguments, as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert document["datasets"][0]["built_before"] is True
    assert 0 < document["datasets"][0]["share"] <= 1
    command(**arguments, as_json=False)
    shown = capsys.readouterr().out
    assert "Changes of these bars" in shown
    assert f"Built before the latest change, of {document['changes'][0]['known_time'][:10]}" in shown
    assert "1 dataset and 1 model version." in shown

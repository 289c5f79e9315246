"""A bar that its source restates later reaches only what is decided after that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from fakes.strategies import NAME, open_world, run_market_data, write_bars, write_strategy

from trimtab.clock import SimulatedClock
from trimtab.datasets import Dataset
from trimtab.datasets.snapshot import load_snapshot
from trimtab.features.engine import FeatureBlock, compute
from trimtab.market import Series, Timeframe
from trimtab.pipeline.datasets import build_training_dataset, feature_block
from trimtab.pipeline.workspace import Workspace

pytestmark = pytest.mark.slow

SERIES = Series("SIMREGIME", Timeframe.DAY)
N_BARS, N_LATER = 400, 5
RESTATED = N_BARS - 3  # near the end, so that every feature of the later bars looks back on it


def close_of_bar(path: Path, row: int) -> datetime:
    opened: datetime = pq.read_table(path)["event_time"][row].as_py()
    return opened.astimezone(UTC) + timedelta(days=1)


def restate(path: Path) -> None:
    """The source says now that one bar closed at its low and traded half as much again."""
    table = pq.read_table(path)
    chosen = pa.array(np.arange(table.num_rows) == RESTATED)
    volume = pc.if_else(chosen, pc.multiply(table["volume"], 1.5), table["volume"])
    close = pc.if_else(chosen, table["low"], table["close"])
    for name, column in (("volume", volume), ("close", close)):
        table = table.set_column(table.column_names.index(name), name, column)
    pq.write_table(table, path)


def features(workspace: Workspace) -> FeatureBlock:
    return feature_block(workspace, workspace.strategy(NAME), SERIES)


def samples(dataset: Dataset) -> dict[str, bytes]:
    """Everything about the samples, content by name."""
    names = ("event_time", "decision_time", "features", "target", "baseline", "label_start", "label_end", "weight")
    return {name: getattr(dataset, name).tobytes() for name in names}


def test_a_restated_bar_changes_no_row_that_was_decided_before(tmp_path: Path) -> None:
    path = write_bars(tmp_path, N_BARS, ["SIMREGIME"])
    universe = {"path": str(path), "instruments": ["SIMREGIME"]}
    label = {"kind": "forward_return"}  # a number: any change of a bar inside it shows
    strategies = write_strategy(tmp_path / "strategies", universe=universe, label=label)
    clock = SimulatedClock(close_of_bar(path, N_BARS - 1) + timedelta(minutes=5))
    workspace = open_world(tmp_path / "lake", strategies, clock)
    run_market_data(workspace)
    first = build_training_dataset(workspace, NAME).data_version
    decided, original = features(workspace), workspace.bars.current(SERIES)
    dataset, _ = load_snapshot(workspace.lake, first)

    restate(path)
    clock.advance(timedelta(hours=1))
    bars = run_market_data(workspace)[f"bars/{SERIES.key}"]

    assert (bars.metrics["new"], bars.metrics["restated"]) == (0, 1)
    versions = workspace.bars.history(SERIES, original.event_time[RESTATED].item().replace(tzinfo=UTC))
    assert list(versions.close) == [original.close[RESTATED], original.low[RESTATED]]
    assert features(workspace).values.tobytes() == decided.values.tobytes()
    second = build_training_dataset(workspace, NAME).data_version
    assert second != first
    kept, recipe = load_snapshot(workspace.lake, first)  # verifies the content against the name
    assert kept.features.tobytes() == dataset.features.tobytes()
    renewed, _ = load_snapshot(workspace.lake, second)
    assert samples(renewed) == samples(dataset)  # every label in it was realised before the restatement
    assert recipe["bars"][SERIES.key] != workspace.bars.fingerprint(SERIES)

    write_bars(tmp_path, N_BARS + N_LATER, ["SIMREGIME"])
    restate(path)
    clock.advance(timedelta(days=14))
    run_market_data(workspace)

    grown, current = features(workspace), workspace.bars.current(SERIES)
    assert len(grown) == N_BARS + N_LATER
    later, _ = load_snapshot(workspace.lake, build_training_dataset(workspace, NAME).data_version)
    assert len(later) == len(dataset) + N_LATER
    assert later.target[: len(dataset)].tobytes() == dataset.target.tobytes()
    assert grown.values[:N_BARS].tobytes() == decided.values.tobytes()
    informed = compute(current, grown.names).values[N_BARS:]
    assert grown.values[N_BARS:].tobytes() == informed.tobytes()
    uninformed = compute(original, grown.names).values
    assert not np.array_equal(compute(current, grown.names).values[:N_BARS], uninformed, equal_nan=True)

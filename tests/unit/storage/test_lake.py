from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakes.bars import random_walk

from trimtab.clock import SimulatedClock, SystemClock
from trimtab.config import Settings
from trimtab.pipeline.features import compute_family
from trimtab.pipeline.workspace import Workspace
from trimtab.storage.lake import open_lake

STRATEGY = 'name = "mine"\n[universe]\ninstruments = ["AAA"]\n[label]\nkind = "direction"\n'


def test_the_default_folder_is_relative_and_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "mine.toml").write_text(STRATEGY)
    workspace = Workspace.open(Settings())
    workspace.bars.append(random_walk(300), datetime(2023, 1, 2, tzinfo=UTC))
    first = compute_family(workspace, "candlesticks", "AAA__1d")
    assert first.links["table"] == tmp_path / "data" / "features" / "candlesticks" / "AAA__1d.parquet"
    assert compute_family(workspace, "candlesticks", "AAA__1d").skipped


def test_the_clock_can_be_stopped_by_a_setting(tmp_path: Path) -> None:
    stopped = open_lake(Settings(data_dir=tmp_path, now=datetime(2020, 1, 1, tzinfo=UTC))).clock
    assert isinstance(stopped, SimulatedClock)
    assert stopped.now() == datetime(2020, 1, 1, tzinfo=UTC)
    assert isinstance(open_lake(Settings(data_dir=tmp_path)).clock, SystemClock)


def test_opening_a_lake_writes_nothing(tmp_path: Path) -> None:
    open_lake(Settings(data_dir=tmp_path / "new"))
    assert not (tmp_path / "new").exists()

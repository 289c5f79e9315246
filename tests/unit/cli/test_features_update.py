"""`trimtab features update` on a small lake."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakes.bars import random_walk
from typer.testing import CliRunner, Result

from trimtab.cli.features import app
from trimtab.config import Settings
from trimtab.errors import UnknownNameError
from trimtab.pipeline.features import compute_family
from trimtab.pipeline.workspace import Workspace

STRATEGY = """
name = "mine"
[universe]
instruments = ["AAA", "BBB"]
[features]
sets = ["candlesticks"]
[label]
kind = "direction"
"""
N = 120
RECEIVED = datetime(2023, 1, 2, tzinfo=UTC)
NEWEST = "2020-05-01T00:00:00Z"  # the open of bar 121


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Two series with features of 120 bars and a bar more."""
    (tmp_path / "mine.toml").write_text(STRATEGY)
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TRIMTAB_STRATEGIES_DIR", str(tmp_path))
    opened = Workspace.open(Settings(data_dir=tmp_path / "data", strategies_dir=tmp_path))
    for name in ("AAA", "BBB"):
        walk = random_walk(N + 2, instrument=name)
        opened.bars.append(walk.take(slice(0, N)), RECEIVED)
        compute_family(opened, "candlesticks", f"{name}__1d")
        opened.bars.append(walk.take(slice(0, N + 2)), RECEIVED)
    return opened


def _run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, ["update", *arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_update_tells_what_was_appended(workspace: Workspace) -> None:
    found = json.loads(_run("BBB__1d", "--json").stdout)
    row = {"series": "BBB__1d", "family": "candlesticks", "rows": 2, "last_event_time": NEWEST}
    assert found == {"updated": [row], "refused": []}
    found = json.loads(_run("--family", "candlesticks", "--json").stdout)
    assert [(each["series"], each["rows"]) for each in found["updated"]] == [("AAA__1d", 2), ("BBB__1d", 0)]
    shown = _run()
    assert shown.exit_code == 0 and "candlesticks" in shown.stdout and "2020-05-01" in shown.stdout


def test_a_refused_series_is_said_and_stops_no_other(workspace: Workspace) -> None:
    bars = random_walk(N + 2, instrument="AAA")
    volume = bars.volume.copy()
    volume[50] *= 2
    workspace.bars.append(replace(bars, volume=volume), RECEIVED.replace(year=2024))
    result = _run("--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert [(each["series"], each["rows"]) for each in found["updated"]] == [("BBB__1d", 2)]
    assert [each["series"] for each in found["refused"]] == ["AAA__1d"]
    assert "compute the features again (stage candlestick_features)" in found["refused"][0]["reason"]
    assert "not updated: bars of AAA__1d" in _run("AAA__1d").output


def test_what_is_not_there_is_refused_by_its_name(workspace: Workspace) -> None:
    with pytest.raises(UnknownNameError, match="unknown series with stored features 'ZZZ__1d'"):
        _run("ZZZ__1d")
    with pytest.raises(UnknownNameError, match="unknown feature family 'candles'"):
        _run("--family", "candles")
    result = _run("AAA__1d", "--family", "technical")
    assert result.exit_code == 1 and "no technical features to append to" in result.output


def test_a_lake_without_features_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TRIMTAB_STRATEGIES_DIR", str(tmp_path))
    assert "No features are stored" in _run().stdout

"""`trimtab models forecast` on a small lake: every horizon, member and measure of certainty of the newest bars."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.command_line import trimtab
from fakes.strategies import INSTRUMENTS, NAME, open_world, run_market_data, write_bars, write_strategy, write_world

from trimtab.errors import DatasetError, NotFoundError
from trimtab.features.store import read_features
from trimtab.market import Series, Timeframe
from trimtab.models.artifacts import load_model
from trimtab.pipeline.bars import ingest_bars
from trimtab.pipeline.datasets import build_training_dataset
from trimtab.pipeline.forecast import forecast_newest
from trimtab.pipeline.models import train_candidate
from trimtab.pipeline.workspace import Workspace

pytestmark = pytest.mark.slow  # bars, features and two small models: several seconds

MEMBERS = {"linear": 0.5, "random_forest": 0.3, "naive": 0.2}
PRICE: dict[str, dict[str, Any]] = {
    "features": {"sets": ["candlesticks"]},
    "label": {"kind": "forward_return", "horizons": [1, 5]},
    "model": {"algorithm": "ensemble", "members": MEMBERS, "parameters": {'"random_forest.n_estimators"': 10}},
    "confidence": {"calibration": "sigmoid", "coverage": 0.8, "novelty": True, "n_parts": 2},
}
# The same strategy asked for less: one horizon, a class, nothing about certainty.
PLAIN = PRICE | {"label": {"kind": "direction", "horizons": [5]}, "confidence": {}}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with version 1.0.0, which says everything, and a later version, which says little."""
    folder = tmp_path_factory.mktemp("forecast")
    strategies = write_world(folder, **PRICE)
    workspace = open_world(folder / "lake", strategies)
    run_market_data(workspace)
    train(workspace)
    write_strategy(strategies, **PLAIN, universe={"path": str(folder / "bars.parquet")})
    train(open_world(folder / "lake", strategies))
    return folder


def train(workspace: Workspace) -> None:
    build_training_dataset(workspace, NAME)
    train_candidate(workspace, NAME)


def opened(world: Path) -> Workspace:
    return open_world(world / "lake", world / "strategies")


def asked(world: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Any:
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(world / "lake"))
    monkeypatch.setenv("TRIMTAB_STRATEGIES_DIR", str(world / "strategies"))
    return trimtab("models", "forecast", NAME, *arguments)


def test_every_instrument_and_horizon_is_what_the_stored_model_says_about_the_newest_row(world: Path) -> None:
    workspace = opened(world)
    said = forecast_newest(workspace, NAME, "1.0.0")
    assert [each.instrument for each in said.instruments] == list(INSTRUMENTS)
    fitted = load_model(workspace.lake.artifacts, workspace.registry.find_model(NAME, "1.0.0").manifest_digest)
    for each in said.instruments:
        block = read_features(workspace.lake, Series(each.instrument, Timeframe.DAY), fitted.feature_names)
        alone = fitted.predict(np.ascontiguousarray(block.values[-1:])).horizons
        assert np.datetime64(each.decision_time.replace(tzinfo=None)) == block.known_time[-1]
        assert [row.horizon for row in each.horizons] == [1, 5]
        for row in each.horizons:
            assert row.prediction == alone[row.horizon].value[0]
            assert row.members == {name: voice[0] for name, voice in alone[row.horizon].members.items()}
            assert row.spread == pytest.approx(np.std(list(row.members.values())))
            assert row.low is not None and row.high is not None
            assert row.low < row.prediction < row.high
            assert row.confidence is not None and 0.0 <= row.confidence <= 1.0
            assert row.novelty is not None and row.abstains == (row.novelty > 1.0)
    assert (said.coverage, said.not_said) == (0.8, ())


def test_the_json_document_holds_every_member_of_every_horizon(world: Path, monkeypatch) -> None:
    document = json.loads(asked(world, monkeypatch, "1.0.0", "--json").out)
    assert (document["version"], document["label"], document["task"]) == ("1.0.0", "forward_return", "regression")
    for each in document["instruments"]:
        assert each["decision_time"].endswith("Z")
        for row in each["horizons"]:
            assert set(row["members"]) == set(MEMBERS)
            weighted = sum(weight * row["members"][name] for name, weight in MEMBERS.items())
            assert row["prediction"] == pytest.approx(weighted)


def test_the_tables_name_horizons_members_and_certainty_within_a_hundred_columns(world: Path, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    text = asked(world, monkeypatch, "1.0.0").out
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 100
    assert "[" not in text
    for word in ("SIMREGIME", "horizon", "prediction", "random", "naive", "spread", "confidence", "abstains", "80%"):
        assert word in text


def test_a_model_that_was_asked_for_no_certainty_says_so_in_one_sentence(world: Path, monkeypatch) -> None:
    document = json.loads(asked(world, monkeypatch, "--json").out)  # the latest version
    rows = [row for each in document["instruments"] for row in each["horizons"]]
    assert [row["horizon"] for row in rows] == [5, 5]
    assert all(row["low"] is None and row["confidence"] is None and not row["abstains"] for row in rows)
    (sentence,) = document["not_said"]
    text = asked(world, monkeypatch).out
    assert sentence.startswith("This model gives no prediction interval")
    assert sentence in text
    assert "probability" in text and "abstains  " not in text


def test_an_unknown_strategy_or_version_is_refused(world: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no version '9\.0\.0'"):
        forecast_newest(opened(world), NAME, "9.0.0")


def test_features_of_older_bars_are_not_passed_for_a_forecast_of_the_newest(world: Path) -> None:
    workspace = opened(world)
    write_bars(world, n_bars=800)
    ingest_bars(workspace, f"{INSTRUMENTS[0]}__1d")
    with pytest.raises(DatasetError, match="computed from other bars than are stored now"):
        forecast_newest(workspace, NAME)

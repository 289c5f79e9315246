"""The robustness of a strategy: the document later stages read, and what it depends on."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.forecasters import FirstFeatureForecaster
from fakes.linear_world import NAME, build_linear, open_linear, write_linear

from trimtab.errors import NotFoundError
from trimtab.market import Series, Timeframe
from trimtab.pipeline.backtest import BACKTEST, report_backtest
from trimtab.pipeline.datasets import load_training_dataset
from trimtab.pipeline.robustness import KINDS, ROBUSTNESS, _notes, groups_of, report_robustness
from trimtab.pipeline.robustness_inputs import MARKET, equity_of, horizon_returns, regime_codes, regimes_of
from trimtab.pipeline.running import read_document, stage_values
from trimtab.pipeline.walk_forward import WALK_FORWARD, report_walk_forward
from trimtab.pipeline.walk_forward_forecasts import read_forecasts
from trimtab.pipeline.withheld_backtest import why_withheld, withheld_document
from trimtab.pipeline.workspace import Workspace
from trimtab.storage.hashing import fingerprint_json, sha256_bytes
from trimtab.validation.learning_curve import TrainedFold


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    workspace = build_linear(write_linear(folder, benchmark=True, n_trials=3))
    report_walk_forward(workspace, NAME)
    report_backtest(workspace, NAME)
    return folder


@pytest.fixture
def workspace(built: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    return open_linear(tmp_path)


def document(workspace: Workspace) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((workspace.report_folder(ROBUSTNESS, NAME) / "report.json").read_text())
    return found


def test_the_document_holds_what_later_stages_read(workspace: Workspace) -> None:
    result = report_robustness(workspace, NAME)
    found = document(workspace)
    samples = read_forecasts(workspace, NAME)
    assert set(found["overfitting"]) == {"train_accuracy", "test_accuracy", "gap"}
    assert [point["share"] for point in found["learning_curve"]] == [0.25, 0.5, 0.75, 1.0]
    assert [curve["parameter"] for curve in found["validation_curves"]] == ["l2"]
    assert len(found["validation_curves"][0]["points"]) == 3
    assert [point["noise_sd"] for point in found["noise"]] == [0.01, 0.05, 0.1, 0.2, 0.5]
    assert sum(point["n_features"] for point in found["removal"]) == 4  # one family: groups of alike features only
    assert sum(each["n"] for each in found["regimes"] if each["kind"] == "trend") == len(samples.row)
    assert [each["instrument_id"] for each in found["by_instrument"]] == ["AAA", "BBB"]
    assert sum(each["n"] for each in found["by_side"]) == len(samples.row)
    assert all(each["note"] for each in found["stress"] if not each["n"])
    assert set(result.plots) == {"Learning curve", "Regimes", "Noise"}


def test_several_families_are_taken_away_as_a_whole_too(workspace: Workspace) -> None:
    _, dataset = load_training_dataset(workspace, NAME)
    mixed = replace(dataset, feature_names=("rsi_14", "doji", "return_1", "not_of_the_catalogue"))
    groups = groups_of(TrainedFold(FirstFeatureForecaster(mixed.feature_names), mixed, mixed))
    assert groups["all technical"] == ["rsi_14", "return_1"]
    assert groups["all candlesticks"] == ["doji"] and groups["all other"] == ["not_of_the_catalogue"]


def test_the_summary_names_the_worst_regime_and_the_recipe(workspace: Workspace) -> None:
    report_robustness(workspace, NAME)
    values, found = stage_values(workspace, ROBUSTNESS, NAME) or {}, document(workspace)
    regimes = [each for each in found["regimes"] if each["is_judged"]]
    worst = min(regimes, key=lambda each: each["accuracy"])
    assert values["worst_regime_accuracy"] == worst["accuracy"] == found["worst_regime"]["accuracy"]
    assert values["worst_regime"] == f"{worst['kind']}: {worst['regime']}"
    assert values["n_worst_regime"] == worst["n"]
    judged = stage_values(workspace, WALK_FORWARD, NAME) or {}
    assert (values["recipe"], values["forecasts"]) == (judged["recipe"], judged["forecasts"])
    assert values["traded"] == (stage_values(workspace, BACKTEST, NAME) or {})["data_version"]
    assert values["worst_regime_reason"] == ""


def test_threads_change_nothing_and_a_second_run_is_skipped(workspace: Workspace) -> None:
    once = report_robustness(workspace, NAME)
    assert report_robustness(workspace, NAME).skipped
    shutil.rmtree(workspace.lake.root / "manifests" / ROBUSTNESS)
    again = report_robustness(open_linear(workspace.settings.strategies_dir, n_threads=2), NAME)
    assert not again.skipped and again.data_version == once.data_version


def test_evidence_about_another_recipe_is_asked_for_again(workspace: Workspace) -> None:
    shutil.rmtree(workspace.lake.root / "manifests" / "backtest_report")
    with pytest.raises(NotFoundError, match="run the stages walk_forward_report and backtest_report first"):
        report_robustness(workspace, NAME)


def test_regimes_are_those_of_the_benchmark_or_of_each_instrument(workspace: Workspace) -> None:
    bars = {name: workspace.bars.current(Series(name, Timeframe.DAY)).adjusted() for name in ("AAA", "BBB", "MKT")}
    _, dataset = load_training_dataset(workspace, NAME)
    rows = np.arange(len(dataset))
    of_market, own = regimes_of(bars, "MKT"), regimes_of(bars, None)
    assert list(of_market) == [MARKET]
    market = regime_codes(of_market, "trend", dataset, rows)
    assert np.array_equal(market, of_market[MARKET].at("trend", dataset.decision_time))
    each = regime_codes(own, "trend", dataset, rows)
    for code, name in enumerate(dataset.instruments):
        mine = dataset.instrument == code
        assert np.array_equal(each[mine], own[name].at("trend", dataset.decision_time[mine]))
    assert not np.array_equal(market, each)


def test_a_benchmark_without_bars_leaves_each_instrument_its_own_regimes(workspace: Workspace) -> None:
    bars = {name: workspace.bars.current(Series(name, Timeframe.DAY)).adjusted() for name in ("AAA", "BBB", "MKT")}
    bare = {**bars, "MKT": bars["MKT"].take(np.arange(0))}
    assert set(regimes_of(bare, "MKT")) == {"AAA", "BBB"}
    notes = _notes(workspace.strategy(NAME), bare, None)
    assert notes[0].startswith("Regimes are those of each instrument itself")
    assert notes[1] == "The benchmark MKT has no bars, so it has no regimes."
    _, dataset = load_training_dataset(workspace, NAME)
    own = regimes_of({name: bars[name] for name in ("AAA", "BBB")}, None)
    rows = np.arange(len(dataset))
    for kind in KINDS:
        expected = regime_codes(own, kind, dataset, rows)
        assert np.array_equal(regime_codes(regimes_of(bare, "MKT"), kind, dataset, rows), expected)


def test_a_withheld_account_leaves_the_rest_of_the_report(workspace: Workspace) -> None:
    strategy = workspace.strategy(NAME)
    banded = strategy.model_copy(update={"label": strategy.label.model_copy(update={"neutral_band": 0.001})})
    withheld = withheld_document(why_withheld(banded), (), 252.0)
    path = workspace.report_folder(BACKTEST, NAME) / "report.json"
    path.write_text(json.dumps(withheld))
    manifest = workspace.manifests.latest(BACKTEST, NAME)
    assert manifest is not None
    shown = manifest.summary | {
        "digests": {str(path.relative_to(workspace.lake.root)): sha256_bytes(path.read_bytes())}
    }
    workspace.manifests.record(BACKTEST, NAME, {"withheld": True}, fingerprint_json(withheld), shown)
    report_robustness(workspace, NAME)
    found = document(workspace)
    assert found["worst_regime"] is not None
    assert all(each["mean_return"] is None for each in found["regimes"])
    assert all(each["total_return"] is None for each in found["stress"])
    assert any(
        note.startswith("There is no account, so no return in a regime or a crisis: not") for note in found["notes"]
    )


def test_a_backtest_whose_file_was_edited_is_asked_for_again(workspace: Workspace) -> None:
    path = workspace.report_folder(BACKTEST, NAME) / "report.json"
    path.write_text(path.read_text().replace("0", "1", 1))
    with pytest.raises(NotFoundError, match="run the stage backtest_report again"):
        report_robustness(workspace, NAME)


def test_the_return_over_the_horizon_begins_at_the_close_of_the_decision(workspace: Workspace) -> None:
    bars = {name: workspace.bars.current(Series(name, Timeframe.DAY)).adjusted() for name in ("AAA", "BBB")}
    _, dataset = load_training_dataset(workspace, NAME)
    found = horizon_returns(dataset, np.arange(len(dataset)), bars)
    known = ~np.isnan(found)
    assert known.mean() > 0.99
    assert np.array_equal((found > 0.0)[known], (dataset.target == 1.0)[known])  # the label is its sign


def test_the_account_is_read_from_the_backtest(workspace: Workspace) -> None:
    time, value = equity_of(read_document(workspace, BACKTEST, NAME))
    assert time.dtype == np.dtype("datetime64[us]") and len(time) == len(value)
    assert (np.diff(time).astype(np.int64) > 0).all() and (value > 0.0).all()

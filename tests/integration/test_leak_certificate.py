"""A leak on its way from the bars to the decision, and the certificate of real bars on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import typer
from fakes.bars import random_walk
from fakes.surroundings import surroundings_of
from typer.testing import CliRunner, Result

from trimtab.bars.files import read_bar_file
from trimtab.bars.schema import COLUMNS
from trimtab.cli.features.certify import certify as certify_command
from trimtab.config import Settings
from trimtab.errors import ConfigurationError, FeatureError, NotFoundError, TrimtabError
from trimtab.features.catalogue import catalogue
from trimtab.features.context import Context
from trimtab.features.export import accepted_in_order
from trimtab.features.leaks import certify_whole
from trimtab.market import Series, Timeframe
from trimtab.pipeline import (
    backtest,
    datasets,
    features,
    governance,
    honesty,
    model_certificate,
    models,
    monitoring,
    robustness,
    tuning,
    walk_forward,
)
from trimtab.pipeline.leak_certificate import certified_leaks, certify_leaks
from trimtab.pipeline.running import stage_values
from trimtab.pipeline.stage import StageResult
from trimtab.pipeline.workspace import Workspace

STRATEGY = """
name = "mine"
[universe]
instruments = ["AAA", "BBB"]
[features]
names = ["return_1", "rsi_14"]
sets = []
[label]
kind = "direction"
horizons = [{horizon}]
[model]
algorithm = "linear"
[tuning]
n_trials = 0
[validation]
n_seeds = 1
[drift]
current = 100
[gates]
min_accuracy = 0.0
min_precision = 0.0
min_recall = 0.0
min_consistency = 0.0
max_drawdown = 1.0
max_baseline_p_value = 1.0
max_overfitting_gap = 1.0
min_deflated_sharpe_ratio = 0.0
min_worst_regime_accuracy = 0.0
max_drift_share = 1.0
"""


def build(folder: Path, horizon: int = 1) -> Workspace:
    """Bars, features and dataset of a strategy that every candidate would pass but for the certificate."""
    (folder / "mine.toml").write_text(STRATEGY.format(horizon=horizon))
    workspace = Workspace.open(Settings(data_dir=folder / "data", strategies_dir=folder, n_threads=1))
    for seed, (key, series) in enumerate(workspace.series.items()):
        if series not in workspace.bars.series():
            bars = random_walk(560, seed=seed, instrument=series.instrument_id)
            workspace.bars.append(bars, datetime(2023, 1, 2, tzinfo=UTC))
        features.compute_family(workspace, "technical", key)
    datasets.build_training_dataset(workspace, "mine")
    return workspace


def decide(workspace: Workspace, certified: bool = True) -> StageResult:
    """The stages from the dataset to the decision, with or without the certificate of the dataset."""
    tuning.run_tuning_study(workspace, "mine")
    models.train_candidate(workspace, "mine")
    walk_forward.report_walk_forward(workspace, "mine")
    backtest.report_backtest(workspace, "mine")
    honesty.report_honesty(workspace, "mine")
    robustness.report_robustness(workspace, "mine")
    model_certificate.certify_model(workspace, "mine")
    if certified:
        certify_leaks(workspace, "mine")
    monitoring.snapshot_drift(workspace, "mine")
    return governance.decide_deployment(workspace, "mine")


def gate_of(result: StageResult) -> tuple[bool, str]:
    """Whether the leak certificate passed its gate, and why."""
    (gates,) = result.tables.values()
    row = next(gate for gate in gates if gate["gate"] == "leak_certificate")
    return bool(row["passed"]), str(row["reason"])


def patch(monkeypatch: pytest.MonkeyPatch, name: str, computation: Callable[[Context], np.ndarray]) -> None:
    """A feature of the catalogue computed in another way, for one test."""
    changed = dict(catalogue())
    changed[name] = replace(changed[name], computation=lambda context, **_: computation(context))
    monkeypatch.setattr("trimtab.features.catalogue._all_features", lambda: changed)


def tomorrow(context: Context) -> np.ndarray:
    """The return of the next bar."""
    return np.append(context.simple_return[1:], np.nan) if len(context.close) else context.close


@pytest.mark.slow
def test_a_clean_certificate_passes_its_gate_and_none_about_the_dataset_does_not(tmp_path: Path) -> None:
    result = decide(build(tmp_path))
    assert gate_of(result)[0]
    assert result.metrics["outcome"] == "approval_pending"
    result = decide(build(tmp_path, horizon=2), certified=False)  # there is one, about the dataset before
    assert result.metrics["outcome"] == "refused"
    passed, reason = gate_of(result)
    assert not passed and "is about dataset" in reason


@pytest.mark.slow
def test_a_feature_that_knows_tomorrow_blocks_its_table_and_the_decision_refuses_in_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patch(monkeypatch, "return_1", tomorrow)
    workspace = build(tmp_path)
    family = features.compute_family(workspace, "technical", "AAA__1d")
    (check,) = [check for check in family.checks if check.name == "no_leaks"]
    assert not check.passed and check.blocking
    assert "return_1" in check.description
    result = decide(workspace)
    assert result.metrics["outcome"] == "refused"
    passed, reason = gate_of(result)
    assert not passed and "names 2 leaks: return_1 (AAA__1d)" in reason
    dataset = (stage_values(workspace, datasets.STAGE, "mine") or {})["data_version"]
    verdict = certified_leaks(workspace, "mine", dataset)
    assert verdict.n_leaks == 2
    assert verdict.reason == "the leak certificate names 2 leaks: return_1 (AAA__1d), return_1 (BBB__1d)"
    stored = workspace.registry.latest_decision(strategy="mine")
    assert stored is not None and stored.outcome == "refused"
    assert [gate.name for gate in stored.gates if not gate.passed] == ["leak_certificate"]


def run(*arguments: str | Path) -> Result:
    """`trimtab features certify` as a command of its own."""
    app = typer.Typer()
    app.command()(certify_command)
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    if isinstance(result.exception, TrimtabError):
        raise result.exception
    return result


def bar_file(folder: Path, n: int = 400) -> Path:
    """Two instruments as a bar file."""
    parts = [random_walk(n, seed=seed, instrument=name) for seed, name in enumerate(("AAA", "BBB"))]
    path = folder / "bars.parquet"
    pq.write_table(pa.concat_tables([part.to_table().select(COLUMNS) for part in parts]), path)
    return path


def document_of(result: Result) -> dict[str, Any]:
    """What a command printed as JSON."""
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_a_bar_file_is_certified_with_its_other_instruments_as_peers(tmp_path: Path) -> None:
    result = run(bar_file(tmp_path), "--set", "candlesticks", "--feature", "peer_return_1", "--cuts", "2", "--json")
    document = document_of(result)
    assert (result.exit_code, document["passed"]) == (0, True)
    assert [each["series"] for each in document["series"]] == ["AAA__1d", "BBB__1d"]
    findings = {each["name"]: each["outcome"] for each in document["series"][0]["findings"]}
    assert findings["peer_return_1"] == findings["doji"] == "passed"
    assert all(canary["caught"] for check in document["series"][0]["checks"] for canary in check["canaries"])


def test_the_table_names_what_had_no_facts(tmp_path: Path) -> None:
    result = run(bar_file(tmp_path), "--feature", "return_1", "--feature", "mood_news_5")
    assert result.exit_code == 0
    assert "mood_news_5" in result.stdout and "no posts" in result.stdout


def test_a_leaking_feature_is_one_sentence_and_the_exit_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    patch(monkeypatch, "return_1", tomorrow)
    with pytest.raises(FeatureError, match=r"AAA__1d see the future or another instrument: return_1 \(and 1 more"):
        run(bar_file(tmp_path), "--feature", "return_1", "--feature", "rsi_14")


def test_what_cannot_be_certified_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(tmp_path / "data"))
    with pytest.raises(ConfigurationError, match="no feature was named"):
        run(bar_file(tmp_path))
    with pytest.raises(NotFoundError, match=r"no bar file 'nothing\.csv'"):
        run("nothing.csv", "--set", "technical")
    with pytest.raises(NotFoundError, match="neither a file nor a stored series"):
        run("AAA__1d", "--set", "technical")
    with pytest.raises(FeatureError, match="could not be checked: sma_distance_200"):
        run(bar_file(tmp_path, n=120), "--feature", "sma_distance_200")


def test_a_stored_series_is_certified_with_what_surrounds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TRIMTAB_STRATEGIES_DIR", str(tmp_path))
    (tmp_path / "mine.toml").write_text(STRATEGY.format(horizon=1))
    workspace = Workspace.open(Settings(data_dir=tmp_path / "data", strategies_dir=tmp_path, n_threads=1))
    for seed, name in enumerate(("AAA", "BBB")):
        workspace.bars.append(random_walk(300, seed=seed, instrument=name), datetime(2023, 1, 2, tzinfo=UTC))
    document = document_of(run("AAA__1d", "--feature", "peer_return_1", "--json"))
    assert document["passed"]
    assert document["series"][0]["findings"][0]["outcome"] == "passed"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "instruments", "timeframe"),
    [
        ("equities_daily.parquet", ("AAPL", "MSFT", "JPM", "XOM"), Timeframe.DAY),
        ("crypto_1h.parquet", ("BTC-USDT", "ETH-USDT", "LTC-USDT"), Timeframe.HOUR),
    ],
)
def test_the_whole_catalogue_is_certified_on_real_bars(
    file: str, instruments: tuple[str, ...], timeframe: Timeframe, shared_data: Path, tmp_path: Path
) -> None:
    table = pq.read_table(shared_data / file)
    few = tmp_path / "few.parquet"
    pq.write_table(table.filter(pc.is_in(pc.replace_substring(table["symbol"], "/", "-"), pa.array(instruments))), few)
    every = {each: accepted_in_order(bars) for each, bars in read_bar_file(few).bars.items()}
    series = Series(instruments[0], timeframe)
    peers = {each.instrument_id: bars for each, bars in every.items() if each != series}
    # Bars and peers are real; the facts are made to lie around them.
    bars = every[series].take(slice(-2500, None))
    beside = replace(surroundings_of(bars), peers=peers)
    whole = certify_whole(tuple(catalogue()), bars, n_bars=1500, seed=3, surroundings=beside)
    assert whole.named("leaks") == ()
    assert whole.missed == ()
    assert whole.named("unchecked") == ()

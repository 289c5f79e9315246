"""The whole pipeline, at library level, on real bars that are not in the package: crypto hours, S&P 500 days."""

from __future__ import annotations

from pathlib import Path

import pytest

from trimtab.config import Settings
from trimtab.pipeline import backtest, bars, datasets, features, governance, models, monitoring, tuning, walk_forward
from trimtab.pipeline.leak_certificate import certify_leaks
from trimtab.pipeline.stage import StageResult
from trimtab.pipeline.workspace import Workspace

pytestmark = pytest.mark.slow

STRATEGY = """
name = "real"
[universe]
{universe}
[features]
sets = ["market_state", "candlesticks"]
[label]
kind = "volatility_regime"
horizons = [{horizon}]
[tuning]
n_trials = 1
[validation]
n_seeds = 1
"""


def run(folder: Path, universe: str, horizon: int) -> dict[str, StageResult]:
    (folder / "real.toml").write_text(STRATEGY.format(universe=universe, horizon=horizon))
    workspace = Workspace.open(Settings(data_dir=folder / "data", strategies_dir=folder, n_threads=1))
    for key in workspace.series:
        ingested = bars.ingest_bars(workspace, key)
        assert all(check.passed for check in ingested.checks), ingested.checks
        for family in ("market_state", "candlesticks"):
            computed = features.compute_family(workspace, family, key)
            assert all(check.passed for check in computed.checks), computed.checks
    stages = (
        datasets.build_training_dataset,
        tuning.run_tuning_study,
        models.train_candidate,
        walk_forward.report_walk_forward,
        backtest.report_backtest,
        certify_leaks,
        monitoring.snapshot_drift,
        governance.decide_deployment,
    )
    results = {}
    for stage in stages:
        result = stage(workspace, "real")
        results[result.stage] = result
    rebuilt, _ = datasets.rebuild_dataset(workspace, results["training_dataset"].data_version)
    assert rebuilt == results["training_dataset"].data_version
    return results


def test_crypto_hours_from_a_file_of_many_symbols(shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "crypto_1h.parquet"
    universe = f'source = "files"\npath = "{path}"\ninstruments = ["BTC-USDT"]\ntimeframe = "1h"'
    results = run(tmp_path, universe, horizon=24)
    assert results["training_dataset"].metrics["samples"] > 30_000
    assert results["leak_certificate"].metrics["leaks"] == 0
    judged = results["walk_forward_report"].metrics
    # The next day's volatility is predictable on real hours, and better than by persistence.
    assert judged["accuracy"] > judged["best_baseline_accuracy"] > 0.5
    assert len(results["deployment_decision"].tables["gate by gate"]) == 16


def test_sp500_days_beside_a_real_equity(shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "equities_daily.parquet"
    universe = f'source = "files"\npath = "{path}"\ninstruments = ["SPY", "JPM"]'
    results = run(tmp_path, universe, horizon=5)
    assert results["training_dataset"].metrics["instruments"] == 2
    assert results["walk_forward_report"].metrics["accuracy"] > 0.55
    assert results["leak_certificate"].metrics["unchecked"] == 0

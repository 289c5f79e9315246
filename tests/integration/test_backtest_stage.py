"""The backtest stage on a small lake: what it writes, what it depends on, and every key of `[backtest]`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.bars import random_walk

from trimtab.backtest.engine import BacktestReport
from trimtab.config import Settings
from trimtab.pipeline import datasets, features, tuning
from trimtab.pipeline.backtest import BACKTEST, report_backtest, simulation_for
from trimtab.pipeline.honesty import report_honesty
from trimtab.pipeline.robustness import report_robustness
from trimtab.pipeline.running import stage_values
from trimtab.pipeline.stage import StageResult
from trimtab.pipeline.walk_forward import report_walk_forward
from trimtab.pipeline.workspace import Workspace

pytestmark = pytest.mark.slow
STRATEGY = """
name = "mine"
[universe]
instruments = ["AAA"]
benchmark = "SPX"
[features]
names = ["return_1", "close_location", "rsi_7"]
sets = []
[label]
kind = "direction"
[model]
algorithm = "linear"
[tuning]
n_trials = 0
[validation]
n_seeds = 1
[backtest]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake in which everything before the backtest is done."""
    folder = tmp_path_factory.mktemp("backtest")
    workspace = opened(folder, "")
    for seed, name in ((5, "AAA"), (9, "SPX")):
        workspace.bars.append(random_walk(400, seed=seed, instrument=name), datetime(2023, 1, 2, tzinfo=UTC))
    features.compute_family(workspace, "technical", "AAA__1d")
    datasets.build_training_dataset(workspace, "mine")
    tuning.run_tuning_study(workspace, "mine")
    report_walk_forward(workspace, "mine")
    return folder


def opened(folder: Path, keys: str) -> Workspace:
    """The lake with other keys in the section `[backtest]`, which no stage before depends on."""
    (folder / "mine.toml").write_text(STRATEGY + keys)
    return Workspace.open(Settings(data_dir=folder / "data", strategies_dir=folder, n_threads=1))


def traded(folder: Path, keys: str = "") -> tuple[StageResult, Any]:
    """The stage's result and its document."""
    result = report_backtest(opened(folder, keys), "mine")
    return result, json.loads(result.links["report"].read_text())


def account(folder: Path, keys: str) -> BacktestReport:
    """What the stage would trade, without all that it asks besides."""
    workspace = opened(folder, keys)
    _, dataset = datasets.load_training_dataset(workspace, "mine")
    return simulation_for(workspace, workspace.strategy("mine"), dataset).run()


def test_the_document_has_all_that_later_stages_read(folder: Path) -> None:
    result, found = traded(folder)
    assert json.dumps(found, allow_nan=False)
    assert found["market"]["name"] == "SPX"
    assert len(found["market"]["equity"]) == len(found["benchmark_equity"]) == len(found["equity"])
    assert found["costs"]["commission_bps"] == found["costs"]["slippage_bps"] == 5.0
    assert found["surface"]["cost_bps"] == [0.0, 2.0, 5.0, 10.0, 20.0, 50.0]
    assert found["surface"]["sharpe_ratio"][3][0] == found["metrics"]["sharpe_ratio"]  # what the file asks for
    assert {"Equity", "Costs and delays"} == set(result.plots)
    assert "SPX" in result.tables["against buy and hold"][0]
    values = stage_values(opened(folder, ""), BACKTEST, "mine")
    assert values is not None
    assert {"recipe", "sharpe_ratio", "total_return", "max_drawdown", "benchmark_sharpe_ratio"} <= values.keys()
    assert values["benchmark_p_value"] == found["against_benchmark"]["p_value"]
    assert values["break_even_cost_bps"] == found["break_even_cost_bps"]
    assert found["forecasts"]["n_bars"] >= len(found["equity"]) - 1
    assert found["against_benchmark"]["n_bars"] == len(found["equity"])
    assert "withheld" not in found


@pytest.mark.parametrize(
    "key",
    [
        "rule = 'long_flat'", "threshold = 0.52", "max_exposure = 0.5", "fill = 'next_close'", "delay_bars = 2",
        "commission_bps = 1.0", "commission_per_share = 0.1", "commission_per_trade = 10.0", "slippage_bps = 1.0",
        "max_volume_share = 0.01", "impact = 1.0", "borrow_bps_per_year = 100.0",
        "max_exposure = 1.5\nmax_leverage = 2.0",
    ],
)  # fmt: skip
def test_every_key_of_the_section_changes_the_account(folder: Path, key: str) -> None:
    assert not np.array_equal(account(folder, key).equity[-50:], account(folder, "").equity[-50:])


def test_it_is_not_done_again_until_the_bars_of_the_benchmark_change(folder: Path) -> None:
    first, _ = traded(folder)
    again, _ = traded(folder)
    assert again.skipped
    newer = random_walk(420, seed=9, instrument="SPX").take(np.arange(400, 420))
    opened(folder, "").bars.append(newer, datetime(2023, 1, 3, tzinfo=UTC))
    after, _ = traded(folder)
    assert not after.skipped
    assert after.data_version == first.data_version  # they came after the account had ended


def test_where_samples_were_chosen_by_their_future_the_stage_ends_without_a_number(tmp_path: Path) -> None:
    banded = STRATEGY.replace('kind = "direction"', 'kind = "direction"\nneutral_band = 0.005')
    (tmp_path / "mine.toml").write_text(banded)
    workspace = Workspace.open(Settings(data_dir=tmp_path / "data", strategies_dir=tmp_path, n_threads=1))
    for seed, name in ((5, "AAA"), (9, "SPX")):
        workspace.bars.append(random_walk(600, seed=seed, instrument=name), datetime(2023, 1, 2, tzinfo=UTC))
    features.compute_family(workspace, "technical", "AAA__1d")
    for stage in (datasets.build_training_dataset, tuning.run_tuning_study, report_walk_forward):
        stage(workspace, "mine")
    result = report_backtest(workspace, "mine")
    document = json.loads(result.links["report"].read_text())
    assert document["withheld"] == result.metrics["withheld"]
    assert "neutral_band = 0.005" in document["withheld"]
    assert set(document["metrics"].values()) == {None}
    assert document["periods_per_year"] == pytest.approx(365.25)
    values = stage_values(workspace, BACKTEST, "mine")
    assert values is not None
    assert values["max_drawdown"] is values["sharpe_ratio"] is None
    assert values["recipe"]
    assert report_honesty(workspace, "mine").metrics["deflated_sharpe_ratio"] is None
    assert report_robustness(workspace, "mine").metrics["instruments_below_the_rest"] == "none"

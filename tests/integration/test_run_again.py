"""A second run repeats no work, and a changed input redoes what depends on it and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from fakes.strategies import (
    open_world,
    run_environment,
    run_market_data,
    run_strategy,
    table_sizes,
    write_strategy,
)
from fakes.trimtab_runs import FinishedRun, finish_run

from trimtab.pipeline.stage import StageResult

pytestmark = pytest.mark.slow

KEPT = ("bars", "quarantine", "features", "datasets", "artifacts", "manifests", "reports")
DECIDED = {"deployment_decision", "model_report"}
TRADED = {"backtest_report", "honesty_report", "robustness_report", *DECIDED}
JUDGED = {"walk_forward_report", "drift_snapshot", "model_certificate", *TRADED}
FROM_THE_DATASET_ON = {"training_dataset", "tuning_study", "candidate_model", "leak_certificate", *JUDGED}


@pytest.fixture
def lake(whole_run: FinishedRun, tmp_path: Path) -> Path:
    """A copy of the lake that an uninterrupted run left."""
    return Path(shutil.copytree(whole_run.lake, tmp_path / "lake"))


def files(lake: Path) -> dict[str, tuple[int, int]]:
    """Size and time of change of everything that a stage makes."""
    found = {path: path.stat() for name in KEPT for path in (lake / name).rglob("*") if path.is_file()}
    return {str(path.relative_to(lake)): (stat.st_size, stat.st_mtime_ns) for path, stat in found.items()}


def redone(results: Mapping[str, StageResult]) -> set[str]:
    return {name for name, result in results.items() if not result.skipped}


def test_a_second_run_says_unchanged_everywhere_and_writes_nothing(whole_run: FinishedRun, lake: Path) -> None:
    workspace = open_world(lake, whole_run.strategies)
    before = files(lake), table_sizes(workspace)
    again = finish_run(run_environment(lake, whole_run.strategies))
    assert len(again.progress) == len(whole_run.progress)
    assert all(line.endswith("unchanged") for line in again.progress), again.progress
    assert (files(lake), table_sizes(workspace)) == before


def test_the_first_run_did_every_stage(whole_run: FinishedRun) -> None:
    assert not [line for line in whole_run.progress if line.endswith("unchanged")]


def test_the_library_recognises_what_a_run_through_dagster_has_done(whole_run: FinishedRun, lake: Path) -> None:
    workspace = open_world(lake, whole_run.strategies)
    before = files(lake), table_sizes(workspace)
    assert redone(run_market_data(workspace)) == set()
    assert redone(run_strategy(workspace)) == set()
    assert (files(lake), table_sizes(workspace)) == before


def test_another_seed_redoes_what_is_random_and_what_is_judged_by_it(whole_run: FinishedRun, lake: Path) -> None:
    workspace = open_world(lake, whole_run.strategies, seed=8)
    assert redone(run_market_data(workspace)) == set()
    assert redone(run_strategy(workspace)) == {"tuning_study", "candidate_model", "leak_certificate", *JUDGED}
    assert len(workspace.registry.list_models("tiny")) == 2


CHANGES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "a gate's limit": ({"gates": {"min_accuracy": 0.1}}, DECIDED),
    "trading costs": ({"backtest": {"commission_bps": 50.0}}, TRADED),
    "the limit of drift": ({"drift": {"current": 100, "max_psi": 0.9}}, {"drift_snapshot", "model_report"}),
    "the schedule": ({"retraining": {"schedule": "monthly"}}, set()),
    "the horizon": ({"label": {"horizons": [3]}}, FROM_THE_DATASET_ON),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_strategy_file_redoes_what_depends_on_it(what: str, whole_run: FinishedRun, lake: Path) -> None:
    changes, expected = CHANGES[what]
    path = whole_run.strategies.parent / "bars.parquet"
    strategies = write_strategy(lake.parent / "changed", universe={"path": str(path)}, **changes)
    workspace = open_world(lake, strategies)
    assert redone(run_market_data(workspace)) == set()
    assert redone(run_strategy(workspace)) == expected
    assert redone(run_strategy(workspace)) == set()

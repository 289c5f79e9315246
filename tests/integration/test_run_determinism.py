"""The same bars, configuration and seed give the same bytes, in another lake and another process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from fakes.strategies import NAME, open_world, outcome_of, run_environment, write_world
from fakes.trimtab_runs import FinishedRun

pytestmark = pytest.mark.slow

TESTS = Path(__file__).resolve().parents[1]
SCRIPT = """
import sys
from pathlib import Path
from fakes.strategies import open_world, run_market_data, run_strategy

workspace = open_world(Path(sys.argv[1]), Path(sys.argv[2]))
run_market_data(workspace)
run_strategy(workspace)
"""


def test_two_lakes_and_two_processes_give_the_same_model_files_byte_for_byte(
    whole_run: FinishedRun, tmp_path: Path
) -> None:
    lake, strategies = tmp_path / "lake", write_world(tmp_path)
    # Another order of sets and dictionaries of strings, which is what mostly differs between processes.
    environment = run_environment(lake, strategies, PYTHONHASHSEED="4711")
    subprocess.run([sys.executable, "-c", SCRIPT, str(lake), str(strategies)], env=environment, cwd=TESTS, check=True)
    first = outcome_of(open_world(whole_run.lake, whole_run.strategies))
    second = outcome_of(open_world(lake, strategies))
    assert first["files"] == second["files"]
    assert first == second
    compared = {name.partition("/")[2] for name in first["files"]}
    assert {"booster.txt", "booster.ubj", "trees.safetensors"} <= compared  # LightGBM, XGBoost, random forest


def test_the_bytes_of_another_seed_differ(whole_run: FinishedRun, tmp_path: Path) -> None:
    from trimtab.models.artifacts import store_model
    from trimtab.models.configured import configured_forecaster
    from trimtab.models.protocol import FitContext
    from trimtab.pipeline.datasets import load_training_dataset
    from trimtab.storage.artifacts import ArtifactStore

    workspace = open_world(whole_run.lake, whole_run.strategies)
    _, dataset = load_training_dataset(workspace, NAME)
    forecaster = configured_forecaster(workspace.strategy(NAME).model)
    store = ArtifactStore(tmp_path)
    digests = [
        store_model(store, forecaster.fit(dataset, None, FitContext(seed, 1)), dataset.features[:5]).manifest_digest
        for seed in (7, 7, 8)
    ]
    assert digests[0] == digests[1] != digests[2]

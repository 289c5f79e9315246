"""A walk-forward takes no parameters of a study that has seen what it judges."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakes.bars import random_walk

from trimtab.config import Settings
from trimtab.errors import NotFoundError
from trimtab.pipeline import datasets, features, tuning
from trimtab.pipeline.walk_forward import report_walk_forward
from trimtab.pipeline.workspace import Workspace

STRATEGY = """
name = "mine"
[universe]
instruments = ["AAA"]
[features]
names = ["return_1", "close_location"]
sets = []
[label]
kind = "direction"
[model]
algorithm = "linear"
[tuning]
n_trials = {n_trials}
[validation]
n_seeds = 1
initial_train = {initial_train}
"""


def opened(folder: Path, initial_train: float, n_trials: int = 2) -> Workspace:
    (folder / "mine.toml").write_text(STRATEGY.format(initial_train=initial_train, n_trials=n_trials))
    return Workspace.open(Settings(data_dir=folder / "data", strategies_dir=folder, n_threads=1))


def searched(folder: Path, n_trials: int = 2) -> Workspace:
    """A lake whose study has searched 60 % of the samples."""
    workspace = opened(folder, 0.6, n_trials)
    workspace.bars.append(random_walk(400, seed=5), datetime(2023, 1, 2, tzinfo=UTC))
    features.compute_family(workspace, "technical", "AAA__1d")
    datasets.build_training_dataset(workspace, "mine")
    tuning.run_tuning_study(workspace, "mine")
    return workspace


def test_a_study_of_other_rows_is_refused_until_it_is_made_again(tmp_path: Path) -> None:
    searched(tmp_path)
    earlier = opened(tmp_path, 0.3)  # what the study has seen is judged now
    with pytest.raises(NotFoundError, match=r"searched other rows .* run the stage tuning_study again"):
        report_walk_forward(earlier, "mine")
    tuning.run_tuning_study(earlier, "mine")
    assert not report_walk_forward(earlier, "mine").skipped


def test_a_study_of_before_rows_were_kept_is_refused(tmp_path: Path) -> None:
    workspace = searched(tmp_path)
    path = workspace.manifests.root / tuning.TUNING / "mine.json"
    path.write_text(path.read_text().replace('"rows"', '"another"'))
    with pytest.raises(NotFoundError, match="run the stage tuning_study again"):
        report_walk_forward(workspace, "mine")


def test_without_trials_nothing_was_chosen_so_nothing_is_refused(tmp_path: Path) -> None:
    searched(tmp_path, n_trials=0)
    assert not report_walk_forward(opened(tmp_path, 0.3, n_trials=0), "mine").skipped

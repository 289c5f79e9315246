"""The candidate stage killed with SIGKILL while its network trains goes on from the epoch it had reached."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fakes.bars import random_walk

from trimtab.config import Settings
from trimtab.models.configured import forecaster_of
from trimtab.models.protocol import FitContext
from trimtab.pipeline import datasets, features, models, walk_forward
from trimtab.pipeline.workspace import Workspace
from trimtab.storage.hashing import sha256_bytes

TESTS = Path(__file__).resolve().parents[1]
EPOCHS, KEPT = 12, 5
STRATEGY = f"""
name = "mine"
[universe]
instruments = ["AAA"]
[features]
names = ["return_1", "close_location", "rsi_7"]
sets = []
[label]
kind = "direction"
[model]
algorithm = "dense"
parameters = {{ hidden = [8], epochs = {EPOCHS}, patience = {EPOCHS} }}
[validation]
n_seeds = 2
"""
KILLED = f"""
import os, signal, sys
from pathlib import Path
from trimtab.config import Settings
from trimtab.models.networks.checkpoints import Checkpoint
from trimtab.pipeline.models import train_candidate
from trimtab.pipeline.workspace import Workspace

keep = Checkpoint.keep

def keep_and_die(self, module, optimizer, progress):
    keep(self, module, optimizer, progress)
    if len(progress.history) == {KEPT}:
        os.kill(os.getpid(), signal.SIGKILL)

Checkpoint.keep = keep_and_die
folder = Path(sys.argv[1])
train_candidate(Workspace.open(Settings(data_dir=folder / "data", strategies_dir=folder, n_threads=1)), "mine")
"""


def opened(folder: Path) -> Workspace:
    (folder / "mine.toml").write_text(STRATEGY)
    workspace = Workspace.open(Settings(data_dir=folder / "data", strategies_dir=folder, n_threads=1))
    if not workspace.bars.series():
        workspace.bars.append(random_walk(400, seed=5), datetime(2023, 1, 2, tzinfo=UTC))
        features.compute_family(workspace, "technical", "AAA__1d")
        datasets.build_training_dataset(workspace, "mine")
    return workspace


def kept(workspace: Workspace) -> list[Path]:
    return sorted(workspace.lake.root.rglob("*.checkpoint"))


@pytest.fixture
def trained_epochs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of every epoch that is really trained."""
    training = pytest.importorskip("trimtab.models.networks.training")
    numbers: list[int] = []
    epoch = training._epoch

    def counting(*arguments: Any) -> Any:
        done = epoch(*arguments)
        numbers.append(done.number)
        return done

    monkeypatch.setattr(training, "_epoch", counting)
    return numbers


@pytest.mark.slow
def test_a_candidate_killed_in_its_training_goes_on_and_ends_with_the_same_bytes(
    tmp_path: Path, trained_epochs: list[int]
) -> None:
    workspace = opened(tmp_path)
    died = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=TESTS, timeout=200, check=False)
    assert died.returncode == -signal.SIGKILL
    (checkpoint,) = kept(workspace)
    assert checkpoint.relative_to(workspace.lake.root).parts[:3] == ("checkpoints", "candidate_model", "mine")
    files = models.train_candidate(workspace, "mine").tables["files"]
    assert trained_epochs == list(range(KEPT + 1, EPOCHS + 1))
    assert not (workspace.lake.root / "checkpoints" / "candidate_model" / "mine").exists()
    _, dataset = datasets.load_training_dataset(workspace, "mine")
    context = FitContext(workspace.settings.seed, n_threads=1)
    whole = forecaster_of(workspace.strategy("mine")).fit(dataset, None, context).save()
    stored = {row["file"]: row["sha256"] for row in files}
    assert {name: sha256_bytes(content)[:16] for name, content in whole.items()} == {n: stored[n] for n in whole}


@pytest.mark.slow
def test_every_fold_and_seed_of_a_walk_forward_keeps_its_own_state_until_the_stage_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = pytest.importorskip("trimtab.models.networks.checkpoints")
    seen: set[Path] = set()
    keep = checkpoints.Checkpoint.keep
    workspace = opened(tmp_path)

    def noting(self: Any, *arguments: Any) -> None:
        keep(self, *arguments)
        seen.add(self.path.relative_to(workspace.lake.root))

    monkeypatch.setattr(checkpoints.Checkpoint, "keep", noting)
    folds = walk_forward.report_walk_forward(workspace, "mine").tables["folds"]
    assert len(seen) == 2 * len(folds)
    assert {path.parts[:3] for path in seen} == {("checkpoints", "walk_forward_report", "mine")}
    assert {path.parent.name for path in seen} == {row["fold"] for row in folds}
    assert not (workspace.lake.root / "checkpoints" / "walk_forward_report" / "mine").exists()

from __future__ import annotations

import platform
import subprocess
from pathlib import Path

import numpy as np

from trimtab.tracking.environment import environment, git_commit


def test_the_environment_names_the_interpreter_and_the_libraries() -> None:
    found = environment()
    assert found["python"] == platform.python_version()
    assert found["libraries"]["numpy"] == np.__version__


def test_the_commit_is_that_of_the_clone_itself_and_absent_outside_of_one(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    author = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", "init", "-q", str(clone)], check=True)
    assert git_commit(clone) is None  # nothing is committed yet
    subprocess.run(["git", "-C", str(clone), *author, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    commit = git_commit(clone)
    assert commit is not None
    assert len(commit) == 40
    (clone / "inside").mkdir()
    assert git_commit(clone / "inside") is None  # somebody else's clone around ours says nothing about us

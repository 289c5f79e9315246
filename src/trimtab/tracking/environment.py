"""In what surroundings a run was made: interpreter, platform, library versions, commit."""

from __future__ import annotations

import os
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import trimtab

LIBRARIES = (
    "numpy", "pandas", "pyarrow", "scipy", "numba", "scikit-learn", "lightgbm", "xgboost-cpu", "xgboost", "torch",
    "optuna", "safetensors",
)  # fmt: skip


@cache
def environment() -> dict[str, Any]:
    """What may change a number beside data, configuration and seed; JSON values only.

    `git_commit` is None outside of a clone; what was edited and not committed shows in the code fingerprint.
    """
    return {
        "trimtab": trimtab.__version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "libraries": _installed(),
        "git_commit": git_commit(Path(trimtab.__file__).parents[2]),
    }


def git_commit(clone: Path) -> str | None:
    """The commit that a clone stands at, 40 hex digits; None where there is no clone or no git."""
    if not (clone / ".git").exists():  # a clone further up is somebody else's
        return None
    try:
        said = subprocess.run(
            ["git", "-C", str(clone), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return said.stdout.strip() or None if said.returncode == 0 else None


def _installed() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found

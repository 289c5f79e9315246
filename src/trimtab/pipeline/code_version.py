"""Which code made a result: the sources of the library and the versions of what it computes with."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import trimtab

# Of the library everything may change a number but the command line and the records of runs; of the dependencies, these.
NOT_COMPUTING = frozenset({"cli", "tracking"})
LIBRARIES = ("numpy", "pandas", "pyarrow", "scipy", "numba", "TA-Lib", "scikit-learn", "lightgbm", "xgboost-cpu", "xgboost", "optuna", "torch", "vaderSentiment")  # fmt: skip


@cache
def code_fingerprint() -> str:
    """SHA-256 of the computing sources and of the libraries' versions, 64 hex digits.

    It is an input of every stage: after an edit or an upgrade nothing old is called unchanged.
    The price is that an edit anywhere makes everything again; the same content gets the same
    fingerprints and registers nothing twice.
    """
    digest = hashlib.sha256()
    root = Path(trimtab.__file__).parent
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root)
        if name.parts[0] not in NOT_COMPUTING:
            digest.update(f"{name.as_posix()}\0".encode() + path.read_bytes())
    for library in LIBRARIES:
        digest.update(f"{library}={_installed(library)}\0".encode())
    return digest.hexdigest()


def _installed(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:  # one of the two packages of XGBoost
        return "absent"

"""A small study on a new database in the test's folder; a test changes what it is about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes.studies import small_study

from trimtab.storage.database import Database
from trimtab.tuning.study import StudyResult, run_study


@pytest.fixture
def study(tmp_path: Path) -> Callable[..., StudyResult]:
    """`run_study` with small arguments, of which some may be given."""
    storage = Database(f"sqlite:///{tmp_path / 'new' / 'trimtab.db'}")

    def run(**changes: Any) -> StudyResult:
        return run_study(**{**small_study(storage), **changes})

    return run

"""One uninterrupted run from bars to decision, made once and compared with by many tests."""

from __future__ import annotations

import pytest
from fakes.strategies import run_environment, write_world
from fakes.trimtab_runs import FinishedRun, finish_run


@pytest.fixture(scope="session")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """`trimtab run` on the tiny strategy, undisturbed. Its lake is to be copied, never written to."""
    folder = tmp_path_factory.mktemp("whole")
    return finish_run(run_environment(folder / "lake", write_world(folder)))

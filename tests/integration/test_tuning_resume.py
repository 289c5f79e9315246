"""A study killed with SIGKILL at arbitrary moments ends as an uninterrupted one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from fakes.datasets import make_dataset
from fakes.folds import thirds

from trimtab.models.families import make_forecaster, search_space
from trimtab.models.protocol import FitContext
from trimtab.storage.database import Database
from trimtab.tuning.study import StudyResult, run_study

TESTS = Path(__file__).resolve().parents[1]
SCRIPT = """
import sys
sys.path.insert(0, "integration")
from test_tuning_resume import run
run(sys.argv[1], sys.argv[2], on_trial=lambda record, wanted: print("trial", record.number, flush=True))
"""


def run(url: str, sampler: str, **more: Any) -> StudyResult:
    """The study: with `gp` its trials are pruned as well, and past the random ones before its model begins."""
    return run_study(
        make_dataset(600, k=10),
        thirds(600),
        make=lambda tuned: make_forecaster("lightgbm", tuned),
        space=search_space("lightgbm"),
        sampler=sampler,
        n_trials=12,
        objectives=["information_coefficient", "complexity"],
        pruning=sampler == "gp",
        seed=3,
        context=FitContext(3, 1),
        storage=Database(url),
        study_name="killed",
        **more,
    )


# How many trials to wait for, and for how many seconds more, before the process is killed: once while the
# tables may be in the making, then after some trials and a part of the next.
KILLS = {"tpe": ((0, 1.6), (1, 0.0), (2, 0.05), (1, 0.13)), "gp": ((9, 0.05),)}


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["tpe", "gp"])
def test_a_study_killed_again_and_again_ends_with_the_trials_of_an_uninterrupted_one(
    tmp_path: Path, sampler: str
) -> None:
    url = f"sqlite:///{tmp_path / 'killed.db'}"
    n_lines = 0
    for trials_first, then_seconds in KILLS[sampler]:
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, url, sampler], cwd=TESTS, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for _ in range(trials_first):
            assert process.stdout.readline().startswith("trial")
            n_lines += 1
        time.sleep(then_seconds)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        process.stdout.close()
    assert n_lines == sum(n for n, _ in KILLS[sampler])
    resumed = run(url, sampler)
    assert resumed == run(f"sqlite:///{tmp_path / 'whole.db'}", sampler)
    assert any(trial.pruned for trial in resumed.trials) == (sampler == "gp")

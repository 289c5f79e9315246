"""A study killed with SIGKILL at arbitrary moments ends as an uninterrupted one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
SCRIPT = """
import json, sys
from fakes.datasets import make_dataset
from fakes.folds import thirds
from trimtab.models.families import make_forecaster, search_space
from trimtab.models.protocol import FitContext
from trimtab.tuning.study import run_study

result = run_study(
    make_dataset(900, k=20), thirds(900),
    make=lambda tuned: make_forecaster("lightgbm", tuned), space=search_space("lightgbm"),
    sampler="tpe", n_trials=14, objectives=["information_coefficient", "complexity"],
    seed=3, context=FitContext(3, 1), storage=sys.argv[1], study_name="killed",
    on_trial=lambda record, wanted: print("trial", record.number, flush=True),
)
trials = [[t.number, t.parameters, t.values, t.fold_values] for t in result.trials]
print("RESULT", json.dumps([result.best_number, result.best_parameters, result.best_value, result.front, trials]))
"""


def start(url: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", SCRIPT, url], cwd=TESTS, stdout=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> list:
    output, _ = process.communicate(timeout=200)
    assert process.returncode == 0
    return json.loads(output.partition("RESULT ")[2])


@pytest.mark.slow
def test_a_study_killed_again_and_again_ends_with_the_trials_of_an_uninterrupted_one(tmp_path: Path) -> None:
    expected = finish(start(f"sqlite:///{tmp_path / 'whole.db'}"))
    url = f"sqlite:///{tmp_path / 'killed.db'}"
    lines_before_kill = 0
    # Killed once while the tables may be in the making, then after one or two trials and a part of the next.
    for trials_first, then_seconds in ((0, 1.6), (1, 0.0), (2, 0.03), (1, 0.08), (2, 0.13)):
        process = start(url)
        assert process.stdout is not None
        for _ in range(trials_first):
            assert process.stdout.readline().startswith("trial")
            lines_before_kill += 1
        time.sleep(then_seconds)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        process.stdout.close()
    assert lines_before_kill == 6
    assert finish(start(url)) == expected

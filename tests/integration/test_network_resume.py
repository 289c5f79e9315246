"""A network training killed with SIGKILL at arbitrary moments ends with the files of an uninterrupted one."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fakes.datasets import make_dataset

from trimtab.models.families import make_forecaster
from trimtab.models.protocol import FitContext

TESTS = Path(__file__).resolve().parents[1]
PARAMETERS = {"hidden": [12, 8], "window": 6, "epochs": 24, "patience": 24, "schedule": "plateau"}
SCRIPT = f"""
import sys
from pathlib import Path
from fakes.datasets import make_dataset
from trimtab.models.families import make_forecaster
from trimtab.models.protocol import FitContext

class Telling:
    def step(self, number, total, values):
        print("epoch", number, flush=True)

context = FitContext(7, 2, checkpoints=Path(sys.argv[1]), watch=Telling())
fitted = make_forecaster("lstm", {PARAMETERS!r}).fit(make_dataset(900, history=True), None, context)
for name, content in sorted(fitted.save().items()):
    Path(sys.argv[2], name).write_bytes(content)
"""


def start(checkpoints: Path, result: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SCRIPT, str(checkpoints), str(result)]
    return subprocess.Popen(command, cwd=TESTS, stdout=subprocess.PIPE, text=True)


def digests(files: dict[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


@pytest.mark.slow
def test_a_training_killed_twice_ends_with_the_files_of_an_uninterrupted_one(tmp_path: Path) -> None:
    checkpoints, result = tmp_path / "checkpoints", tmp_path / "result"
    result.mkdir()
    reached = 0
    # The times are as random as the machine is busy: in the middle of an epoch, or while a checkpoint is written.
    for epochs_first, then_seconds in ((3, 0.0), (14, 0.011)):
        process = start(checkpoints, result)
        assert process.stdout is not None
        while reached < epochs_first:
            reached = int(process.stdout.readline().removeprefix("epoch "))
        time.sleep(then_seconds)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert list(result.iterdir()) == []
        assert len(list(checkpoints.glob("*.checkpoint"))) == 1
    output, _ = start(checkpoints, result).communicate(timeout=200)
    assert output.split()[1::2] == [str(number) for number in range(1, 25)]
    assert list(checkpoints.glob("*.checkpoint")) == []
    whole = make_forecaster("lstm", PARAMETERS).fit(make_dataset(900, history=True), None, FitContext(7, 1)).save()
    assert digests({path.name: path.read_bytes() for path in result.iterdir()}) == digests(whole)

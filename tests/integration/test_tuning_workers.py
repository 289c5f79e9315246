"""Several processes run the trials of one study: each trial once, none missing, whoever is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
import pytest
from fakes.datasets import make_dataset
from fakes.folds import thirds
from fakes.registries import fresh_postgres_database
from fakes.studies import small_study

from trimtab.config.strategy import Model
from trimtab.errors import ConfigurationError, NotEnoughDataError
from trimtab.models.configured import configured_space
from trimtab.models.families import make_forecaster
from trimtab.storage.database import Database
from trimtab.tuning.handover import ConfiguredMake
from trimtab.tuning.study import StudyResult, run_study

TESTS = Path(__file__).resolve().parents[1]
FOREST = Model(algorithm="random_forest", parameters={"n_estimators": 60})
SLOW: dict[str, Any] = {  # trials of a part of a second, so that one can be caught in the middle
    "dataset": make_dataset(600, k=10),
    "folds": thirds(600),
    "make": ConfiguredMake(FOREST),
    "space": configured_space(FOREST).first(2),
    "objectives": ["log_loss"],
    "sampler": "random",
    "n_trials": 6,
    "n_workers": 2,
}


def run(url: str, **changes: Any) -> StudyResult:
    return run_study(**{**small_study(Database(url)), **changes})


def numbers_of(url: str) -> list[int]:
    study = optuna.load_study(study_name="study", storage=Database(url).sqlalchemy_url)
    return [trial.number for trial in study.get_trials(deepcopy=False)]


def workers_of(parent: int) -> list[int]:
    """The processes that work for a process, oldest first."""
    children = Path(f"/proc/{parent}/task").glob("*/children")
    found = sorted({int(pid) for path in children for pid in path.read_text().split()})
    return [pid for pid in found if b"trimtab.tuning.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_for(what: Any, seconds: float = 60.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)
    return found


@pytest.mark.slow
@pytest.mark.postgres
def test_random_search_in_two_workers_ends_with_the_trials_of_a_single_process(
    tmp_path: Path, postgres_url: str
) -> None:
    url = fresh_postgres_database(postgres_url)  # other tests have studies of the same name on this server
    told: list[int] = []
    many = run(url, sampler="random", n_workers=2, on_trial=lambda r, wanted: told.append(r.number))
    assert many == run(f"sqlite:///{tmp_path / 'one.db'}", sampler="random")
    assert sorted(told) == sorted(numbers_of(url)) == list(range(10))
    assert many.n_interrupted == 0
    # A single process may go on with it, and a finished study starts nobody.
    assert run(url, sampler="random", n_trials=12).trials[:10] == many.trials
    assert run(url, sampler="random", n_workers=2) == many


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks for the workers in /proc")
def test_the_trial_of_a_killed_worker_is_run_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'killed.db'}"
    finished: list[int] = []
    with killing_a_worker(url, finished) as killed:
        result = run(url, **SLOW, on_trial=lambda record, wanted: finished.append(record.number))
    assert killed
    assert [trial.number for trial in result.trials] == list(range(6))
    assert result.n_interrupted == 1
    assert len(set(numbers_of(url))) == len(numbers_of(url)) == 7
    assert result == run(f"sqlite:///{tmp_path / 'one.db'}", **{**SLOW, "n_workers": 1})


@contextmanager
def killing_a_worker(url: str, finished: list[int]) -> Iterator[list[int]]:
    """Once a trial is finished, kill one of two workers of this process while both are in the middle of a trial."""
    killed: list[int] = []

    def caught() -> bool:
        workers = workers_of(os.getpid())
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)  # held still, to look at what they do
        study = optuna.load_study(study_name="study", storage=Database(url).sqlalchemy_url)
        running = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,))
        if len(running) == 2 and all(trial.params for trial in running):
            os.kill(workers[0], signal.SIGKILL)
            killed.append(workers[0])
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
        return bool(killed)

    def kill() -> None:
        wait_for(lambda: finished)
        wait_for(caught)

    thread = threading.Thread(target=kill)
    thread.start()
    yield killed
    thread.join()


SCRIPT = """
import sys
sys.path.insert(0, "integration")
from test_tuning_workers import SLOW, run
run(sys.argv[1], **SLOW, on_trial=lambda record, wanted: print("trial", record.number, flush=True))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks for the workers in /proc")
def test_workers_leave_with_their_parent_and_the_study_goes_on_later(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'killed.db'}"
    parent = subprocess.Popen([sys.executable, "-c", SCRIPT, url], cwd=TESTS, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert parent.stdout.readline().startswith("trial")
    workers = workers_of(parent.pid)
    assert len(workers) == 2
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    wait_for(lambda: all(map(has_ended, workers)))
    alone = SLOW | {"n_workers": 1}
    assert run(url, **alone) == run(f"sqlite:///{tmp_path / 'one.db'}", **alone)


@pytest.mark.slow
def test_what_a_worker_raises_is_raised_here_in_its_own_class(tmp_path: Path) -> None:
    dataset = make_dataset(300)
    dataset.target[:] = 1.0  # a training part of one class
    with pytest.raises(NotEnoughDataError, match="both classes are needed"):
        run(f"sqlite:///{tmp_path / 'new.db'}", dataset=dataset, n_trials=1, n_workers=2)


def test_workers_that_cannot_share_the_database_or_the_model_are_refused(tmp_path: Path) -> None:
    for url in ("sqlite://", "sqlite:///:memory:"):
        with pytest.raises(ConfigurationError, match="database is in memory"):
            run(url, n_workers=2)
    with pytest.raises(ConfigurationError, match="cannot be told to another process"):
        run(f"sqlite:///{tmp_path / 'new.db'}", n_workers=2, make=lambda tuned: make_forecaster("linear", tuned))

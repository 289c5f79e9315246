"""Running the trials of one study in several processes on one database.

This process alone decides which trial runs next, so every number is run once and none is missing at the
end; the workers ask the sampler, train, and store what came out. A worker that dies loses its trial, which
is marked as failed and run again by a new one. When this process dies, its workers leave with it.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna

import trimtab.errors
from trimtab.errors import ConfigurationError, TrimtabError
from trimtab.storage.database import Database
from trimtab.tuning.handover import ConfiguredMake, write_search
from trimtab.tuning.trials import Make, Search, fail_running, finished_trials

MAX_DEATHS = 5  # of workers in one study: a process killed for memory dies again and again


def check_can_share(database: Database, make: Make) -> None:
    """Raise where several processes could not work on a study together."""
    if database.is_sqlite and (":memory:" in database.url or database.url.rstrip("/") == "sqlite:"):
        raise ConfigurationError(
            "n_workers is more than 1 and the database is in memory, which other processes cannot see; "
            "set TRIMTAB_DATABASE_URL to a file or to PostgreSQL, or n_workers to 1"
        )
    if not isinstance(make, ConfiguredMake):
        raise ConfigurationError(
            "n_workers is more than 1 and make is a function, which cannot be told to another process; "
            "give ConfiguredMake(model), or set n_workers to 1"
        )


def run_in_workers(
    study: optuna.Study, search: Search, numbers: Sequence[int], database: Database, on_done: Callable[[int], None]
) -> None:
    """Run the trials of some numbers in `search.n_workers` processes; returns when all are finished.

    Raises what a worker raised, and `TrimtabError` when workers keep dying.
    """
    if not numbers:
        return
    n_workers = min(search.n_workers, len(numbers))
    with tempfile.TemporaryDirectory(prefix="trimtab-study-") as folder:
        write_search(Path(folder), search)
        crew = _Crew(study, Path(folder), database, on_done)
        for number in numbers:
            crew.todo.put(number)
        with ThreadPoolExecutor(n_workers) as pool:
            for each in [pool.submit(crew.work) for _ in range(n_workers)]:
                each.result()
    fail_running(study)  # trials whose worker died before it could say which one it ran


@dataclass
class _Crew:
    """What the threads share that each look after one worker."""

    study: optuna.Study
    folder: Path
    database: Database
    on_done: Callable[[int], None]
    todo: queue.SimpleQueue[int] = field(default_factory=queue.SimpleQueue)
    n_deaths: int = 0
    failed: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def work(self) -> None:
        """Look after one worker, and its successors, until nothing is left to do."""
        worker: _Worker | None = None
        try:
            while (number := self._next()) is not None:
                worker = worker or _Worker(self.folder, self.database, self.study.study_name)
                if not worker.run(number):
                    self._bury(number, worker)
                    worker = None
                else:
                    self._done(number)
        except BaseException:
            self.failed = True  # the others finish the trial they run, and no more
            raise
        finally:
            if worker is not None:
                worker.close()

    def _next(self) -> int | None:
        try:
            return None if self.failed else self.todo.get_nowait()
        except queue.Empty:
            return None

    def _done(self, number: int) -> None:
        with self.lock:
            self.on_done(number)

    def _bury(self, number: int, worker: _Worker) -> None:
        """Close the trial of a worker that died, unless it was stored before that, and put it back."""
        code = worker.close()
        with self.lock:
            self.n_deaths += 1
            fail_running(self.study, number)
            stored = any(trial.number == number for trial in finished_trials(self.study))
        if stored:
            self._done(number)
        elif self.n_deaths > MAX_DEATHS:
            raise TrimtabError(
                f"{self.n_deaths} workers of study '{self.study.study_name}' died, the last one with exit code {code}; "
                "it may lack memory: lower tuning.n_workers and run again, finished trials are kept"
            )
        else:
            self.todo.put(number)


class _Worker:
    """One process that runs trials."""

    def __init__(self, folder: Path, database: Database, study_name: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "trimtab.tuning.worker", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        # Through the pipe, because others may read a command line or an environment, and a URL holds a password.
        opened = {"url": database.url, "busy_timeout_seconds": database.busy_timeout_seconds, "study": study_name}
        self._say(opened)

    def run(self, number: int) -> bool:
        """Run one trial; False when the process died over it. Raises what the trial raised."""
        self._say(number)
        assert self.process.stdout is not None
        answer = self.process.stdout.readline()
        if not answer.endswith("\n"):
            return False
        answered = json.loads(answer)
        if "error" in answered:
            raise _rebuilt(answered["kind"], answered["error"])
        return True

    def close(self) -> int:
        """End the process and return its exit code, negative for a signal."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        code = self.process.wait()
        self.process.stdout.close()
        return code

    def _say(self, value: Any) -> None:
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # it has died; whoever waits for its answer will see that
            self.process.stdin.write(json.dumps(value) + "\n")
            self.process.stdin.flush()


def _rebuilt(kind: str, message: str) -> TrimtabError:
    """The error a worker told of, in its own class, so that a caller can tell one from another."""
    found = getattr(trimtab.errors, kind, TrimtabError)
    error: TrimtabError = found.__new__(found)
    error.args = (message,)
    return error

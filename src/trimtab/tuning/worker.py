"""A process that runs trials of one study: `python -m trimtab.tuning.worker FOLDER`, started by `workers`.

It is told on its standard input, one JSON value per line: first the database and the study, then the
numbers of trials to run. It answers one line per trial on its standard output. When the input ends,
its parent has gone or needs it no more, and it leaves at once, in the middle of a trial if need be.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from pathlib import Path
from typing import Any, TextIO

from trimtab.errors import TrimtabError
from trimtab.storage.database import Database
from trimtab.tuning.handover import read_search
from trimtab.tuning.storage import clear_errors, join_study, quiet_optuna
from trimtab.tuning.trials import Search, run_trial


def serve(search: Search, told: queue.SimpleQueue[str], answers: TextIO) -> None:
    """Run the trials that are asked for, until the process is ended."""
    opened = json.loads(told.get())
    database = Database(opened["url"], opened["busy_timeout_seconds"])
    with quiet_optuna():
        study = None
        while True:
            number = int(told.get())
            answer: dict[str, Any] = {"done": number}
            try:
                with clear_errors(database.url):
                    study = study or join_study(database, opened["study"])
                    run_trial(study, search, number)
            except TrimtabError as error:
                answer = {"error": str(error), "kind": type(error).__name__}
            print(json.dumps(answer), file=answers, flush=True)


def _listen(told: queue.SimpleQueue[str]) -> None:
    for line in sys.stdin:
        told.put(line)
    os._exit(0)


def main() -> None:
    """Serve the search in the folder named on the command line."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a library that prints must not be taken for an answer
    told: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(told,), daemon=True).start()
    serve(read_search(Path(sys.argv[1])), told, answers)


if __name__ == "__main__":
    main()

"""How far the run at work is, on one line of the terminal that is written again and again."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from trimtab.tracking.record import RunRecord
    from trimtab.tracking.run_store import RunStore

POLL_SECONDS = 0.5
NEWEST = 3  # only these can be at work: stages follow one another
WIDTH = 60  # the line of a finished stage, which is written over this one, is longer
CLEAR = "\x1b[K"


@contextmanager
def progress_shown(runs: RunStore, out: TextIO | None = None) -> Iterator[None]:
    """Show the steps of the run at work (epochs, rounds, trials, folds) while the block lasts; only on a terminal.

    It is read from the lake, so it costs the work nothing and shows that of another process too.
    """
    terminal = out or sys.stderr
    if not terminal.isatty():
        yield
        return
    over = threading.Event()
    shower = threading.Thread(target=_show, args=(runs, terminal, over), daemon=True)
    shower.start()
    try:
        yield
    finally:
        over.set()
        shower.join()


def _show(runs: RunStore, terminal: TextIO, over: threading.Event) -> None:
    before = ""
    while not over.wait(POLL_SECONDS):
        line = progress_line(runs)
        if line or before:
            # The cursor goes back to the beginning: whoever writes next writes over it.
            terminal.write(f"\r{line}{CLEAR}\r")
            terminal.flush()
        before = line


def progress_line(runs: RunStore) -> str:
    """What is at work, and its last step; empty when nothing is."""
    from trimtab.errors import TrimtabError

    try:
        working = [record for record in map(runs.read, runs.ids()[-NEWEST:]) if not record.is_over]
        return _line(working[-1], runs)[:WIDTH] if working else ""
    except TrimtabError:  # removed or written again just now
        return ""


def _line(record: RunRecord, runs: RunStore) -> str:
    step, total = runs.progress(record.id) or (None, None)
    done = "" if step is None else f"  step {step} of {total}" if total else f"  step {step}"
    return f"  {record.kind:<22} {record.strategy}{done}"

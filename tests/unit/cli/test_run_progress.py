from __future__ import annotations

import io
import time

from fakes.runs import start_run

from trimtab.cli.run_progress import WIDTH, progress_line, progress_shown
from trimtab.storage.lake import Lake
from trimtab.tracking.run_store import RunStore


class Terminal(io.StringIO):
    """A terminal that remembers what was written on it."""

    def isatty(self) -> bool:
        return True


def test_the_line_says_what_is_at_work_and_how_far_it_is(lake: Lake) -> None:
    runs = RunStore.of(lake)
    assert progress_line(runs) == ""
    with start_run(lake) as run:
        assert progress_line(runs) == "  candidate_model        demo"
        run.metrics({"train_loss": 0.7}, step=3, total=40)
        assert progress_line(runs) == "  candidate_model        demo  step 3 of 40"
    assert progress_line(runs) == ""


def test_a_long_name_does_not_push_the_line_over_what_is_written_next(lake: Lake) -> None:
    with start_run(lake, strategy="s" * 64):
        assert len(progress_line(RunStore.of(lake))) == WIDTH


def test_a_terminal_is_shown_the_line_and_a_file_nothing(lake: Lake) -> None:
    runs, terminal, file = RunStore.of(lake), Terminal(), io.StringIO()
    with start_run(lake) as run, progress_shown(runs, file), progress_shown(runs, terminal):
        run.metrics({}, step=1, total=2)
        deadline = time.monotonic() + 20
        while "step 1 of 2" not in terminal.getvalue() and time.monotonic() < deadline:
            time.sleep(0.05)
    assert "\r  candidate_model        demo  step 1 of 2\x1b[K\r" in terminal.getvalue()
    assert file.getvalue() == ""

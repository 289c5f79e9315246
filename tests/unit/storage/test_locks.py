from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from trimtab.errors import LockedError
from trimtab.storage.locks import exclusive


def hold(path: Path, ready: multiprocessing.synchronize.Event) -> None:
    with exclusive(path):
        ready.set()
        signal.pause()


def test_a_second_process_is_refused_until_the_holder_dies(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    holder = context.Process(target=hold, args=(tmp_path / "name.lock", ready))
    holder.start()
    try:
        assert ready.wait(20)
        with pytest.raises(LockedError, match="another process has held"), exclusive(tmp_path / "name.lock", 0.1):
            pass
    finally:
        os.kill(holder.pid, signal.SIGKILL)
        holder.join()
    with exclusive(tmp_path / "name.lock", 5):  # the operating system has released it
        pass

"""Locks between processes: one writer at a time for one name.

The lock is `flock(2)` on a file: the operating system releases it when its holder dies, so a
killed run never blocks the next one.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trimtab.errors import LockedError


@contextmanager
def exclusive(path: Path, timeout_seconds: float = 60.0) -> Iterator[None]:
    """Hold the lock file at `path`; raise `LockedError` when it stays taken for too long."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    try:
        _acquire(descriptor, path, time.monotonic() + timeout_seconds, timeout_seconds)
        yield
    finally:
        os.close(descriptor)  # closing releases the lock


def _acquire(descriptor: int, path: Path, deadline: float, timeout_seconds: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise LockedError(
                    f"another process has held {path} for more than {timeout_seconds:g} s; "
                    "wait for it to finish or stop it, then run again"
                ) from None
            time.sleep(0.02)

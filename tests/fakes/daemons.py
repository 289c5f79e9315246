"""Dagster's real daemon in a process group of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def running_daemon(environment: Mapping[str, str], log: Path) -> Iterator[None]:
    """Prepare Dagster's home and run the daemon on it; it and all its children end with the block."""
    serve = [sys.executable, "-m", "dagster_project.serve"]
    subprocess.run([*serve, "prepare"], env=dict(environment), check=True, capture_output=True)
    with log.open("w") as output:
        process = subprocess.Popen(
            [*serve, "daemon"], env=dict(environment), stdout=output, stderr=output, start_new_session=True
        )
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

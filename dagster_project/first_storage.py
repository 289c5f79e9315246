"""Dagster's SQLite files appear in its home whole, or not at all.

Dagster makes its tables, indexes and notes about finished migrations one statement at a time, only when
the files are absent. A process killed in between leaves files that count as made and stay incomplete
for ever. So they are made in a folder beside and moved in by renaming.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import dagster as dg

from trimtab.storage.locks import exclusive

_FOLDERS = ("history", "schedules")


def make_storage(home: Path) -> None:
    """Make the files of the embedded profile where a home has none yet; otherwise change nothing."""
    if _is_made(home):
        return
    with exclusive(home / "storage.lock"):
        if _is_made(home):  # by whoever held the lock
            return
        made = home / ".new"
        shutil.rmtree(made, ignore_errors=True)  # of one that was killed here
        made.mkdir()
        (made / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
        dg.DagsterInstance.from_config(str(made)).dispose()
        for name in _FOLDERS:
            if not (home / name).exists():
                (made / name).rename(home / name)
        shutil.rmtree(made)


def _is_made(home: Path) -> bool:
    return all((home / name).is_dir() for name in _FOLDERS)

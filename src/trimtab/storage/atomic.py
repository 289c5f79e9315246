"""Writing files so that a crash at any moment leaves the old file or the new one, never a part.

The order is: temporary file in the same folder → write → fsync → rename → fsync of the folder
(`rename(2)` is atomic within a file system; without the last step the name itself may be lost
in a power cut).
"""

from __future__ import annotations

import contextlib
import errno
import os
import uuid
from collections.abc import Callable
from pathlib import Path

from trimtab.errors import StorageError

TEMPORARY_SUFFIX = ".tmp"


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file, then give it its name in one step.

    Raises `StorageError` when the disk is full or the folder cannot be written; the temporary
    file is removed and what stood at `path` before still stands.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{uuid.uuid4().hex[:8]}{TEMPORARY_SUFFIX}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        with open(temporary, "rb") as handle:
            os.fsync(handle.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise StorageError(_explain(path, error)) from error
    finally:
        with contextlib.suppress(OSError):  # a parent that is no folder has been said already
            temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes atomically."""
    write_atomically(path, lambda temporary: _dump(temporary, content))


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    write_bytes(path, text.encode())


def remove_leftovers(root: Path, older_than_seconds: float = 3600.0) -> list[Path]:
    """Delete temporary files that a killed process left under `root`; return what was deleted.

    Only files older than the limit go, because another process may be writing right now.
    """
    import time

    limit = time.time() - older_than_seconds
    removed = []
    for path in root.rglob(f".*{TEMPORARY_SUFFIX}"):
        try:
            if path.stat().st_mtime <= limit:
                path.unlink()
                removed.append(path)
        except FileNotFoundError:  # its writer has just renamed or removed it
            continue
    return removed


def _dump(path: Path, content: bytes) -> None:
    with open(path, "wb") as handle:
        handle.write(content)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _explain(path: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full: {path} was not written, what stood there before is untouched; free some space and run again"
    if error.errno == errno.EFBIG:
        return f"{path} was not written: it is larger than this process may write; raise the limit (ulimit -f) and run again"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{path} cannot be written ({error.strerror}); check the permissions of {path.parent}"
    return f"{path} was not written: {error.strerror or error}"

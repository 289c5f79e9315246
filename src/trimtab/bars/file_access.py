"""Opening bar files: what is one, what can go wrong, and whether it is still the one we knew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trimtab.errors import SourceError

SUFFIXES = (".csv", ".csv.gz", ".parquet")


@dataclass(frozen=True)
class FileStamp:
    """What tells a file from a later one at the same path, without reading it.

    Attributes
    ----------
    size: in bytes.
    modified: nanoseconds since 1970.
    inode: its number in the file system; a file that was replaced has another.
    """

    size: int
    modified: int
    inode: int


def check_bar_file(path: Path) -> None:
    """Raise `SourceError` where the path is no file that could hold bars."""
    if path.is_dir():
        raise SourceError(f"{path} is a folder; give one file, or open the folder as source 'files'")
    if not path.exists():
        raise SourceError(f"bar file {path} does not exist; check the path")
    if not path.name.lower().endswith(SUFFIXES):
        raise SourceError(f"{path.name} is no bar file; allowed endings are {', '.join(SUFFIXES)}")
    with readable(path):
        if path.stat().st_size == 0:
            raise SourceError(f"{path} is empty (0 bytes); was it fully written?")


def is_parquet(path: Path) -> bool:
    """Whether the name says Parquet."""
    return path.name.lower().endswith(".parquet")


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what goes wrong while a file is read into one sentence of a `SourceError`."""
    import pyarrow as pa

    try:
        yield
    except FileNotFoundError:
        raise SourceError(f"{path} vanished while it was being read; put it back and run again") from None
    except pa.ArrowException as error:
        reason = " ".join(str(error).split())[:200]
        raise SourceError(f"{path} cannot be read ({reason}); was it fully written?") from None
    except OSError as error:
        reason = error.strerror or " ".join(str(error).split())[:200]
        raise SourceError(f"{path} cannot be read ({reason}); check the file and its permissions") from None


def stamp_of(path: Path) -> FileStamp:
    """The stamp of the file that is there now."""
    with readable(path):
        found = path.stat()
    return FileStamp(found.st_size, found.st_mtime_ns, found.st_ino)


def refuse_changed(path: Path, stamp: FileStamp) -> None:
    """Raise `SourceError` where the file is another than when the stamp was taken."""
    if stamp_of(path) != stamp:
        raise SourceError(f"{path} changed while it was being read; let its writer finish and run again")

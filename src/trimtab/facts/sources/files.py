"""Opening files of facts: what is one, and what goes wrong while it is read, in the same sentences for every format."""

from __future__ import annotations

import textwrap
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trimtab.errors import SourceError

_REASON = 160  # characters of what a parser says


def require_file(path: Path) -> None:
    """`SourceError` where the path is no file that could hold anything: absent, a folder, or empty."""
    if path.is_dir():
        raise SourceError(f"{path} is a folder; give one file")
    if not path.is_file():
        raise SourceError(f"there is no file {path}; check the path")
    if path.stat().st_size == 0:
        raise SourceError(f"{path} is empty (0 bytes); was it fully written?")


def is_parquet(path: Path) -> bool:
    """Whether the name says Parquet."""
    return path.suffix.lower() in (".parquet", ".pq")


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what goes wrong while a table is read into one sentence of a `SourceError`."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, ValueError, EOFError, zlib.error) as error:
        kind = "Parquet" if is_parquet(path) else "CSV"
        raise SourceError(f"{path} cannot be read as {kind} ({in_short(error)}); was it fully written?") from None


def in_short(error: Exception) -> str:
    """What an error says, on one line, whole words only and without brackets, which a cut would leave open.

    >>> in_short(ValueError("no (good)\\n line"))
    'no good line'
    """
    said = str(error).translate(str.maketrans("", "", "()"))
    return textwrap.shorten(said, _REASON, placeholder=" ...").rstrip(".") or type(error).__name__

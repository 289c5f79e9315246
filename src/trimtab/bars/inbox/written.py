"""Whether a file is fully written, from its name, its age and what stands at its end.

Nobody tells a folder that a file is complete, so three signs are asked for. Its name is that of a
bar file and not one a download uses meanwhile. It has been left alone for a while: neither written
to nor renamed, which the operating system notes by itself (`ctime`), so a copy that keeps the old
modification time does not deceive. And it is whole as its format defines it.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trimtab.bars.file_access import SUFFIXES

# A writer that has stopped for so long does not come back: a Parquet or gzip file without its end
# is bad then, and a CSV file whose last line has no line break is taken to be written that way.
STALLED_AFTER = timedelta(hours=1)
TEMPORARY_ENDINGS = (".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload", ".download", ".swp", "~")

_PARQUET_MAGIC = b"PAR1"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Found:
    """A file as the folder shows it, without opening it.

    Attributes
    ----------
    path: where it lies.
    n_bytes: its size.
    mtime_ns, ctime_ns: when its content and when anything about it last changed, nanoseconds since
        1970; `ctime_ns` cannot be set by a program.
    """

    path: Path
    n_bytes: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def at(cls, path: Path) -> Found:
        """The file at a path; raises `OSError` where there is none."""
        status = path.stat()
        return cls(path, status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    @property
    def name(self) -> str:
        """Its name in the folder."""
        return self.path.name

    @property
    def touched(self) -> datetime:
        """When it was last written to, renamed or moved here (UTC)."""
        return datetime.fromtimestamp(max(self.mtime_ns, self.ctime_ns) / 1e9, tz=UTC)


def not_a_bar_file(name: str) -> str | None:
    """Why a name is not that of a finished bar file, or None when it is.

    >>> not_a_bar_file("bars.csv.part")
    'its name says that it is still being written'
    >>> not_a_bar_file("bars.parquet") is None
    True
    """
    plain = name.lower()
    if plain.endswith(TEMPORARY_ENDINGS) or plain.startswith("~"):
        return "its name says that it is still being written"
    if not plain.endswith(SUFFIXES):
        return f"it is no bar file; allowed endings are {', '.join(SUFFIXES)}"
    return None


def too_young(found: Found, now: datetime, settle_seconds: float) -> str | None:
    """Why a file has not been left alone for long enough, or None when it has."""
    age = (now - found.touched).total_seconds()
    if age < 0:
        moment = found.touched.isoformat(timespec="seconds").replace("+00:00", "Z")
        return f"it is dated in the future ({moment}); touch it, or wait until then"
    if age < settle_seconds:
        return f"it was changed {age:.0f} s ago and must be left alone for {settle_seconds:g} s"
    return None


def has_stalled(found: Found, now: datetime) -> bool:
    """Whether nobody has touched a file for so long that its writer will not come back."""
    return now - found.touched >= STALLED_AFTER


def unfinished(path: Path) -> str | None:
    """What a file lacks to be whole, or None when it is whole; raises `OSError` if it cannot be read.

    Parquet: the magic bytes at both ends and a footer that can be read. gzip: every member up to its
    checksum. CSV has no end that could be checked; a last line without its line break is a weak sign
    that more is to come, and a number cut in the middle is still a number.
    """
    name = path.name.lower()
    if path.stat().st_size == 0:
        return "it is empty (0 bytes)"
    if name.endswith(".parquet"):
        return _parquet_lacks(path)
    return _gzip_lacks(path) if name.endswith(".gz") else _csv_lacks(path)


def _parquet_lacks(path: Path) -> str | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with path.open("rb") as file:
        begins = file.read(4) == _PARQUET_MAGIC
        file.seek(max(path.stat().st_size - 4, 0))
        ends = file.read() == _PARQUET_MAGIC
    if not (begins and ends):
        return "it is a Parquet file without its end" if begins else "it does not begin like a Parquet file"
    try:
        pq.read_metadata(path)
    except (pa.ArrowException, OSError):
        return "it is a Parquet file whose footer cannot be read"
    return None


def _gzip_lacks(path: Path) -> str | None:
    try:
        with gzip.open(path) as file:
            while file.read(_CHUNK):
                pass
    except EOFError:
        return "it is a gzip file without its end"
    except (gzip.BadGzipFile, zlib.error):
        return "it is a gzip file that cannot be unpacked"
    return None


def _csv_lacks(path: Path) -> str | None:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return None if file.read() in (b"\n", b"\r") else "its last line has no line break"

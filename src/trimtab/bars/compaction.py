"""Compaction: many parts of a series become two, with every version kept once.

Compaction number N puts the latest version of every bar known to parts 1 to N into
`N-current-<hash>` and the older versions into `N-superseded-<hash>`. Superseded versions are
written first; the moment `current` appears under its name is the moment the compaction has
happened; then what it covers is deleted. Killed before that moment it has not happened, killed
after it some covered parts are left: readers ignore them, and the next writer removes them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trimtab.bars.schema import Bars
from trimtab.bars.versions import is_last
from trimtab.storage.hashing import fingerprint_arrays
from trimtab.storage.parts import Parts, list_parts
from trimtab.storage.tables import TableStore


@dataclass(frozen=True)
class CompactionReport:
    """What a compaction did.

    Attributes
    ----------
    parts: files that readers of the whole history had to open before.
    superseded: versions that a later one of the same bar has replaced, now in a file of their own.
    current: bars in their latest version.
    is_changed: False where there was nothing to gather.
    """

    parts: int
    superseded: int
    current: int
    is_changed: bool


def compact(tables: TableStore, folder: str, read: Callable[[], Bars]) -> CompactionReport:
    """Gather the parts of a folder; whoever calls this holds the lock of the series.

    Parameters
    ----------
    folder: of the series, such as `bars/AAPL__1d`.
    read: gives every version of the series by event time, then known time.
    """
    parts = remove_covered(tables, folder)
    versions = read()
    latest = is_last(versions.event_time)
    superseded = int((~latest).sum())
    if len(parts.live) < 2:  # one part holds every bar once: an append takes no bar twice
        return CompactionReport(len(parts.complete), superseded, int(latest.sum()), is_changed=False)
    if superseded:
        write_part(tables, f"{folder}/{parts.last:06d}-superseded", versions.take(~latest))
    write_part(tables, f"{folder}/{parts.last:06d}-current", versions.take(latest))
    remove_covered(tables, folder)
    return CompactionReport(len(parts.complete), superseded, int(latest.sum()), is_changed=True)


def remove_covered(tables: TableStore, folder: str) -> Parts:
    """Delete what no reader needs, and return the parts that are left."""
    parts = list_parts(tables, folder)
    for name in parts.covered:
        tables.delete(name)
    return list_parts(tables, folder) if parts.covered else parts


def write_part(tables: TableStore, name: str, bars: Bars) -> None:
    """Write bars as one part whose name ends in a hash of them."""
    tables.write(f"{name}-{_content(bars)}", bars.to_table())


def _content(bars: Bars) -> str:
    return fingerprint_arrays(dict(bars.arrays()))[:12]

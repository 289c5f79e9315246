"""The Parquet parts of one folder of the store: what they are called, and how a reader gets a whole set.

A part is `000007-<hash>`: number seven, with a hash of what it holds. Compaction number seven (see
`trimtab.bars.compaction`) leaves `000007-current-<hash>` and, where bars had older versions,
`000007-superseded-<hash>`, which together hold what parts 1 to 7 held.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trimtab.errors import NotFoundError, StorageError
from trimtab.storage.tables import TableStore

if TYPE_CHECKING:
    import pyarrow as pa

_NAME = re.compile(r"(?:.*/)?(\d{6,})-(current-|superseded-)?[0-9a-f]+")
_ATTEMPTS = 100


@dataclass(frozen=True)
class Parts:
    """The parts of a folder, by what they are; names as `TableStore` knows them.

    Attributes
    ----------
    last: highest number taken, 0 where there is no part.
    current: latest versions as of the last compaction; None before the first.
    superseded: the older versions as of it; None where there are none.
    later: what was appended after it, in order.
    covered: what a compaction covers or never finished; no reader needs it.
    """

    last: int
    current: str | None
    superseded: str | None
    later: tuple[str, ...]
    covered: tuple[str, ...]

    @classmethod
    def of(cls, names: Iterable[str]) -> Parts:
        """Sort the names of a folder; names of no part are left alone.

        >>> Parts.of(["s/000001-aa", "s/000002-bb", "s/000002-current-cc", "s/000003-dd"])
        Parts(last=3, current='s/000002-current-cc', superseded=None, later=('s/000003-dd',), covered=('s/000001-aa', 's/000002-bb'))
        """
        found = sorted((int(match[1]), match[2] or "", name) for name in names if (match := _NAME.fullmatch(name)))
        base = max((number for number, kind, _ in found if kind == "current-"), default=0)
        by_kind = {kind: name for number, kind, name in found if kind and number == base}
        later = tuple(name for number, kind, name in found if not kind and number > base)
        needed = {*by_kind.values(), *later}
        return cls(
            last=max((number for number, _, _ in found), default=0),
            current=by_kind.get("current-"),
            superseded=by_kind.get("superseded-"),
            later=later,
            covered=tuple(name for _, _, name in found if name not in needed),
        )

    @property
    def live(self) -> tuple[str, ...]:
        """What holds the latest version of everything."""
        return (*([self.current] if self.current else []), *self.later)

    @property
    def complete(self) -> tuple[str, ...]:
        """What holds every version once."""
        return (*([self.superseded] if self.superseded else []), *self.live)


def list_parts(tables: TableStore, folder: str) -> Parts:
    """The parts of a folder as they are now."""
    return Parts.of(tables.names(folder))


def read_parts(
    tables: TableStore, folder: str, chosen: Callable[[Parts], tuple[str, ...]], columns: Sequence[str]
) -> list[pa.Table]:
    """The chosen parts of a folder, all of one moment, while others append and compact.

    A compaction may delete what was just listed, or a listing may fall into its middle and miss both
    what it wrote and what it deleted. So the set counts only if the last compaction is the same
    one after reading as before; parts that were appended meanwhile are for the next reader.
    """
    for _ in range(_ATTEMPTS):
        parts = list_parts(tables, folder)
        try:
            read = [tables.read(name, list(columns)) for name in chosen(parts)]
        except NotFoundError:
            continue
        if list_parts(tables, folder).current == parts.current:
            return read
    raise StorageError(
        f"the parts of {folder} changed {_ATTEMPTS} times while they were read; wait for the other process and run again"
    )

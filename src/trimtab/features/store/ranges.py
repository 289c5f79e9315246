"""What the parts of a table are called: each says which appends its rows are of.

A part `000005-000005-<hash>` holds the rows of append five, `000001-000004-<hash>` those of appends one
to four. Where one range lies inside another, or in what the base covers, its rows are there already:
it is a leftover of a killed process. Ranges never overlap otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

GATHERED_AT_ONCE = 4
_NAME = re.compile(r"(?:.*/)?(\d{6,})-(\d{6,})-[0-9a-f]+")


@dataclass(frozen=True, order=True)
class Part:
    """One part: the appends it holds, and its name in the lake."""

    first: int
    last: int
    name: str

    @property
    def size(self) -> int:
        """Appends it holds."""
        return self.last - self.first + 1


def parts_of(names: Iterable[str]) -> list[Part]:
    """The parts among some names, sorted; names of no part are left alone."""
    found = ((name, _NAME.fullmatch(name)) for name in names)
    return sorted(Part(int(match[1]), int(match[2]), name) for name, match in found if match)


def live_parts(names: Iterable[str], covers: int) -> tuple[Part, ...]:
    """The parts whose rows follow those of a base that covers so many appends, in order.

    >>> names = ["t/000001-000001-aa", "t/000002-000002-bb", "t/000001-000002-cc", "t/000003-000003-dd"]
    >>> [part.name for part in live_parts(names, 0)], [part.name for part in live_parts(names, 2)]
    (['t/000001-000002-cc', 't/000003-000003-dd'], ['t/000003-000003-dd'])
    """
    live: list[Part] = []
    reached = covers
    for part in sorted(parts_of(names), key=lambda each: (each.first, -each.last)):
        if part.last > reached:
            live.append(part)
            reached = part.last
    return tuple(live)


def part_name(table: str, first: int, last: int, content: str) -> str:
    """The name of a part of a table, with some digits of a hash of its content."""
    return f"{table}/{first:06d}-{last:06d}-{content[:12]}"


def last_number(names: Iterable[str], covers: int) -> int:
    """The number of the last append there is a trace of."""
    return max((part.last for part in parts_of(names)), default=covers)


def to_gather(parts: Sequence[Part]) -> tuple[Part, ...]:
    """The parts at the end that are to become one: four of the same size, or none.

    So n appends lie in about 3 log4(n) parts, and each row is written anew about log4(n) times.

    >>> sizes = lambda *each: [Part(k, k + size - 1, "") for k, size in enumerate(each)]
    >>> len(to_gather(sizes(4, 1, 1, 1))), len(to_gather(sizes(4, 1, 1, 1, 1)))
    (0, 4)
    """
    last = tuple(parts[-GATHERED_AT_ONCE:])
    return last if len(last) == GATHERED_AT_ONCE and len({part.size for part in last}) == 1 else ()

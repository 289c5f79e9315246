"""What has been worked out from facts alone, kept for as long as the facts themselves are.

A bar that is added leaves the facts as they were, and reading thousands of them again costs more than the features of
the bar. `prepared` keeps an answer beside the object it was made of: other facts are another object, so nothing has to
be compared, and what was kept goes with its object. Facts are values: whoever changes an array of theirs in place will
read old answers, so make new facts instead (`take`, `dataclasses.replace`).

Several threads may ask at once; two that ask for the same the first time may both work it out.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

LARGEST = 256 * 2**20  # bytes kept of all facts together


class Memory:
    """Answers by the object they were made of, up to a size; those of the object longest unused go first.

    Every step is one operation on a dictionary, so no lock is held: the end of an object may come in the middle of one.
    """

    def __init__(self, largest: int = LARGEST) -> None:
        """`largest`: bytes of arrays kept; what is larger by itself is handed over and not kept."""
        self._largest, self._asked = largest, 0
        self._kept: dict[int, _Kept] = {}

    def __len__(self) -> int:
        """How many objects something is kept of."""
        return len(self._kept)

    @property
    def size(self) -> int:
        """Bytes of the arrays kept."""
        return sum(each.size for each in list(self._kept.values()))

    def prepared(self, function: Callable[..., Any], facts: Any, *arguments: Any) -> Any:
        """`function(facts, *arguments)`, worked out once; arrays in it cannot be written to. None is never kept."""
        if facts is None:
            return function(None, *arguments)
        kept = self._kept.get(id(facts))
        if kept is None or kept.of() is not facts:  # an object that is gone may have had the same number
            kept = self._kept[id(facts)] = _Kept(facts, self._kept)
        self._asked += 1
        kept.used = self._asked
        key = (function, *arguments)
        answer = kept.answers.get(key)
        if answer is None:
            answer = function(facts, *arguments)
            self._keep(kept, key, answer)
        return answer

    def _keep(self, kept: _Kept, key: tuple[Any, ...], answer: Any) -> None:
        size = _closed(answer)
        if size > self._largest:
            return
        kept.answers[key] = answer
        kept.size += size
        for number, each in sorted(self._kept.items(), key=lambda item: item[1].used):
            if self.size <= self._largest:
                return
            if each is not kept:
                self._kept.pop(number, None)
        if self.size > self._largest:
            kept.answers, kept.size = {key: answer}, size


class _Kept:
    """The answers of one object, which is not kept alive by them."""

    def __init__(self, facts: Any, all_kept: dict[int, _Kept]) -> None:
        self.answers: dict[tuple[Any, ...], Any] = {}
        self.size = self.used = 0
        number = id(facts)

        def forget(gone: weakref.ref[Any]) -> None:
            kept = all_kept.get(number)
            if kept is not None and kept.of is gone:
                all_kept.pop(number, None)

        self.of = weakref.ref(facts, forget)


def _closed(answer: Any) -> int:
    """Bytes of the arrays in an answer, which become read-only."""
    if isinstance(answer, np.ndarray):
        answer.flags.writeable = False
        return answer.nbytes
    if isinstance(answer, (tuple, list)):
        return sum(_closed(each) for each in answer)
    if isinstance(answer, Mapping):
        return sum(_closed(each) for each in answer.values())
    if is_dataclass(answer):
        return sum(_closed(getattr(answer, field.name)) for field in fields(answer))
    return 0


MEMORY = Memory()
prepared = MEMORY.prepared

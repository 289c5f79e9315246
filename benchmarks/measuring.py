"""What the benchmarks share: how time is taken and how results are shown."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """The results of one benchmark.

    Attributes
    ----------
    title: what was measured.
    header: the columns; the first is text, the others are numbers already written out.
    rows: one per measured thing.
    note: what the reader must know to judge the numbers.
    """

    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str

    def markdown(self) -> str:
        """The section as Markdown."""
        lines = [self.header, ("---", *["---:"] * (len(self.header) - 1)), *self.rows]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"## {self.title}\n\n{table}\n\n{self.note}\n"

    def text(self) -> str:
        """The section as aligned text."""
        lines = [self.header, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.header))]
        table = "\n".join(
            "  ".join(
                [line[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(line[1:], widths[1:], strict=True))]
            )
            for line in lines
        )
        return f"{self.title}\n{'-' * len(self.title)}\n{table}\n{self.note}\n"


def best_of(work: Callable[[], object], rounds: int) -> float:
    """Processor seconds of the fastest of several rounds, after one that lets numba compile.

    Processor time of the whole process, the fastest round: other work on the machine disturbs it least.
    """
    work()
    best = float("inf")
    for _ in range(rounds):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def times(slower: float, faster: float) -> str:
    """How many times longer one thing takes than another."""
    ratio = slower / faster
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"

"""Ways to take time besides `measuring.best_of`: of long works, and of the clock where waiting is part of the matter."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median


def processor_seconds(work: Callable[[], object], rounds: int, warm: Callable[[], object]) -> float:
    """Processor seconds of the fastest of several rounds; `warm` is a small work that lets numba compile before."""
    warm()
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)


def fastest(work: Callable[[], object], rounds: int) -> float:
    """Seconds of the clock of the fastest of several rounds."""
    return min(_taken(work) for _ in range(rounds))


def typical(works: list[Callable[[], object]]) -> float:
    """Median seconds of the clock of works that cannot be repeated, such as appending one row after another."""
    return median(_taken(work) for work in works)


def _taken(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began

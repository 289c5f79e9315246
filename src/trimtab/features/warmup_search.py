"""How much context a feature needs, found by computing it from many starts and comparing every row.

One computation that begins at a later bar gives, row by row, the feature with one bar of context,
two bars, and so on to the end. Beside the computation over full history it shows directly after
how many bars the beginning has been forgotten: every context is tried, none is inferred from
another one, so nothing has to be monotone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil

import numpy as np

from trimtab.bars import Bars
from trimtab.features.catalogue import Feature, declared_features, resolve
from trimtab.features.engine import compute
from trimtab.features.parallel import in_order
from trimtab.features.stored_warmups import StoredWarmup, identity_of, stored_warmups, write_warmups
from trimtab.features.surroundings import NOTHING, Surroundings
from trimtab.features.warmup import TOLERANCE, differences, median_size
from trimtab.features.warmup_cases import bars_of, cases, surroundings_of

STARTS = 24  # computations per series; where an exponential mean begins decides a few bars of its memory
MARGIN = 0.25
_SHORTEST_PROOF = 64


@dataclass(frozen=True)
class Memory:
    """How long one feature remembers, on one series or on all of them.

    Attributes
    ----------
    found: the smallest context from which on the numbers stay those of full history, to 1e-9; None
        where no start had enough bars behind it to show that.
    case: the series that asked for most.
    stray: rows that differ although a far shorter context gives the number of full history. That is no
        memory but the last bit of something that decides (a tie, a root of almost nothing): a defect.
    compared: rows compared after the beginning was forgotten.
    """

    found: int | None
    case: str
    stray: int
    compared: int

    @property
    def is_settled(self) -> bool:
        """Whether a context was enough, and stayed enough in every row."""
        return self.found is not None and self.stray == 0


def search(
    names: Sequence[str], n_workers: int = 1, finished: Callable[[str], None] = lambda case: None
) -> dict[str, Memory]:
    """The memory of features over all searched series, one process per series and at most `n_workers` at once."""
    names = resolve(names=names)
    memories: list[dict[str, Memory]] = []
    for case, found in zip(
        cases(), in_order(partial(search_case, names), cases(), n_workers, processes=True), strict=True
    ):
        memories.append(found)
        finished(case)
    return {name: longest(each[name] for each in memories) for name in names}


def search_case(names: Sequence[str], case: str) -> dict[str, Memory]:
    """The memory of features on one searched series."""
    bars = bars_of(case)
    return search_bars(names, bars, case, surroundings_of(bars))


def search_bars(
    names: Sequence[str], bars: Bars, case: str = "", surroundings: Surroundings = NOTHING, starts: int = STARTS
) -> dict[str, Memory]:
    """The memory of features on some bars, from `starts` beginnings in their first half.

    >>> bars = bars_of("calm walk", 400)
    >>> search_bars(["return_5", "sma_distance_20"], bars)["sma_distance_20"].found
    19
    """
    names = resolve(names=names)
    full = compute(bars, names, surroundings=surroundings).values
    begun = np.unique(np.linspace(1, len(bars) // 2, starts).astype(int))
    sizes = np.array([median_size(column) for column in full.T])
    wrong = np.ones((len(names), len(begun), len(bars)), dtype=bool)
    for i, start in enumerate(begun):
        short = compute(bars.take(slice(start, None)), names, surroundings=surroundings).values
        wrong[:, i, start:] = (differences(short, full[start:], sizes) > TOLERANCE).T
    declared = declared_features()
    return {name: memory_shown(wrong[j], begun, declared[name].lookback, case) for j, name in enumerate(names)}


def memory_shown(wrong: np.ndarray, starts: np.ndarray, lookback: int, case: str = "") -> Memory:
    """The memory that some starts show.

    Parameters
    ----------
    wrong: whether the computation begun at a start gives another number than full history, shape
        (starts, bars), true before the start.
    starts: first bars of the computations, increasing.

    A difference is stray where the same row is right with at most half the context: what a short
    past tells right, a longer one cannot have forgotten. The memory of a start ends with its last
    other difference, and counts when a quarter as many contexts again, at least 64, follow it.

    >>> wrong = np.ones((1, 400), dtype=bool)
    >>> wrong[0, 10 + 20 :] = False
    >>> memory_shown(wrong, np.array([10]), lookback=5).found
    20
    """
    context = np.arange(wrong.shape[1]) - starts[:, None]
    wrong = wrong | (context < lookback)
    stray = wrong & _right_with_half(wrong, starts)
    ends = wrong.shape[1] - np.argmax((wrong & ~stray)[:, ::-1], axis=1)  # first row after the last difference
    found = np.where((wrong & ~stray).any(axis=1), ends - starts, 0)
    proof = wrong.shape[1] - starts - found
    settled = proof >= np.maximum(_SHORTEST_PROOF, np.ceil(MARGIN * found))
    if not settled.any():
        return Memory(None, case, 0, 0)
    return Memory(int(found[settled].max()), case, int(stray[settled].sum()), int(proof[settled].sum()))


def _right_with_half(wrong: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Whether a later start, with at most half the context, is right in the same row; shape (starts, bars)."""
    later = np.zeros((len(starts) + 1, wrong.shape[1]), dtype=bool)  # any of the starts from i on is right
    later[:-1] = np.logical_or.accumulate(~wrong[::-1], axis=0)[::-1]
    rows = np.arange(wrong.shape[1])
    first = np.searchsorted(starts, (rows + starts[:, None] + 1) // 2)
    return later[first, rows]


def longest(memories: Iterable[Memory]) -> Memory:
    """Several findings of one feature as one: the longest memory, strays together."""
    parts = list(memories)
    known = [each for each in parts if each.found is not None]
    most = max(known, key=lambda each: each.found or 0, default=parts[0])
    return Memory(most.found, most.case, sum(each.stray for each in parts), sum(each.compared for each in parts))


def with_margin(feature: Feature, found: int) -> int:
    """The warm-up of a feature as its function declares it, from what was found.

    What is declared is kept where it is enough. Otherwise the memory is infinite, and what exceeds
    the look-back gets a quarter more, which makes 1e-9 of an exponential mean about 1e-11.
    """
    if found <= feature.warmup:
        return feature.warmup
    return found + ceil(MARGIN * (found - feature.lookback))


def store_found(memories: Mapping[str, Memory]) -> None:
    """Store what was found, beside what is stored of other features.

    Left out are features that have not settled and those that the catalogue no longer has.
    """
    declared = declared_features()
    found = {
        name: StoredWarmup(memory.found, with_margin(declared[name], memory.found), identity_of(declared[name]))
        for name, memory in memories.items()
        if memory.found is not None and memory.is_settled
    }
    kept = {name: entry for name, entry in stored_warmups().items() if name not in memories}
    numbers = {**kept, **found}
    write_warmups({name: numbers[name] for name in declared if name in numbers})

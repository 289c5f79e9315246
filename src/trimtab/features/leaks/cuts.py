"""Where the future begins: rows chosen by a seed, ones where features would else go unseen, and a whole stretch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trimtab.errors import NotEnoughDataError

MAX_MORE = 8
STRETCH = 63  # consecutive cuts, a quarter of daily bars
SPREAD = 12  # single ones


def choose_cuts(n: int, cuts: Sequence[int] | int, generator: np.random.Generator) -> tuple[int, ...]:
    """The cuts asked for, or that many in the later half of `n` bars; refuses what lies outside."""
    if n < 2:
        raise NotEnoughDataError(f"a leak check needs at least two bars, there are {n}; give it a longer history")
    if isinstance(cuts, int):
        if cuts < 1:
            raise NotEnoughDataError(f"a leak check needs at least one cut, not {cuts}; ask for 1 or more")
        # The later half: long lookbacks must have values there to compare.
        return tuple(sorted(int(cut) for cut in generator.integers(max(n // 2, 1), n, size=cuts)))
    outside = [cut for cut in cuts if not 1 <= cut < n]
    if outside or not len(cuts):
        given = f"not {outside[0]}" if outside else "and none was given"
        raise NotEnoughDataError(f"a cut must lie between 1 and {n - 1}, {given}; choose rows inside the history")
    return tuple(int(cut) for cut in cuts)


def closer_cuts(n: int, generator: np.random.Generator) -> tuple[int, ...]:
    """Cuts at which the future is only removed: a stretch of consecutive ones, and some over all the history.

    A leak of a few rows shows only where the future begins right behind one of them. The stretch lies in the
    later half where there is room; the others are one of each twelfth of the history behind its first few rows.

    >>> closer_cuts(4, np.random.default_rng(0))
    (1, 2, 3)
    """
    first = max(min(n // 2, n - STRETCH), 1)
    start = int(generator.integers(first, max(n - STRETCH, first) + 1))
    stretch = range(start, min(start + STRETCH, n))
    edges = np.linspace(max(n // 50, 1), n, SPREAD + 1)
    spread = generator.uniform(edges[:-1], edges[1:]).astype(int)
    return tuple(sorted({*stretch, *spread.tolist()}))


def cuts_for_the_rest(values: np.ndarray, cuts: Sequence[int]) -> tuple[int, ...]:
    """Up to eight more cuts, for columns that are unknown around all cuts so far.

    `values` has shape (n, k). Facts come rarely, but a column that peeks one bar ahead shows it only where
    its last row of the past is known, and its copy moved one bar ahead only where its first row of the
    future is.

    >>> rare = np.full((10, 1), np.nan)
    >>> rare[[2, 3, 7]] = 1.0
    >>> cuts_for_the_rest(rare, [5])
    (3,)
    """
    known = ~np.isnan(values)
    last_known, first_known = np.zeros_like(known), np.zeros_like(known)
    last_known[1:] = known[:-1]
    first_known[1:] = known[1:] & np.logical_or.accumulate(known, axis=0)[:-1]
    useful = np.hstack([last_known, first_known])
    waiting = useful.any(axis=0) & ~useful[list(cuts)].any(axis=0)
    more: list[int] = []
    while waiting.any() and len(more) < MAX_MORE:
        helped = useful[:, waiting].sum(axis=1)
        row = len(helped) - 1 - int(np.argmax(helped[::-1]))  # the latest of the best
        more.append(row)
        waiting &= ~useful[row]
    return tuple(more)

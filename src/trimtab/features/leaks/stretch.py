"""Which bars to certify on: the newest at which what a feature reads was still being told."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np

from trimtab.bars import Bars
from trimtab.facts.concepts import OPTIONS
from trimtab.features.catalogue import catalogue
from trimtab.features.surroundings import Surroundings

AFTER_THE_LAST = 5  # bars kept behind the last fact: it is known in these


def by_needs(names: Iterable[str]) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Features grouped by what they read around their bars, in the order of their first.

    >>> by_needs(["return_1", "rsi_14"])
    {(): ('return_1', 'rsi_14')}
    """
    groups: dict[tuple[str, ...], tuple[str, ...]] = {}
    for name in names:
        needs = catalogue()[name].needs
        groups[needs] = (*groups.get(needs, ()), name)
    return groups


def newest_stretch(bars: Bars, surroundings: Surroundings, needs: Collection[str], n: int) -> Bars:
    """The last `n` bars up to which all of some needs were told; the last `n` of all where none is told.

    Posts may have ended years before the bars: on the newest of these there is nothing to compare.
    """
    told = [time for need in needs if (time := _last_known(surroundings, need)) is not None]
    end = len(bars)
    if told:
        known = int(np.searchsorted(np.maximum.accumulate(bars.known_time), min(told), side="left"))
        end = min(len(bars), max(known + 1 + AFTER_THE_LAST, 2))
    return bars.take(slice(max(end - n, 0), end))


def _last_known(surroundings: Surroundings, need: str) -> np.datetime64 | None:
    if need == "peers":
        times = [peer.known_time for peer in surroundings.peers.values()]
    elif need == "texts":
        times = [] if surroundings.texts is None else [surroundings.texts.known_time]
    elif surroundings.figures is None:
        times = []
    else:
        is_option = np.isin(surroundings.figures.concept, list(OPTIONS))
        times = [surroundings.figures.known_time[is_option == (need == "options")]]
    last = [time.max() for time in times if len(time)]
    return max(last) if last else None

"""Who reads the bars of an instrument as those of a peer, and how far back.

A feature of peers matches bars by the time they open, so a row of one instrument reads a peer's bars at
the times of its own bars, and as many of them as the feature remembers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from trimtab.features.catalogue import catalogue
from trimtab.features.store import lineage, stored_series
from trimtab.market import Series
from trimtab.pipeline.surroundings import peers_of
from trimtab.pipeline.workspace import Workspace


def readers(recipe: Mapping[str, Any], series: Series) -> list[Series]:
    """The series of a dataset that read the bars of another one as those of a peer."""
    beside: Mapping[str, Mapping[str, Any]] = recipe.get("surroundings", {})
    return [Series.parse(key) for key, told in beside.items() if series.key in told.get("peers", {})]


def peer_reach(features: Iterable[str], window: int = 1) -> tuple[int, int]:
    """Look-back and memory of those features that read peers, over a window of bars; 0 where none does.

    As in `datasets.windows.reach_of`, a feature that the catalogue does not have any more counts as the
    one that reaches furthest.

    >>> peer_reach(["return_60", "peer_return_5"])
    (5, 5)
    >>> peer_reach(["return_60", "peer_return_5"], window=20)
    (24, 24)
    >>> peer_reach(["gone", "peer_return_5"]) == peer_reach(catalogue())
    True
    """
    known, asked = catalogue(), set(features)
    reading = [name for name, each in known.items() if "peers" in each.needs]
    names = [name for name in reading if name in asked] if asked <= set(known) else reading
    earlier = window - 1
    lookback = max((known[name].lookback + earlier for name in names), default=0)
    return lookback, max([known[name].warmup + earlier for name in names] + [lookback])


def at_rows_of(axis: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Those of some opens at which another series has a bar too, `axis` being the opens of its bars."""
    chosen: np.ndarray = times[np.isin(times, axis)]
    return chosen


def stored_readers(workspace: Workspace, series: Series) -> Iterator[tuple[str, Series, str | None]]:
    """Family and series of every stored table that read the bars, with the fingerprint they had then.

    A table says itself which peers it read. For one that says nothing the strategy files do, and the
    fingerprint is None.
    """
    families = sorted({each.family for each in catalogue().values() if "peers" in each.needs})
    for other, stored in stored_series(workspace.lake, families).items():
        for family in stored if other != series else ():
            told = lineage(workspace.lake, other, family)
            if told.bars is None and series in peers_of(workspace, other):
                yield family, other, None
            elif f"peer {series.key}" in told.facts:
                yield family, other, told.facts[f"peer {series.key}"]

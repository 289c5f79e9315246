"""Fingerprints of what a check was made on: the same bars, facts and peers give the same ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from trimtab.facts import Figures, Texts
from trimtab.facts.schema import arrays_of
from trimtab.features.leaks.futures import World
from trimtab.storage.hashing import fingerprint_arrays, fingerprint_json


def content_of(world: World) -> dict[str, str]:
    """SHA-256 of the bars and of every part of their surroundings that is there, by its name."""
    beside = world.surroundings
    found = {"bars": fingerprint_arrays(dict(world.bars.arrays()))}
    if beside.figures is not None:
        found["figures"] = fingerprint_arrays(dict(_plain(beside.figures)))
    if beside.texts is not None:
        found["texts"] = fingerprint_arrays(dict(_plain(beside.texts)))
    if beside.actions is not None:
        found["actions"] = fingerprint_arrays(dict(beside.actions.arrays()))
    if beside.peers:
        peers = {name: fingerprint_arrays(dict(bars.arrays())) for name, bars in beside.peers.items()}
        found["peers"] = fingerprint_json(peers)
    return found


def _plain(facts: Figures | Texts) -> Iterator[tuple[str, np.ndarray]]:
    """The columns that a feature can read; what was written has no stable bytes and reaches none."""
    return ((name, array) for name, array in arrays_of(facts) if not array.dtype.hasobject)

"""Three other futures for a world cut at a row: removed, replaced with other values, replaced with NaN.

The past of the bars are the rows before the cut. The past of facts and of peers is what was known when
the last of those rows was decided; a figure or a text published before and known after is future.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trimtab.bars import Bars
from trimtab.bars.schema import PRICES
from trimtab.features.leaks.facts import known_by, with_other_facts, without_values
from trimtab.features.surroundings import NOTHING, Surroundings

FUTURES = ("removed", "replaced with other values", "replaced with NaN")


@dataclass(frozen=True)
class World:
    """The bars of one series and what surrounds them."""

    bars: Bars
    surroundings: Surroundings = NOTHING


def decided_by(bars: Bars, cut: int) -> np.datetime64:
    """When the past ends: the decision of the last row before the cut, or of a later row that was decided earlier."""
    return np.datetime64(bars.known_time[cut - 1 :].min())


def changed_futures(world: World, cut: int, generator: np.random.Generator) -> Iterator[tuple[str, World]]:
    """The same past with each of `FUTURES`, by the name of what was done."""
    bars, beside = world.bars, world.surroundings
    after, moment = np.arange(len(bars)) >= cut, decided_by(bars, cut)
    span = bars.series.timeframe.duration_us
    yield FUTURES[0], without_future(world, cut)
    other = with_other_facts(beside, moment, span, generator)
    others = {name: with_other_prices(peer, peer.known_time > moment, generator) for name, peer in beside.peers.items()}
    yield FUTURES[1], World(with_other_prices(bars, after, generator), replace(other, peers=others))
    unknown = {name: without_prices(peer, peer.known_time > moment) for name, peer in beside.peers.items()}
    yield FUTURES[2], World(without_prices(bars, after), replace(without_values(beside, moment), peers=unknown))


def without_future(world: World, cut: int) -> World:
    """The rows before a cut, and what was known when the last of them was decided."""
    beside = _removed(world.surroundings, decided_by(world.bars, cut))
    return World(world.bars.take(slice(0, cut)), beside)


def with_other_prices(bars: Bars, chosen: np.ndarray, generator: np.random.Generator) -> Bars:
    """Wild but valid bars where chosen: OHLC in order, jumps of tens of percent, other volumes and factors."""
    n = int(chosen.sum())
    first = int(np.argmax(chosen)) if n else 0
    before = bars.close[first - 1] if first else 100.0
    close = before * np.exp(np.cumsum(generator.normal(0.0, 0.3, n)))
    open_ = close * np.exp(generator.normal(0.0, 0.2, n))
    high = np.maximum(open_, close) * np.exp(np.abs(generator.normal(0.0, 0.1, n)))
    low = np.minimum(open_, close) * np.exp(-np.abs(generator.normal(0.0, 0.1, n)))
    volume = generator.lognormal(10.0, 3.0, n)
    factor = generator.uniform(0.5, 2.0, n)
    made = {"open": open_, "high": high, "low": low, "close": close, "volume": volume, "factor": factor}
    return _with(bars, chosen, made)


def without_prices(bars: Bars, chosen: np.ndarray) -> Bars:
    """The bars with unknown prices and volume where chosen."""
    return _with(bars, chosen, dict.fromkeys((*PRICES, "volume"), np.nan))


def _removed(surroundings: Surroundings, moment: np.datetime64) -> Surroundings:
    peers = {name: peer.take(peer.known_time <= moment) for name, peer in surroundings.peers.items()}
    return replace(known_by(surroundings, moment), peers=peers)


def _with(bars: Bars, chosen: np.ndarray, made: dict[str, Any]) -> Bars:
    changed = {}
    for name, values in made.items():
        changed[name] = getattr(bars, name).copy()
        changed[name][chosen] = values
    return replace(bars, **changed)

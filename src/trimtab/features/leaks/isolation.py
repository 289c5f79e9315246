"""One instrument at a time: what was computed before or beside a feature must not change one bit of it.

A feature that keeps something between two calls, or reads what it does not declare, gives an instrument
other numbers in company than alone. Then training and serving, which compute different companies, differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from trimtab.bars import Bars
from trimtab.facts.concepts import OPTIONS
from trimtab.features.catalogue import catalogue, resolve
from trimtab.features.engine import FeatureBlock, compute
from trimtab.features.leaks.certify import _differs
from trimtab.features.leaks.facts import other_actions, other_figures, other_texts
from trimtab.features.leaks.futures import World, with_other_prices
from trimtab.features.surroundings import NOTHING, SURROUNDINGS, Surroundings


@dataclass(frozen=True)
class IsolationFinding:
    """Whether a feature is the same in every company.

    Attributes
    ----------
    name: the feature.
    is_isolated: whether every bit stayed as it was.
    changed_by: what changed it, such as "computed after another instrument" or "beside other bars of peers"; "" when nothing did.
    """

    name: str
    is_isolated: bool
    changed_by: str = ""


def check_isolation(
    names: Sequence[str], bars: Bars, *, seed: int, surroundings: Surroundings = NOTHING
) -> tuple[IsolationFinding, ...]:
    """Compute features alone, in another order, after another instrument, and beside other facts and peers.

    What a feature does not name in its `inputs` must not move it: figures, options, texts, peers, and
    corporate actions for a feature of bars alone.
    """
    names = resolve(names=names)
    world = World(bars, surroundings)
    full = compute(bars, names, surroundings=surroundings)
    changed_by: dict[str, str] = {}
    for what, block in _companies(world, names, seed):
        for name in block.names:
            if _differs(full.column(name), block.column(name)).any():
                changed_by.setdefault(name, what)
    return tuple(IsolationFinding(name, name not in changed_by, changed_by.get(name, "")) for name in names)


def _companies(world: World, names: tuple[str, ...], seed: int) -> Iterator[tuple[str, FeatureBlock]]:
    bars, beside = world.bars, world.surroundings
    generator = np.random.default_rng(seed)
    for name in names:
        yield "computed alone", compute(bars, [name], surroundings=beside)
    yield "computed in the reverse order", compute(bars, names[::-1], surroundings=beside)
    other = World(with_other_prices(bars, np.ones(len(bars), bool), generator), beside)
    for kind in KINDS:
        other = World(other.bars, _other(other.surroundings, kind, generator))
    compute(other.bars, names, surroundings=other.surroundings)
    yield "computed after another instrument", compute(bars, names, surroundings=beside)
    for kind in KINDS:
        strangers = [name for name in names if not _reads(name, kind)]
        other_beside = _other(beside, kind, generator)
        if strangers and other_beside is not beside:
            yield f"beside other {SURROUNDINGS.get(kind, kind)}", compute(bars, strangers, surroundings=other_beside)


KINDS = (*SURROUNDINGS, "actions")


def _reads(name: str, kind: str) -> bool:
    """Whether it declares the kind; whoever reads facts or peers may bring them to one basis with the actions."""
    needs = catalogue()[name].needs
    return bool(needs) if kind == "actions" else kind in needs


def _other(beside: Surroundings, kind: str, generator: np.random.Generator) -> Surroundings:
    """The surroundings with everything of one kind replaced, of all times; the same where there is none."""
    if kind in ("figures", "options") and beside.figures is not None:
        chosen = np.isin(beside.figures.concept, list(OPTIONS)) == (kind == "options")
        return replace(beside, figures=other_figures(beside.figures, chosen, generator))
    if kind == "texts" and beside.texts is not None:
        return replace(beside, texts=other_texts(beside.texts, np.ones(len(beside.texts), bool), generator))
    if kind == "actions" and beside.actions is not None:
        return replace(beside, actions=other_actions(beside.actions, np.ones(len(beside.actions), bool), generator))
    if kind == "peers" and beside.peers:
        every = {name: with_other_prices(p, np.ones(len(p), bool), generator) for name, p in beside.peers.items()}
        return replace(beside, peers=every)
    return beside

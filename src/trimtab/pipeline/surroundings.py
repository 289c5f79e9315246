"""What surrounds a series in the lake: facts about its instrument, its actions, the bars of its peers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from trimtab.features.catalogue import catalogue
from trimtab.features.point_in_time import Around
from trimtab.features.surroundings import Surroundings
from trimtab.market import Series
from trimtab.pipeline.workspace import Workspace


def peers_of(workspace: Workspace, series: Series) -> tuple[Series, ...]:
    """The instruments forecast beside one, sorted: those of every strategy whose universe holds it, itself excluded.

    The benchmark of a strategy is nobody's peer, but has the strategy's instruments as its own.
    """
    found = {
        other
        for strategy in workspace.strategies.values()
        if series in strategy.universe.all_series
        for other in strategy.universe.series
    }
    return tuple(sorted(found - {series}))


def needs_of(names: Iterable[str]) -> set[str]:
    """What some features read besides the bars of their own series."""
    return {need for name in names for need in catalogue()[name].needs}


def surroundings_of(
    workspace: Workspace,
    series: Series,
    as_of: datetime | None = None,
    needs: Iterable[str] | None = None,
    peers: Iterable[Series] | None = None,
) -> Surroundings:
    """Everything around a series as it stood at a time, or now; of `needs` only where given.

    Facts are handed over in all their versions, because each carries when it was known. Bars of peers
    and corporate actions are those of the time. `peers` are those of `peers_of` unless others are named.
    """
    wanted = {"figures", "texts", "options", "peers"} if needs is None else set(needs)
    facts, actions, name = workspace.facts, workspace.bars.actions, series.instrument_id
    beside = peers_of(workspace, series) if peers is None else peers
    current = workspace.bars.current if as_of is None else lambda each: workspace.bars.as_known_at(each, as_of)
    return Surroundings(
        figures=facts.figures(name) if wanted & {"figures", "options"} else None,
        texts=facts.texts(name) if "texts" in wanted else None,
        actions=actions.current(name) if as_of is None else actions.as_known_at(name, as_of),
        peers={each.instrument_id: current(each) for each in beside} if "peers" in wanted else {},
    )


def around(workspace: Workspace, series: Series, needs: Iterable[str], peers: Sequence[Series]) -> Around:
    """`surroundings_of` as a function of time, for features computed point in time."""
    wanted = frozenset(needs)
    return lambda end: surroundings_of(workspace, series, end, wanted, peers)


def read_peers(workspace: Workspace, series: Series, needs: Iterable[str]) -> tuple[Series, ...]:
    """The peers whose bars are read for these needs."""
    return peers_of(workspace, series) if "peers" in set(needs) else ()


def surroundings_fingerprint(workspace: Workspace, series: Series, needs: Iterable[str]) -> dict[str, Any]:
    """What the features of a series depend on besides its bars, as JSON values; {} for features of bars alone."""
    wanted = set(needs)
    found: dict[str, Any] = {}
    stored = workspace.facts.fingerprint(series.instrument_id) if wanted - {"peers"} else {}
    if wanted & {"figures", "options"}:
        found["figures"] = stored.get("figures")
    if "texts" in wanted:
        found["texts"] = stored.get("texts")
    if "peers" in wanted:
        found["peers"] = {each.key: workspace.bars.fingerprint(each) for each in peers_of(workspace, series)}
    return found

"""Leaks planted on purpose: a check that does not catch every one of them proves nothing.

Each is a column computed from the same bars, facts and peers as the features beside it, and goes through
the very same comparison. Add one for every way a feature could come to see the future.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from trimtab.bars.actions.schema import ActionKind
from trimtab.facts import Figures
from trimtab.facts.concepts import OPTIONS
from trimtab.features.leaks.futures import World
from trimtab.features.surroundings import NOTHING, Surroundings

RARELY = 20  # a leak in one of so many rows must be noticed where consecutive rows are checked


@dataclass(frozen=True)
class Canary:
    """One planted leak: its name, what it reads, its values for a world, float64, one per bar, and whether only
    a few rows leak."""

    name: str
    reads: str
    values: Callable[[World], np.ndarray]
    is_rare: bool = False


def applicable(surroundings: Surroundings, kinds: Collection[str], has_stretch: bool) -> tuple[Canary, ...]:
    """The planted leaks for features that read these kinds, where there is anything of the kind.

    Actions are planted even where there are none, and whoever reads facts or peers may read them. The leak
    of a few rows is for a check that has a stretch of consecutive cuts.
    """

    def is_planted(canary: Canary) -> bool:
        if canary.reads == "actions":
            return bool(kinds) and surroundings is not NOTHING
        if canary.is_rare and not has_stretch:
            return False
        return canary.reads == "bars" or (canary.reads in kinds and not is_absent(surroundings, canary.reads))

    return tuple(filter(is_planted, CANARIES))


def is_absent(surroundings: Surroundings, need: str) -> bool:
    """Whether nothing of a kind in `SURROUNDINGS` is there; accounts are no options figures, nor the reverse."""
    if surroundings.missing(need):
        return True
    if need in ("figures", "options") and surroundings.figures is not None:
        return len(_of_kind(surroundings.figures, need)) == 0
    return need == "peers" and not any(len(peer) for peer in surroundings.peers.values())


def _next_close(world: World) -> np.ndarray:
    close = world.bars.close
    return np.append(close[1:], np.nan)


def _next_close_rarely(world: World) -> np.ndarray:
    close = np.nan_to_num(world.bars.close)
    following = np.append(close[1:], np.nan)
    return np.where(np.arange(len(close)) % RARELY == 0, following, close)


def _standardised_close(world: World) -> np.ndarray:
    close = world.bars.close
    return (close - np.nanmean(close)) / np.nanstd(close)


def _centred_close(world: World) -> np.ndarray:
    close = np.concatenate([[np.nan], world.bars.close, [np.nan]])
    return (close[:-2] + close[1:-1] + close[2:]) / 3.0


def _figure_at_period_end(kind: str) -> Callable[[World], np.ndarray]:
    def values(world: World) -> np.ndarray:
        assert world.surroundings.figures is not None  # only asked for where there are some
        figures = _of_kind(world.surroundings.figures, kind)
        order = np.argsort(figures.period_end, kind="stable")
        return _running(figures.value[order], figures.period_end[order], world)

    return values


def _text_when_published(world: World) -> np.ndarray:
    texts = world.surroundings.texts
    assert texts is not None  # only asked for where there are some
    order = np.argsort(texts.event_time, kind="stable")
    return _running(1.0 + 0.5 * np.nan_to_num(texts.score[order]), texts.event_time[order], world)


def _split_when_it_took_effect(world: World) -> np.ndarray:
    actions = world.surroundings.actions
    if actions is None:
        return np.zeros(len(world.bars))
    splits = actions.take(np.argsort(actions.ex_time, kind="stable"))
    splits = splits.take(splits.kind == ActionKind.SPLIT)
    return _running(np.log(splits.value), splits.ex_time, world)


def _next_bar_of_a_peer(world: World) -> np.ndarray:
    peer = max(world.surroundings.peers.values(), key=len)
    following = np.searchsorted(peer.event_time, world.bars.event_time, side="right")
    return np.append(peer.close, np.nan)[np.minimum(following, len(peer))]


def _running(value: np.ndarray, time: np.ndarray, world: World) -> np.ndarray:
    """The sum of the values up to each decision, by a time that is not when they were known."""
    total = np.concatenate([[0.0], np.cumsum(np.nan_to_num(value))])
    seen: np.ndarray = total[np.searchsorted(time, world.bars.known_time, side="right")]
    return seen


def _of_kind(figures: Figures, kind: str) -> Figures:
    return figures.take(np.isin(figures.concept, list(OPTIONS)) == (kind == "options"))


CANARIES = (
    Canary("the close of the next bar", "bars", _next_close),
    Canary("a close standardised over the whole history", "bars", _standardised_close),
    Canary("a centred mean of the close", "bars", _centred_close),
    Canary(f"the close of the next bar in one row of {RARELY}", "bars", _next_close_rarely, is_rare=True),
    Canary("a figure used from the end of its period", "figures", _figure_at_period_end("figures")),
    Canary("an options figure used from its day", "options", _figure_at_period_end("options")),
    Canary("a text used from its publication", "texts", _text_when_published),
    Canary("a split used before it was known", "actions", _split_when_it_took_effect),
    Canary("the next bar of a peer", "peers", _next_bar_of_a_peer),
)

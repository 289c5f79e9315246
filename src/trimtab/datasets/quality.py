"""Which bars become samples, and why the others do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from trimtab.config.strategy import DatasetRules
from trimtab.datasets.series_samples import SeriesSamples, realised_times
from trimtab.features.catalogue import catalogue


@dataclass(frozen=True)
class UsableBars:
    """The bars of one series that are samples.

    Attributes
    ----------
    rows: their positions, increasing.
    left_out: how many of the others there are by reason; each is counted once, under the first reason that applies.
    """

    rows: np.ndarray
    left_out: dict[str, int]


def usable_bars(part: SeriesSamples, rules: DatasetRules) -> UsableBars:
    """The bars that are samples under some rules.

    A bar is one when it has any feature, at least `rules.min_completeness` of those that always have a value
    after their look-back (the first bars of a series do not), was known in time and follows no gap
    (`rules.max_staleness`), and when its first label and the naive forecast of that exist and the label was not
    over yet when the bar was known: what is over cannot be forecast. Features that may be unknown, because a fact
    is, stay NaN and cost nothing.
    """
    remaining, left_out = np.ones(len(part.features), bool), {}
    for reason, fails in _reasons(part, rules):
        left_out[reason] = int((remaining & fails).sum())
        remaining &= ~fails
    return UsableBars(np.flatnonzero(remaining), left_out)


def bars_left_out(parts: Sequence[SeriesSamples], rules: DatasetRules) -> dict[str, int]:
    """How many bars of all series are no samples, by reason; reasons that never applied are left out too."""
    counted: dict[str, int] = {}
    for part in parts:
        for reason, n in usable_bars(part, rules).left_out.items():
            counted[reason] = counted.get(reason, 0) + n
    return {reason: n for reason, n in counted.items() if n}


def _reasons(part: SeriesSamples, rules: DatasetRules) -> Iterator[tuple[str, np.ndarray]]:
    """Each reason with the bars it applies to; bool, shape (n,)."""
    known, label = ~np.isnan(part.features.values), part.labels[0]
    always = np.array([_is_always_known(name) for name in part.features.names])
    yield "no feature has a value", ~known.any(axis=1)
    if always.any():
        share = f"{rules.min_completeness:.0%}"
        yield f"fewer than {share} of the features have a value", known[:, always].mean(axis=1) < rules.min_completeness
    if rules.max_staleness is not None:
        yield "known too late after its close", _is_late(part, rules.max_staleness)
        yield "follows a gap that is too long", _follows_gap(part, rules.max_staleness)
    yield "no naive forecast yet", np.isnan(label.baseline)
    yield "the label is not decided yet", np.isnat(label.label_end)
    yield "known only when its label was over", over_at_decision(part, 0)
    yield "no label (too little history, or inside the neutral band)", np.isnan(label.value)


def over_at_decision(part: SeriesSamples, number: int) -> np.ndarray:
    """Whether the label of one horizon, by its number, was realised by the time its bar was known; bool, shape (n,).

    That happens to a bar that came late, or together with the bars after it.
    """
    over: np.ndarray = realised_times(part.features, part.labels[number]) <= part.features.known_time
    return over  # a label without an end is not over: NaT compares as False


def _is_always_known(name: str) -> bool:
    feature = catalogue().get(name)
    return feature is None or not feature.unknown_when


def _is_late(part: SeriesSamples, allowed: timedelta) -> np.ndarray:
    late: np.ndarray = part.features.known_time - part.labels[0].label_start > np.timedelta64(allowed, "us")
    return late


def _follows_gap(part: SeriesSamples, allowed: timedelta) -> np.ndarray:
    """From the close before to this open; the first bar follows nothing."""
    follows = np.zeros(len(part.features), bool)
    follows[1:] = part.features.event_time[1:] - part.labels[0].label_start[:-1] > np.timedelta64(allowed, "us")
    return follows

"""New rows from short contexts: the numbers of full history, at a cost that does not depend on it."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.surroundings import surroundings_of
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.errors import NotEnoughDataError
from trimtab.features import incremental
from trimtab.features.catalogue import catalogue
from trimtab.features.engine import compute
from trimtab.features.incremental import contexts_needed, update
from trimtab.features.warmup import TOLERANCE, bars_needed, differences, median_size

NAMES = tuple(catalogue())
SOME = ("return_5", "ema_distance_200", "rsi_14", "sma_distance_20")


def test_new_rows_are_those_of_full_history() -> None:
    bars = random_walk(6_000, seed=2)
    around = surroundings_of(bars)
    full, new = compute(bars, NAMES, surroundings=around), update(bars, NAMES, 5, around)
    assert new.names == full.names and new.values.flags.f_contiguous
    assert (new.event_time == full.event_time[-5:]).all() and (new.known_time == full.known_time[-5:]).all()
    wrong = [
        name
        for name in NAMES
        if differences(new.column(name), full.column(name)[-5:], median_size(full.column(name))).max() > TOLERANCE
    ]
    assert wrong == []


def test_bars_before_the_longest_context_are_not_looked_at() -> None:
    bars = random_walk(6_000)
    spoilt = bars.close.copy()
    spoilt[: -bars_needed(SOME)] = np.nan
    one, other = (update(each, SOME).values for each in (bars, replace(bars, close=spoilt)))
    assert not np.isnan(one).any()
    assert one.tobytes() == other.tobytes()


def test_every_feature_is_in_one_tier_with_context_enough() -> None:
    tiers = contexts_needed(NAMES)
    assert sorted(column for tier in tiers for column in tier.columns) == list(range(len(NAMES)))
    assert [tier.warmup for tier in tiers] == sorted({tier.warmup for tier in tiers})
    for tier in tiers:
        assert tier.names == tuple(NAMES[column] for column in tier.columns)
        assert tier.warmup == max(catalogue()[name].warmup for name in tier.names)
    assert len(tiers) < 8


def test_the_many_do_not_read_what_the_few_need() -> None:
    tiers = contexts_needed(NAMES)
    read = sum(len(tier.names) * tier.warmup for tier in tiers)
    assert read < 0.3 * len(NAMES) * max(tier.warmup for tier in tiers)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 4_000), min_size=1, max_size=60), st.integers(1, 5_000))
def test_no_other_split_costs_less(warmups: list[int], context_cost: int) -> None:
    lengths = sorted(set(warmups))[:9]
    warmups = [each for each in warmups if each in lengths]

    def cost(limits: tuple[int, ...]) -> float:
        own = [min(limit for limit in limits if limit >= each) for each in warmups]
        return context_cost * len(limits) + sum(each + 1 for each in own)

    splits = [(*chosen, lengths[-1]) for k in range(len(lengths)) for chosen in combinations(lengths[:-1], k)]
    assert cost(tuple(incremental._cheapest_split(warmups, context_cost))) == min(map(cost, splits))


def test_of_the_peers_only_as_much_is_read_as_the_context_is_long() -> None:
    bars = random_walk(500)
    context = bars.take(slice(-20, None))
    near = incremental._near(surroundings_of(bars), context)
    for name, peer in surroundings_of(bars).peers.items():
        assert len(near.peers[name]) <= 40
        before = (near.peers[name].event_time < context.event_time[0]).sum()
        assert before == 20
        assert near.peers[name].event_time[-1] == peer.event_time[-1]


def test_too_little_context_is_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="'ema_distance_200' needs"):
        update(random_walk(1_000), SOME)
    assert np.isnan(update(random_walk(100), SOME, complete_history=True).column("ema_distance_200")).all()


def test_a_complete_history_grows_bar_by_bar_from_the_first_one() -> None:
    bars = random_walk(40)
    full = compute(bars, ["rsi_14", "return_5"])
    rows = [update(bars.take(slice(0, n)), ["rsi_14", "return_5"], complete_history=True).values for n in range(1, 41)]
    np.testing.assert_array_equal(np.concatenate(rows), full.values)

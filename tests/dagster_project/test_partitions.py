from __future__ import annotations

from itertools import pairwise

import dagster as dg
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.partitions import keys_of, partitions_of, ranges_of
from trimtab.config import Settings, load_strategies

KEYS = list("abcdefgh")


@given(st.sets(st.sampled_from(KEYS)))
def test_ranges_hold_exactly_the_wanted_keys_and_no_two_touch(wanted: set[str]) -> None:
    ranges = [(KEYS.index(first), KEYS.index(last)) for first, last in ranges_of(KEYS, wanted)]
    held = {KEYS[i] for first, last in ranges for i in range(first, last + 1)}
    assert held == wanted
    assert all(later[0] > earlier[1] + 1 for earlier, later in pairwise(ranges))


def test_a_series_is_needed_by_every_strategy_that_names_it_or_compares_with_it(settings: Settings) -> None:
    partitions = partitions_of(load_strategies(settings.strategies_dir))
    assert keys_of(partitions.series) == ["AAPL__1d", "GOOG__1d", "IBM__1d", "MSFT__1d", "SPX__1d"]
    assert partitions.strategies_of("SPX__1d") == {"equity-volatility-regime", "us-equity-direction"}
    assert isinstance(partitions.mapping("strategy", "strategy"), dg.IdentityPartitionMapping)


def test_no_strategies_means_no_partitions() -> None:
    partitions = partitions_of({})
    assert keys_of(partitions.series) == keys_of(partitions.strategies) == []

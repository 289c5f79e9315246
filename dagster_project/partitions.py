"""Partition keys: one per series and one per strategy, static, read from the strategy files.

Time is never a partition: it lives inside Parquet, where it costs nothing. A new instrument or
strategy appears when the code location is reloaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import dagster as dg

from trimtab.config import Strategy

Grain = Literal["series", "strategy"]


@dataclass(frozen=True)
class Partitions:
    """The two kinds of partition, and which series each strategy reads.

    Attributes
    ----------
    series: key per instrument and timeframe, such as `AAPL__1d`, sorted.
    strategies: key per strategy file, sorted.
    series_of: the series keys of each strategy, its benchmark included.
    """

    series: dg.StaticPartitionsDefinition
    strategies: dg.StaticPartitionsDefinition
    series_of: Mapping[str, tuple[str, ...]]

    def of(self, grain: Grain) -> dg.StaticPartitionsDefinition:
        """The partitions of a grain."""
        return self.series if grain == "series" else self.strategies

    def mapping(self, upstream: Grain, downstream: Grain) -> dg.PartitionMapping:
        """How the partitions of an asset depend on those of an asset it reads."""
        if upstream == downstream:
            return dg.IdentityPartitionMapping()
        if (upstream, downstream) != ("series", "strategy"):
            raise ValueError(f"an asset per {downstream} cannot read an asset per {upstream}")
        return dg.StaticPartitionMapping({series: self.strategies_of(series) for series in keys_of(self.series)})

    def strategies_of(self, series: str) -> set[str]:
        """The strategies that read a series."""
        return {name for name, needed in self.series_of.items() if series in needed}


def partitions_of(strategies: Mapping[str, Strategy]) -> Partitions:
    """The partitions that a set of strategies asks for."""
    series_of = {
        name: tuple(series.key for series in strategy.universe.all_series)
        for name, strategy in sorted(strategies.items())
    }
    every = sorted({key for keys in series_of.values() for key in keys})
    return Partitions(dg.StaticPartitionsDefinition(every), dg.StaticPartitionsDefinition(sorted(series_of)), series_of)


def keys_of(partitions: dg.StaticPartitionsDefinition) -> list[str]:
    """The keys of static partitions, in their order."""
    return list(partitions.get_partition_keys())


def ranges_of(keys: Sequence[str], wanted: set[str]) -> list[tuple[str, str]]:
    """The fewest (first, last) ranges of `keys` that hold exactly the wanted ones.

    One run takes one contiguous range.

    >>> ranges_of(["a", "b", "c", "d"], {"a", "b", "d"})
    [('a', 'b'), ('d', 'd')]
    """
    ranges: list[tuple[str, str]] = []
    open_from: str | None = None
    for key, following in zip(keys, [*keys[1:], None], strict=True):
        if key in wanted and open_from is None:
            open_from = key
        if open_from is not None and following not in wanted:
            ranges.append((open_from, key))
            open_from = None
    return ranges


def range_tags(first: str, last: str) -> dict[str, str]:
    """The tags that make one run of all partitions from `first` to `last`, without the backfill daemon.

    A backfill waits for a daemon that looks every 30 seconds; a tagged run starts at once.
    """
    return {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}

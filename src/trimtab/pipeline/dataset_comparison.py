"""Two stored datasets compared, with what happened to their bars in between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trimtab.bars.restatements import ratio_changes
from trimtab.bars.times import iso
from trimtab.datasets.compare import Comparison, compare_datasets
from trimtab.datasets.recipe import as_of, series_of
from trimtab.datasets.snapshot import load_snapshot
from trimtab.market import Series
from trimtab.pipeline.workspace import Workspace


@dataclass(frozen=True)
class BarsBetween:
    """What became of the bars of one series between the times of two datasets.

    Attributes
    ----------
    series: its key.
    n_restated: bars that said something else at the later time.
    n_new: bars that followed.
    first, last: opens of the first and the last restated bar, ISO 8601; None without one.
    """

    series: str
    n_restated: int
    n_new: int
    first: str | None
    last: str | None


def compare_stored(workspace: Workspace, one: str, other: str) -> tuple[Comparison, list[BarsBetween]]:
    """What changed from one stored dataset to another, both given by their whole fingerprint.

    The bars of series that both were made from are compared as they were known at the times of the two; that is
    asked of the bar store as it is today.
    """
    first, second = load_snapshot(workspace.lake, one), load_snapshot(workspace.lake, other)
    common = [series for series in series_of(first[1]) if series in series_of(second[1])]
    changed = [series for series in common if first[1]["bars"][series.key] != second[1]["bars"][series.key]]
    return compare_datasets(first, second), [_between(workspace, series, first[1], second[1]) for series in changed]


def _between(workspace: Workspace, series: Series, one: Mapping[str, Any], other: Mapping[str, Any]) -> BarsBetween:
    times = sorted([as_of(one), as_of(other)])
    earlier, later = (workspace.bars.as_known_at(series, time) for time in times)
    restated = ratio_changes(earlier, later).times
    n_new = int((later.event_time > earlier.event_time[-1]).sum()) if len(earlier) else len(later)
    first, last = (iso(restated[0]), iso(restated[-1])) if len(restated) else (None, None)
    return BarsBetween(series.key, len(restated), n_new, first, last)

"""Which stored tables read the bars: samples of datasets, rows of features, forecasts.

Rows of the series itself read them, and rows of other instruments whose features read peers (`peers`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np

from trimtab.bars.schema import TIME
from trimtab.bars.times import as_time
from trimtab.datasets.recipe import as_of, label_of, window_of
from trimtab.datasets.windows import Reach, SampleTimes, Windows, reach_of, read_sample_times, windows
from trimtab.features.catalogue import catalogue
from trimtab.features.store import lineage, read_event_times, table_name
from trimtab.market import Series
from trimtab.pipeline.features import STAGES as FEATURE_STAGES
from trimtab.pipeline.recall.peers import at_rows_of, peer_reach, readers, stored_readers
from trimtab.pipeline.recall.report import ChangedBar, TouchedDataset, TouchedTable
from trimtab.pipeline.running import stage_values
from trimtab.pipeline.walk_forward_forecasts import forecast_table
from trimtab.pipeline.workspace import Workspace

_TICK = np.timedelta64(1, "us")
_NO_LABEL = 0  # bars after the sample: features alone look back only


@dataclass(frozen=True)
class RecalledBars:
    """The bars a recall is about, of one series.

    Attributes
    ----------
    series: which.
    event_time: opens of all its stored bars, increasing, `datetime64[us]`.
    recalled: opens of the stored bars of which any part lies in the span.
    changes: what happened to those.
    late: the late bars of the series, inside the span or not.
    fingerprint: of all its bars as stored now.
    """

    series: Series
    event_time: np.ndarray
    recalled: np.ndarray
    changes: tuple[ChangedBar, ...]
    late: tuple[ChangedBar, ...]
    fingerprint: str


@dataclass(frozen=True)
class Sighting:
    """What a dataset could see of the changes.

    Attributes
    ----------
    has_all: its bars have the fingerprint of those stored now.
    known: it saw nothing known later ...
    learnt: ... and nothing received after the first model learnt from it; None where none has.
    """

    has_all: bool
    known: datetime
    learnt: datetime | None

    def missed(self, change: ChangedBar) -> bool:
        """Whether the dataset saw the bar as it was before the change."""
        if self.has_all:
            return False
        return change.known_time > self.known or (self.learnt is not None and change.received_time > self.learnt)


@dataclass(frozen=True)
class _Counts:
    """How many samples of one instrument read the bars; the attributes as in `TouchedDataset`."""

    n_touched: int
    n_within_lookback: int
    n_superseded: int


# The bars of any series a dataset was made from, as those that are recalled are told about.
BarsOf = Callable[[Series], RecalledBars]


def touched_dataset(
    workspace: Workspace,
    bars: RecalledBars,
    fingerprint: str,
    recipe: Mapping[str, Any],
    learnt: datetime | None,
    strategies: Sequence[str],
    bars_of: BarsOf,
) -> TouchedDataset | None:
    """What a stored dataset made of the bars, as own ones or as those of a peer; None where no sample read them.

    Parameters
    ----------
    recipe: of the dataset; it names the series.
    learnt: when the first model that learnt from it was registered.
    bars_of: the other series of the dataset.
    """
    samples, known = read_sample_times(workspace.lake, fingerprint), as_of(recipe)
    sighting = Sighting(bars.fingerprint == _fingerprint_seen(recipe, bars.series), known, learnt)
    own = [_own(samples, bars, recipe, sighting)] if bars.series.key in recipe["bars"] else []
    beside = []
    for reader in map(bars_of, readers(recipe, bars.series)):
        seen = Sighting(recipe["bars"][reader.series.key] == reader.fingerprint, known, learnt)
        beside.append(_beside(samples, bars, recipe, sighting, reader.series, _seen_times(reader, seen)))
    found = [*own, *beside]
    if not any(each.n_touched for each in found):
        return None
    return TouchedDataset(
        fingerprint=fingerprint,
        series=bars.series.key,
        strategies=tuple(strategies),
        as_of=sighting.known,
        n_samples=len(samples),
        n_touched=sum(each.n_touched for each in found),
        n_within_lookback=sum(each.n_within_lookback for each in found),
        built_before=any(map(sighting.missed, bars.changes)),
        n_superseded=sum(each.n_superseded for each in found),
        n_through_peers=sum(each.n_touched for each in beside),
    )


def _fingerprint_seen(recipe: Mapping[str, Any], series: Series) -> str | None:
    """The fingerprint a dataset's bars of a series had, own ones or those of a peer."""
    beside = (each.get("peers", {}) for each in recipe.get("surroundings", {}).values())
    told = [recipe["bars"], *beside]
    return next((each[series.key] for each in told if series.key in each), None)


def _own(samples: SampleTimes, bars: RecalledBars, recipe: Mapping[str, Any], sighting: Sighting) -> _Counts:
    """Samples of the instrument itself, through features or label."""
    reach = reach_of(recipe["features"], label_of(recipe), window_of(recipe))
    return _counts(samples.of(bars.series.instrument_id), bars, sighting, _seen_times(bars, sighting), reach)


def _beside(
    samples: SampleTimes,
    bars: RecalledBars,
    recipe: Mapping[str, Any],
    sighting: Sighting,
    reader: Series,
    axis: np.ndarray,
) -> _Counts:
    """Samples of an instrument that has bars at `axis`, through its features of peers."""
    lookback, memory = peer_reach(recipe["features"], window_of(recipe))
    read = replace(bars, recalled=at_rows_of(axis, bars.recalled), changes=_matched(axis, bars.changes))
    return _counts(samples.of(reader.instrument_id), read, sighting, axis, Reach(lookback, memory, _NO_LABEL))


def _matched(axis: np.ndarray, changes: Sequence[ChangedBar]) -> tuple[ChangedBar, ...]:
    """Changes of bars that rows of another instrument stand beside, and of actions, which move all before them."""
    return tuple(change for change in changes if change.close is None or as_time(change.event_time) in axis)


def _counts(own: SampleTimes, bars: RecalledBars, sighting: Sighting, axis: np.ndarray, reach: Reach) -> _Counts:
    # A label that touched a barrier looked no further than the bar that did.
    last = own.label_end - bars.series.timeframe.duration_us
    touched = windows(own.event_time, axis, reach.memory, reach.horizon).ending_by(last).touched_by(bars.recalled)
    near = windows(own.event_time, axis, reach.lookback, reach.horizon).ending_by(last)
    return _Counts(
        n_touched=int(touched.sum()),
        n_within_lookback=int(near.touched_by(bars.recalled).sum()),
        n_superseded=int(_superseded(own, near, bars.changes, sighting).sum()),
    )


def _seen_times(bars: RecalledBars, sighting: Sighting) -> np.ndarray:
    """The bars as the dataset counted them: a bar that came later was none of those it looked back over."""
    absent = _times(change for change in bars.late if sighting.missed(change))
    return bars.event_time[~np.isin(bars.event_time, absent)]


def _superseded(samples: SampleTimes, read: Windows, changes: Sequence[ChangedBar], sighting: Sighting) -> np.ndarray:
    """Samples with values from before a change; bool, one per sample."""
    telling = [change for change in changes if not change.is_only_factor]
    found = read.touched_by(_times(change for change in telling if sighting.missed(change)))
    seen = [change for change in telling if not sighting.missed(change) and not change.is_late]
    looked_back = Windows(read.first, samples.event_time)
    looked_ahead = Windows(samples.event_time + _TICK, read.last)
    for known in sorted({change.known_time for change in seen}):
        times, moment = _times(change for change in seen if change.known_time == known), as_time(known)
        found |= looked_back.touched_by(times) & (samples.decision_time < moment)
        found |= looked_ahead.touched_by(times) & (samples.label_end < moment)
    return found


def _times(changes: Any) -> np.ndarray:
    return np.unique(np.array([as_time(change.event_time) for change in changes], TIME))


def touched_features(workspace: Workspace, bars: RecalledBars, bars_of: BarsOf) -> Iterator[TouchedTable]:
    """The tables of features with rows that read the bars: those of the series, then those it is a peer in."""
    for family, stage in FEATURE_STAGES.items():
        if workspace.lake.tables.exists(table_name(family, bars.series)):
            memory = max(feature.warmup for feature in catalogue().values() if feature.family == family)
            told = lineage(workspace.lake, bars.series, family).bars
            made_from = told or (stage_values(workspace, stage, bars.series.key) or {}).get("bars")
            yield from _features(workspace, family, bars.series, bars, bars.event_time, memory, made_from)
    for family, reader, made_from in stored_readers(workspace, bars.series):
        _, memory = peer_reach(catalogue())
        axis = bars_of(reader).event_time
        read = replace(bars, recalled=at_rows_of(axis, bars.recalled))
        yield from _features(workspace, family, reader, read, axis, memory, made_from)


def _features(
    workspace: Workspace,
    family: str,
    series: Series,
    bars: RecalledBars,
    axis: np.ndarray,
    memory: int,
    made_from: str | None,
) -> Iterator[TouchedTable]:
    """The table of a family and series, where rows of it read the bars within so many bars of `axis`."""
    if not len(axis):  # its own bars are gone
        return
    times = read_event_times(workspace.lake, series, family)
    n_touched = int(windows(times, axis, memory, 0).touched_by(bars.recalled).sum())
    if n_touched:
        name = table_name(family, series)
        yield TouchedTable("features", name, len(times), n_touched, made_from != bars.fingerprint)


def touched_forecasts(
    workspace: Workspace,
    bars: RecalledBars,
    strategy: str,
    recipe: Mapping[str, Any],
    built_before: bool,
    bars_of: BarsOf,
) -> TouchedTable | None:
    """The out-of-sample forecasts of a strategy's latest walk-forward; None where none reads the bars."""
    name = forecast_table(strategy)
    if not workspace.lake.tables.exists(name):
        return None
    table = workspace.lake.tables.read(name, columns=["instrument_id", "event_time"])
    instruments, times = np.array(table["instrument_id"].to_pylist()), table["event_time"].to_numpy().astype(TIME)
    reach, n_touched = reach_of(recipe["features"], label_of(recipe), window_of(recipe)), 0
    if bars.series.key in recipe["bars"]:
        own = windows(times[instruments == bars.series.instrument_id], bars.event_time, reach.memory, reach.horizon)
        n_touched += int(own.touched_by(bars.recalled).sum())
    for reader in readers(recipe, bars.series):
        axis, (_, memory) = bars_of(reader).event_time, peer_reach(recipe["features"], window_of(recipe))
        beside = windows(times[instruments == reader.instrument_id], axis, memory, _NO_LABEL)
        n_touched += int(beside.touched_by(at_rows_of(axis, bars.recalled)).sum())
    return TouchedTable("forecasts", name, table.num_rows, n_touched, built_before) if n_touched else None

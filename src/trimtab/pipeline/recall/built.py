"""Which stored tables read the bars: samples of datasets, rows of features, forecasts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from trimtab.bars.schema import TIME
from trimtab.bars.times import as_time
from trimtab.datasets.recipe import as_of, label_of
from trimtab.datasets.windows import Reach, SampleTimes, Windows, reach_of, read_sample_times, windows
from trimtab.features.catalogue import catalogue
from trimtab.features.store import read_event_times, table_name
from trimtab.market import Series
from trimtab.pipeline.evidence import forecast_table
from trimtab.pipeline.features import STAGES as FEATURE_STAGES
from trimtab.pipeline.recall.report import ChangedBar, TouchedDataset, TouchedTable
from trimtab.pipeline.running import stage_values
from trimtab.pipeline.workspace import Workspace

_TICK = np.timedelta64(1, "us")


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


def touched_dataset(
    workspace: Workspace,
    bars: RecalledBars,
    fingerprint: str,
    recipe: Mapping[str, Any],
    learnt: datetime | None,
    strategies: Sequence[str],
) -> TouchedDataset | None:
    """What a stored dataset made of the bars; None where no sample read them.

    Parameters
    ----------
    recipe: of the dataset; it names the series.
    learnt: when the first model that learnt from it was registered.
    """
    samples = read_sample_times(workspace.lake, fingerprint)
    own, reach = samples.of(bars.series.instrument_id), reach_of(recipe["features"], label_of(recipe))
    sighting = Sighting(recipe["bars"][bars.series.key] == bars.fingerprint, as_of(recipe), learnt)
    axis = _seen_times(bars, sighting)
    touched = windows(own.event_time, axis, reach.memory, reach.horizon).touched_by(bars.recalled)
    if not touched.any():
        return None
    near = windows(own.event_time, axis, reach.lookback, reach.horizon)
    return TouchedDataset(
        fingerprint=fingerprint,
        series=bars.series.key,
        strategies=tuple(strategies),
        as_of=sighting.known,
        n_samples=len(samples),
        n_touched=int(touched.sum()),
        n_within_lookback=int(near.touched_by(bars.recalled).sum()),
        built_before=any(map(sighting.missed, bars.changes)),
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


def touched_features(workspace: Workspace, bars: RecalledBars) -> Iterator[TouchedTable]:
    """The tables of features of the series with rows that read the bars."""
    for family, stage in FEATURE_STAGES.items():
        name = table_name(family, bars.series)
        if not workspace.lake.tables.exists(name):
            continue
        times = read_event_times(workspace.lake, bars.series, family)
        memory = max(feature.warmup for feature in catalogue().values() if feature.family == family)
        n_touched = int(windows(times, bars.event_time, memory, 0).touched_by(bars.recalled).sum())
        if n_touched:
            made_from = (stage_values(workspace, stage, bars.series.key) or {}).get("bars")
            yield TouchedTable("features", name, len(times), n_touched, made_from != bars.fingerprint)


def touched_forecasts(
    workspace: Workspace, bars: RecalledBars, strategy: str, reach: Reach, built_before: bool
) -> TouchedTable | None:
    """The out-of-sample forecasts of a strategy's latest walk-forward; None where none reads the bars."""
    name = forecast_table(strategy)
    if not workspace.lake.tables.exists(name):
        return None
    table = workspace.lake.tables.read(name, columns=["instrument_id", "event_time"])
    own = np.array(table["instrument_id"].to_pylist()) == bars.series.instrument_id
    times = table["event_time"].to_numpy().astype(TIME)[own]
    n_touched = int(windows(times, bars.event_time, reach.memory, reach.horizon).touched_by(bars.recalled).sum())
    return TouchedTable("forecasts", name, table.num_rows, n_touched, built_before) if n_touched else None

"""What has become of the bars that a model version learnt from: restated since, or more of them.

A sensor asks this every few seconds, so what was found is kept in this process until a part of the
bars or the actions comes or goes. Only then are bars read again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from trimtab.bars import Bars
from trimtab.bars.restatements import late_bars, ratio_changes
from trimtab.bars.store import BarStore
from trimtab.bars.times import as_datetime, as_time
from trimtab.config.strategy import Retraining, Strategy
from trimtab.datasets.recipe import as_of, label_of, series_of, window_of
from trimtab.datasets.snapshot import read_recipe
from trimtab.datasets.windows import Reach, reach_of, read_sample_times, windows
from trimtab.errors import DatasetError, NotFoundError, StorageError
from trimtab.features.catalogue import catalogue, resolve
from trimtab.market import Series
from trimtab.pipeline.features import STAGES as FEATURE_STAGES
from trimtab.pipeline.running import stage_values
from trimtab.pipeline.workspace import Workspace
from trimtab.registry.models import ModelVersion
from trimtab.retraining.learnt_data import LearntData

_Signature = tuple[Any, ...]


@dataclass(frozen=True)
class _Found:
    """What was found, the version and the parts of bars and actions it was found for, and their fingerprints."""

    signature: _Signature
    data: LearntData
    bars: Mapping[str, str]


@dataclass(frozen=True)
class SeriesSince:
    """One series of a dataset, then and now.

    Attributes
    ----------
    n_restated: samples that read a bar which says something else today.
    restated: when the newest of these differences was known, `datetime64[us]`; NaT where there is none.
    n_new_bars: bars newer than the newest the dataset saw.
    """

    n_restated: int
    restated: np.datetime64
    n_new_bars: int


_found: dict[tuple[Path, str], _Found] = {}


def learnt_data(workspace: Workspace, strategy_name: str) -> LearntData | None:
    """What has become of the data of a strategy's latest version; None without it or its dataset."""
    model = workspace.registry.latest_model(strategy_name)
    if model is None:
        return None
    strategy = workspace.strategy(strategy_name)
    try:
        found = _observed(workspace, model, read_recipe(workspace.lake, model.dataset_fingerprint))
    except (NotFoundError, DatasetError, StorageError):  # deleted or damaged: nothing can be said about it
        return None
    if not _asks(found.data, strategy.retraining):
        return found.data
    return replace(found.data, waits_for=_waits_for(workspace, strategy, found.bars))


def _asks(data: LearntData, wanted: Retraining) -> bool:
    is_restated = wanted.on_restated_data and data.restated_share >= wanted.min_restated_share
    return (is_restated and data.restated is not None) or 0 < wanted.on_new_bars <= data.n_new_bars


def _observed(workspace: Workspace, model: ModelVersion, recipe: Mapping[str, Any]) -> _Found:
    where = (workspace.lake.root, model.strategy)
    signature = (model.id, model.dataset_fingerprint, *_parts(workspace, series_of(recipe)))
    known = _found.get(where)
    if known is None or known.signature != signature:
        bars = {series.key: workspace.bars.fingerprint(series) for series in series_of(recipe)}
        known = _found[where] = _Found(signature, _compare(workspace, model, recipe, bars), bars)
    return known


def _parts(workspace: Workspace, series: list[Series]) -> list[str]:
    tables = workspace.lake.tables
    folders = [f"bars/{each.key}" for each in series] + [f"actions/{each.instrument_id}" for each in series]
    return [name for folder in folders for name in tables.names(folder)]


def _compare(
    workspace: Workspace, model: ModelVersion, recipe: Mapping[str, Any], bars: Mapping[str, str]
) -> LearntData:
    samples = read_sample_times(workspace.lake, model.dataset_fingerprint)
    reach = reach_of(recipe["features"], label_of(recipe), window_of(recipe))
    found = [
        series_since(
            workspace.bars, series, samples.of(series.instrument_id).event_time, reach, as_of(recipe), model.created
        )
        for series in series_of(recipe)
        if bars[series.key] != recipe["bars"][series.key]  # the same fingerprint is the same bars
    ]
    restated = [each.restated for each in found if not np.isnat(each.restated)]
    return LearntData(
        model_id=model.id,
        version=model.version,
        n_samples=len(samples),
        restated_share=sum(each.n_restated for each in found) / max(len(samples), 1),
        restated=as_datetime(max(restated)) if restated else None,
        n_new_bars=max((each.n_new_bars for each in found), default=0),
    )


def series_since(
    store: BarStore, series: Series, samples: np.ndarray, reach: Reach, known: datetime, learnt: datetime
) -> SeriesSince:
    """What has become of one series since a dataset was made and a model learnt from it.

    Parameters
    ----------
    samples: opens of the bars the samples end at, `datetime64[us]`, shape (n,).
    reach: how far around these a sample reads. The look-back counts, not the longer memory of
        features that never quite forget: a restatement further back moves none of them noticeably.
    known: the dataset saw what was known by then ...
    learnt: ... and received by then.
    """
    seen, current = _seen(store, series, known, learnt), store.current(series)
    if len(seen) == 0:
        return SeriesSince(0, np.datetime64("NaT", "us"), len(current))
    changes = ratio_changes(seen, current)
    read = windows(samples, seen.event_time, reach.lookback, reach.horizon)
    n_restated = int((read.touched_by(changes.within) | read.spanned_by(changes.from_previous)).sum())
    n_new = int((current.event_time > seen.event_time[-1]).sum())
    restated = _newest(store, current, changes.times, known) if n_restated else np.datetime64("NaT", "us")
    return SeriesSince(n_restated, restated, n_new)


def _seen(store: BarStore, series: Series, known: datetime, learnt: datetime) -> Bars:
    """The bars a dataset saw: known then, and not received only afterwards."""
    bars = store.as_known_at(series, known)
    is_restated = np.isin(bars.event_time, store.revised(series).event_time)
    # A history loaded anew is received later as a whole; a bar that came by itself is another matter.
    came_by_itself = late_bars(bars, is_restated) | is_restated
    return bars.take(~(came_by_itself & (bars.received_time > as_time(learnt))))


def _newest(store: BarStore, current: Bars, changed: np.ndarray, known: datetime) -> np.datetime64:
    """When the newest of some differences was known: of the bar, of the one before it, or of an action."""
    at = np.flatnonzero(np.isin(current.event_time, changed))
    around = np.union1d(at, np.maximum(at - 1, 0))
    for times in (current.known_time[around], store.revision_times(current.series)):
        if (times > as_time(known)).any():
            return np.datetime64(times.max())
    return np.datetime64(current.received_time[around].max())  # bars that came late, known as of long ago


def _waits_for(workspace: Workspace, strategy: Strategy, bars: Mapping[str, str]) -> str | None:
    """Features that are older than the bars: a dataset cannot be made from them yet."""
    families = {catalogue()[name].family for name in resolve(strategy.features.sets, strategy.features.names)}
    for series in strategy.universe.series:
        now = bars.get(series.key) or workspace.bars.fingerprint(series)
        for family in sorted(families):
            if (stage_values(workspace, FEATURE_STAGES[family], series.key) or {}).get("bars") != now:
                return f"the {family} features of {series} are older than its bars; the next refresh computes them"
    return None

"""The recall itself: one instrument, one span, everything that was built on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from trimtab.bars.sources.protocol import check_span
from trimtab.datasets.snapshot import read_recipe, stored_fingerprints
from trimtab.errors import DatasetError, TrimtabError, UnknownNameError
from trimtab.market import Series, Timeframe
from trimtab.pipeline.datasets import STAGE as DATASET
from trimtab.pipeline.recall.built import BarsOf, RecalledBars, touched_dataset, touched_features, touched_forecasts
from trimtab.pipeline.recall.changes import changes_in, late_changes, overlapping, refused_in
from trimtab.pipeline.recall.judged import touched_models, touched_reports
from trimtab.pipeline.recall.peers import readers
from trimtab.pipeline.recall.report import RecallReport, TouchedDataset, TouchedTable
from trimtab.pipeline.running import stage_values
from trimtab.pipeline.walk_forward import WALK_FORWARD
from trimtab.pipeline.workspace import Workspace
from trimtab.registry.models import ModelVersion


def recall(
    workspace: Workspace,
    instrument_id: str,
    start: datetime,
    end: datetime,
    timeframe: Timeframe | None = None,
) -> RecallReport:
    """Everything that was built on the bars of an instrument in a span.

    A sample was built on a bar when the bar lies between the first bar that still moves one of its
    features by more than 1e-9 and the last bar its label looks at; a sample of another instrument when
    one of its features of peers reads the bar. Of stored datasets only the times of the samples are read.

    Parameters
    ----------
    start, end: moments, both included, with a zone; a bar counts when any of it lies between them.
    timeframe: only the bars of this length, and longer ones that a strategy makes of them; absent,
        of every stored length.

    Raises `UnknownNameError` for an instrument or a timeframe without any bars, and
    `ConfigurationError` for a span that ends before it starts or starts in the future.
    """
    check_span(start, end, workspace.lake.clock.now())
    wanted = _wanted(workspace, instrument_id, timeframe)
    bars_of = cache(lambda series: _recalled(workspace, series, start, end))
    bars = [bars_of(series) for series in wanted]
    touching = [each for each in bars if len(each.recalled)]
    models = workspace.registry.list_models()
    recipes, damaged = _recipes(workspace)
    datasets, unread = _datasets(workspace, touching, recipes, models, bars_of)
    before = {dataset.fingerprint: dataset.built_before for dataset in datasets}
    found = touched_models(workspace, models, before)
    strategies = sorted({*workspace.strategies, *(model.strategy for model in models)})
    return RecallReport(
        instrument_id=instrument_id,
        series=tuple(series.key for series in wanted),
        start=start,
        end=end,
        n_bars=sum(len(each.recalled) for each in bars),
        changes=tuple(change for each in bars for change in each.changes),
        quarantined=tuple(
            refused
            for each in bars
            for refused in refused_in(workspace.quarantine, each.series, each.event_time, start, end)
        ),
        tables=tuple(_tables(workspace, touching, recipes, before, strategies, bars_of)),
        datasets=tuple(datasets),
        models=tuple(found),
        reports=tuple(touched_reports(workspace, touching, datasets, found, strategies)),
        unreadable=(*damaged, *unread),
    )


def _wanted(workspace: Workspace, instrument_id: str, timeframe: Timeframe | None) -> list[Series]:
    """The series of the instrument that are stored or in quarantine."""
    known = sorted({*workspace.bars.series(), *workspace.quarantine.series()})
    own = [series for series in known if series.instrument_id == instrument_id]
    if not own:
        raise UnknownNameError("instrument", instrument_id, {series.instrument_id for series in known})
    chosen = [series for series in own if timeframe in (None, series.timeframe)]
    if not chosen:
        asked = Series(instrument_id, timeframe or Timeframe.DAY)
        raise UnknownNameError("series", asked.key, [series.key for series in own])
    return [*chosen, *(series for series in own if series not in chosen and _is_made_of(workspace, series, chosen))]


def _is_made_of(workspace: Workspace, series: Series, shorter: Sequence[Series]) -> bool:
    """Whether a strategy has the series resampled from one of the shorter ones."""
    universe = workspace.universes.get(series.key)
    return universe is not None and universe.resample_from in [each.timeframe for each in shorter]


def _recalled(workspace: Workspace, series: Series, start: datetime, end: datetime) -> RecalledBars:
    times = workspace.bars.stored(series).event_time
    return RecalledBars(
        series=series,
        event_time=times,
        recalled=times[overlapping(times, series, start, end)],
        changes=tuple(changes_in(workspace.bars, series, start, end)),
        late=tuple(late_changes(workspace.bars, series)),
        fingerprint=workspace.bars.fingerprint(series),
    )


def _recipes(workspace: Workspace) -> tuple[dict[str, dict[str, Any]], tuple[str, ...]]:
    """The recipe of every stored dataset, and the fingerprints of those whose recipe is damaged."""
    recipes, unreadable = {}, []
    for fingerprint in stored_fingerprints(workspace.lake):
        try:
            recipes[fingerprint] = read_recipe(workspace.lake, fingerprint)
        except DatasetError:
            unreadable.append(fingerprint)
    return recipes, tuple(unreadable)


def _datasets(
    workspace: Workspace,
    bars: Sequence[RecalledBars],
    recipes: Mapping[str, Mapping[str, Any]],
    models: Sequence[ModelVersion],
    bars_of: BarsOf,
) -> tuple[list[TouchedDataset], list[str]]:
    """The touched datasets, and the fingerprints of those that could not be read."""
    users, touched, unread = _users(workspace, recipes, models), [], []
    for fingerprint, recipe in recipes.items():
        learnt = [model.created for model in models if model.dataset_fingerprint == fingerprint]
        try:
            for each in bars:
                if _is_read(recipe, each.series):
                    first, names = min(learnt, default=None), users[fingerprint]
                    touched.append(touched_dataset(workspace, each, fingerprint, recipe, first, names, bars_of))
        except (TrimtabError, ValueError, KeyError):  # damaged, or written by another version
            unread.append(fingerprint)
    return [dataset for dataset in touched if dataset is not None], unread


def _is_read(recipe: Mapping[str, Any], series: Series) -> bool:
    return series.key in recipe["bars"] or bool(readers(recipe, series))


def _users(
    workspace: Workspace, fingerprints: Mapping[str, Any], models: Sequence[ModelVersion]
) -> dict[str, list[str]]:
    """Strategies by dataset: whose models learnt from it, whose studies searched on it, whose latest it is."""
    found: dict[str, set[str]] = {fingerprint: set() for fingerprint in fingerprints}
    latest = {name: (stage_values(workspace, DATASET, name) or {}).get("data_version") for name in workspace.strategies}
    pairs = [(model.dataset_fingerprint, model.strategy) for model in models]
    pairs += [(study.dataset_fingerprint, study.strategy) for study in workspace.registry.studies(fingerprints)]
    pairs += [(fingerprint, name) for name, fingerprint in latest.items() if fingerprint]
    for fingerprint, strategy in pairs:
        if fingerprint in found:
            found[fingerprint].add(strategy)
    return {fingerprint: sorted(names) for fingerprint, names in found.items()}


def _tables(
    workspace: Workspace,
    bars: Sequence[RecalledBars],
    recipes: Mapping[str, Mapping[str, Any]],
    before: Mapping[str, bool],
    strategies: Sequence[str],
    bars_of: BarsOf,
) -> Iterator[TouchedTable]:
    for each in bars:
        yield from touched_features(workspace, each, bars_of)
        for name in strategies:
            judged = (stage_values(workspace, WALK_FORWARD, name) or {}).get("dataset")
            recipe = recipes.get(judged or "")
            if recipe is None or not _is_read(recipe, each.series):
                continue
            table = touched_forecasts(workspace, each, name, recipe, before.get(str(judged), False), bars_of)
            if table is not None:
                yield table

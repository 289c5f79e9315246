"""Which models learnt from touched datasets, and which recorded judgements come from either."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from trimtab.bars.times import as_time
from trimtab.datasets.windows import reach_of, windows
from trimtab.features.catalogue import resolve
from trimtab.pipeline.backtest import BACKTEST
from trimtab.pipeline.honesty import HONESTY
from trimtab.pipeline.leak_certificate import LEAKS
from trimtab.pipeline.model_certificate import MODEL_LEAKS
from trimtab.pipeline.models import CANDIDATE
from trimtab.pipeline.monitoring import STAGE as DRIFT
from trimtab.pipeline.recall.built import RecalledBars
from trimtab.pipeline.recall.report import TouchedDataset, TouchedModel, TouchedReport
from trimtab.pipeline.robustness import ROBUSTNESS
from trimtab.pipeline.running import stage_values
from trimtab.pipeline.tuning import TUNING
from trimtab.pipeline.walk_forward import WALK_FORWARD
from trimtab.pipeline.workspace import Workspace
from trimtab.registry.drift import DriftRecord
from trimtab.registry.models import ModelVersion

ALIASES = ("champion", "challenger")
# Reports that are files, and the number by which each is told.
REPORTS = {
    WALK_FORWARD: "accuracy",
    BACKTEST: "sharpe_ratio",
    HONESTY: "deflated_sharpe_ratio",
    ROBUSTNESS: "worst_regime_accuracy",
    LEAKS: "n_leaks",
    MODEL_LEAKS: "n_failed",
}


def touched_models(
    workspace: Workspace, models: Sequence[ModelVersion], built_before: Mapping[str, bool]
) -> list[TouchedModel]:
    """The versions that learnt from touched datasets, in the order given.

    `built_before`: fingerprint of every touched dataset, and whether it was built before the latest change.
    """
    touched = [model for model in models if model.dataset_fingerprint in built_before]
    strategies = {model.strategy for model in touched}
    holders = {(name, alias): workspace.registry.alias_holder(name, alias) for name in strategies for alias in ALIASES}
    return [
        TouchedModel(
            model_id=model.id,
            strategy=model.strategy,
            version=model.version,
            state=model.state,
            aliases=tuple(a for a in ALIASES if (held := holders[model.strategy, a]) and held.id == model.id),
            dataset=model.dataset_fingerprint,
            created=model.created,
            built_before=built_before[model.dataset_fingerprint],
        )
        for model in touched
    ]


def touched_reports(
    workspace: Workspace,
    bars: Sequence[RecalledBars],
    datasets: Sequence[TouchedDataset],
    models: Sequence[TouchedModel],
    strategies: Sequence[str],
) -> list[TouchedReport]:
    """Every recorded judgement of some strategies that comes from the bars, by kind.

    Of reports that are files only the latest of each strategy is kept, so only that can be found;
    studies, drift snapshots and decisions are kept for ever.
    """
    before = {dataset.fingerprint: dataset.built_before for dataset in datasets}
    found = [*_studies(workspace, before), *_files(workspace, before, strategies)]
    found += _snapshots(workspace, bars, {model.model_id: model for model in models}, strategies)
    return [*found, *_decisions(workspace, models)]


def _studies(workspace: Workspace, before: Mapping[str, bool]) -> Iterator[TouchedReport]:
    for study in workspace.registry.studies(before):
        said = f"{study.n_trials} trial{'s' if study.n_trials != 1 else ''}"
        fingerprint = study.dataset_fingerprint
        yield TouchedReport(TUNING, study.strategy, study.study, fingerprint, said, before[fingerprint])


def _files(workspace: Workspace, before: Mapping[str, bool], strategies: Sequence[str]) -> Iterator[TouchedReport]:
    """The latest report of each kind, by the dataset its manifest names or the recipe leads to."""
    for name in strategies:
        by_recipe = datasets_by_recipe(workspace, name)
        for stage, shown in REPORTS.items():
            values = stage_values(workspace, stage, name) or {}
            fingerprint = str(values.get("dataset") or by_recipe.get(values.get("recipe")))
            if fingerprint in before:
                said = f"{shown.replace('_', ' ')} {_number(values.get(shown))}"
                where = f"reports/{stage}/{name}"
                yield TouchedReport(stage, name, where, fingerprint, said, before[fingerprint])


def datasets_by_recipe(workspace: Workspace, strategy_name: str) -> dict[str | None, str]:
    """Fingerprint of the dataset by fingerprint of the recipe, of a strategy's latest walk-forward and candidate."""
    judged = stage_values(workspace, WALK_FORWARD, strategy_name) or {}
    trained = stage_values(workspace, CANDIDATE, strategy_name) or {}
    found = {judged["recipe"]: judged["dataset"]} if "dataset" in judged else {}
    if "model_id" in trained:
        model = workspace.registry.get_model(trained["model_id"])
        found[trained["recipe"]] = model.dataset_fingerprint
    return found


def _snapshots(
    workspace: Workspace,
    bars: Sequence[RecalledBars],
    models: Mapping[int, TouchedModel],
    strategies: Sequence[str],
) -> Iterator[TouchedReport]:
    """Drift snapshots whose reference is a touched model's data, or whose newest rows read the bars."""
    for name in strategies:
        for snapshot in workspace.registry.drift_snapshots(name):
            model = models.get(snapshot.model_id or -1)
            read = [each for each in bars if _reads(workspace, snapshot, each)]
            if model is None and not read:
                continue
            changes = [change for each in read for change in each.changes]
            yield TouchedReport(
                kind=DRIFT,
                strategy=name,
                name=snapshot.snapshot_id,
                about=f"version {model.version}" if model else "the newest rows",
                detail=f"{snapshot.status.replace('_', ' ')}, as of {snapshot.as_of:%Y-%m-%d}",
                built_before=(model is not None and model.built_before)
                or any(change.known_time > snapshot.as_of for change in changes),
            )


def _reads(workspace: Workspace, snapshot: DriftRecord, bars: RecalledBars) -> bool:
    """Whether the rows that were new when the snapshot was taken read the bars.

    How many these were is taken from the strategy file as it is now; a strategy without one is asked
    about by its models only.
    """
    strategy = workspace.strategies.get(snapshot.strategy)
    if strategy is None or bars.series not in strategy.universe.series:
        return False
    reach = reach_of(resolve(strategy.features.sets, strategy.features.names), strategy.label)
    closed = bars.event_time + bars.series.timeframe.duration_us <= as_time(snapshot.as_of)
    newest = bars.event_time[closed][-1:]
    n_rows = strategy.drift.current - 1
    return bool(windows(newest, bars.event_time, reach.memory + n_rows, 0).touched_by(bars.recalled).any())


def _decisions(workspace: Workspace, models: Sequence[TouchedModel]) -> Iterator[TouchedReport]:
    for model in models:
        for decision in workspace.registry.decisions(model_id=model.model_id):
            yield TouchedReport(
                kind="deployment_decision",
                strategy=model.strategy,
                name=f"{decision.id}",
                about=f"version {model.version}",
                detail=f"{decision.outcome.replace('_', ' ')}, {decision.decided:%Y-%m-%d}",
                built_before=model.built_before,
            )


def _number(value: Any) -> str:
    return "unknown" if value is None or not np.isfinite(value) else f"{value:.4g}"

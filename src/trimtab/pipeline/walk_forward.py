"""Stage six, the walk-forward: a candidate's recipe trained on the past and judged on what follows."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

from trimtab.config.as_read import validation_as_read
from trimtab.datasets import Dataset
from trimtab.metrics.plain import plain
from trimtab.models.configured import forecaster_of
from trimtab.models.protocol import FitContext, FittedForecaster
from trimtab.pipeline.checkpoints import kept_checkpoints
from trimtab.pipeline.datasets import load_training_dataset
from trimtab.pipeline.models import recipe_fingerprint
from trimtab.pipeline.running import Produced, run_stage
from trimtab.pipeline.searched_rows import check_searched_rows
from trimtab.pipeline.stage import Scalar, StageResult, Table
from trimtab.pipeline.tracking import FoldProgress, tell_walk_forward, tracked
from trimtab.pipeline.tuning import fit_context, label_name, tuned_parameters
from trimtab.pipeline.walk_forward_forecasts import STAGE, cuts_of, forecast_table, write_forecasts
from trimtab.pipeline.workspace import Workspace
from trimtab.storage.atomic import write_text
from trimtab.storage.hashing import fingerprint_json, fingerprint_table
from trimtab.storage.manifests import Manifest
from trimtab.validation.baselines import LABELS_WITH_A_SIDE, side_rules
from trimtab.validation.folds import Fold
from trimtab.validation.forecast_tables import forecast_tables
from trimtab.validation.headline_intervals import MeasureInterval, forecast_intervals
from trimtab.validation.plots import plot_accuracy
from trimtab.validation.seed_spread import SeedSpread, seed_spread
from trimtab.validation.significance import BaselineComparison, compare_with_baseline
from trimtab.validation.splitters import walk_forward_from
from trimtab.validation.verdict_sentence import verdict_sentence
from trimtab.validation.walk_forward import FoldResult, WalkForwardReport, walk_forward

WALK_FORWARD = STAGE


def report_walk_forward(workspace: Workspace, strategy_name: str) -> StageResult:
    """Train on the past of each fold, judge on what follows, compare with the naive forecasts."""
    strategy = workspace.strategy(strategy_name)
    fingerprint, dataset = load_training_dataset(workspace, strategy_name)
    check_searched_rows(workspace, strategy, dataset)
    parameters = tuned_parameters(workspace, strategy_name)
    recipe = recipe_fingerprint(workspace, strategy, fingerprint, parameters)
    inputs = {"recipe": recipe, "validation": validation_as_read(strategy.validation)}

    splitter = walk_forward_from(strategy.validation)

    def judged_with(context: FitContext, progress: FoldProgress) -> WalkForwardReport:
        def fit(train: Dataset, fold: Fold) -> FittedForecaster:
            return forecaster_of(strategy, parameters).fit(train, None, _context_of(fold, context))

        return walk_forward(dataset, fit, splitter, progress=progress, n_threads=workspace.settings.n_threads)

    def compute() -> Produced:
        tried = forecaster_of(strategy, parameters).parameters
        with (
            tracked(workspace, WALK_FORWARD, strategy_name, fingerprint, tried, {"recipe": recipe}) as run,
            kept_checkpoints(workspace, WALK_FORWARD, strategy_name) as folder,
        ):
            own = replace(fit_context(workspace), n_threads=1, checkpoints=folder)  # folds are trained side by side
            seeds = [replace(own, seed=own.seed + 1000 * number) for number in range(1, strategy.validation.n_seeds)]
            progress = FoldProgress(run, 1 + len(seeds))
            report = judged_with(own, progress)
            spread = seed_spread([report, *(judged_with(other, progress) for other in seeds)])
            has_side = strategy.label.kind in LABELS_WITH_A_SIDE
            others = side_rules(dataset, splitter.split(dataset), report.out_of_sample) if has_side else {}
            comparison = compare_with_baseline(report, dataset, seed=workspace.settings.seed, others=others)
            intervals = _intervals(report, dataset, workspace.settings.seed)
            write_forecasts(workspace, strategy, recipe, dataset, report.out_of_sample)
            described = _describe_walk_forward(workspace, strategy_name, report, comparison, spread, intervals)
            tell_walk_forward(run, report, described)
        about: dict[str, Any] = {"recipe": recipe, "cuts": cuts_of(strategy), "dataset": fingerprint}
        about |= {"label": label_name(strategy), "family": strategy.model.algorithm, "parameters": parameters}
        return replace(described, summary={**described.summary, **about})

    def still_there(manifest: Manifest) -> bool:
        table = forecast_table(strategy_name)
        stored = workspace.lake.tables.exists(table) and fingerprint_table(workspace.lake.tables.read(table))
        return bool(stored == manifest.summary["values"]["forecasts"])

    return run_stage(workspace, WALK_FORWARD, strategy_name, lambda: inputs, compute, still_there)


def _context_of(fold: Fold, context: FitContext) -> FitContext:
    """Checkpoints of a fold in a folder of its own; those of another seed have other names."""
    return replace(context, checkpoints=context.checkpoints / fold.name if context.checkpoints else None)


def _intervals(report: WalkForwardReport, dataset: Dataset, seed: int) -> tuple[MeasureInterval, ...]:
    """Of the pooled out-of-sample measures."""
    said = report.out_of_sample
    return forecast_intervals(report.task, said.target, said.value, dataset.decision_time[said.row], seed=seed)


def _describe_walk_forward(
    workspace: Workspace,
    strategy_name: str,
    report: WalkForwardReport,
    comparison: BaselineComparison,
    spread: tuple[SeedSpread, ...],
    intervals: tuple[MeasureInterval, ...],
) -> Produced:
    folds: Table = [_fold_row(fold) for fold in report.folds]
    baselines: Table = [{n: getattr(c, n) for n in _COMPARED} for c in comparison.all]
    # The gate asks for significance against every baseline, so its p-value is the largest one, of `strongest`;
    # the baseline shown beside the accuracy is the one that is right most often, which may be another. Its accuracy
    # is a mean over decision times, so the model's over the same times stands beside it.
    best, strongest = comparison.most_accurate, comparison.strongest
    seeds = [plain(asdict(measure)) for measure in spread]
    found = [plain(asdict(interval)) for interval in intervals]
    document = report.to_json() | {
        "baselines": comparison.to_json(),
        "seed_spread": seeds,
        "intervals": found,
        "is_significant": comparison.is_significant(),
        "verdict_sentence": verdict_sentence(report, comparison),
        **forecast_tables(report.task, report.out_of_sample.target, report.out_of_sample.value),
    }
    path = workspace.report_folder(WALK_FORWARD, strategy_name) / "report.json"
    write_text(path, json.dumps(document, indent=1))
    forecasts = fingerprint_table(workspace.lake.tables.read(forecast_table(strategy_name)))
    return Produced(
        data_version=fingerprint_json(document),
        metrics={
            "accuracy": report.accuracy,
            "accuracy_seed_std": spread[0].std,
            "consistency": report.consistency,
            "verdict": report.verdict.value,
            "is_significant": document["is_significant"],
            "verdict_sentence": document["verdict_sentence"],
            "precision": report.pooled["precision"],
            "recall": report.pooled["recall"],
            "information_coefficient": report.pooled["information_coefficient"],
            "overfitting_gap": report.overfitting_gap,
            "best_baseline": best.baseline,
            "best_baseline_accuracy": best.baseline_accuracy,
            "accuracy_by_time": best.model_accuracy,
            "strongest_baseline": strongest.baseline,
            "p_value": strongest.p_value,
            "forecasts": len(report.out_of_sample.row),
        }
        | {name: report.pooled[name] for name in _SHOWN_IF_GIVEN if name in report.pooled},
        tables={"folds": folds, "baselines": baselines, "intervals": found, "seed spread": seeds},
        plots={"Accuracy by fold": plot_accuracy(report)},
        links={"report": path, "forecasts": workspace.lake.tables.path(forecast_table(strategy_name))},
        summary={
            "accuracy": report.accuracy,
            "accuracy_seed_std": seeds[0]["std"],
            "precision": report.pooled["precision"],
            "recall": report.pooled["recall"],
            "f1": report.pooled["f1"],
            "information_coefficient": report.pooled["information_coefficient"],
            "consistency": report.consistency,
            "verdict": report.verdict.value,
            "verdict_sentence": document["verdict_sentence"],
            "is_significant": document["is_significant"],
            "overfitting_gap": report.overfitting_gap,
            "baseline": best.baseline,
            "baseline_accuracy": best.baseline_accuracy,
            "accuracy_by_time": best.model_accuracy,
            "strongest_baseline": strongest.baseline,
            "baseline_p_value": strongest.p_value,
            "n_forecasts": len(report.out_of_sample.row),
            "forecasts": forecasts,
        },
    )


def _fold_row(fold: FoldResult) -> dict[str, Scalar]:
    spans: dict[str, Scalar] = {
        "fold": fold.name,
        "test_start": str(fold.test_start)[:10],
        "test_end": str(fold.test_end)[:10],
    }
    sizes: dict[str, Scalar] = {"train": fold.n_train, "test": fold.n_test, "purged": fold.n_purged}
    given: dict[str, Scalar] = {name: fold.metrics[name] for name in _SHOWN_IF_GIVEN if name in fold.metrics}
    return spans | sizes | {name: fold.metrics.get(name) for name in _SHOWN} | given


_COMPARED = (
    "baseline", "model_accuracy", "baseline_accuracy", "difference", "ci_low", "ci_high", "p_value", "bootstrap_p_value",
    "block_length", "n_times", "n_differing", "dm_statistic", "dm_p_value",
)  # fmt: skip
_SHOWN = (
    "accuracy", "baseline_accuracy", "majority_accuracy", "balanced_accuracy", "precision", "recall", "f1",
    "roc_auc", "information_coefficient", "train_accuracy",
)  # fmt: skip
_SHOWN_IF_GIVEN = (
    "interval_coverage", "adaptive_coverage", "interval_width", "adaptive_width", "expected_calibration_error",
    "abstained_share", "accuracy_when_not_abstaining",
)  # fmt: skip

"""Stage four: the search for parameters, on the time before the first test."""

from __future__ import annotations

from typing import Any

import numpy as np

from trimtab.config.as_read import model_as_read, search_as_read
from trimtab.config.strategy import Strategy
from trimtab.datasets import Dataset
from trimtab.datasets.three_parts import three_parts
from trimtab.models.configured import configured_space
from trimtab.models.protocol import FitContext
from trimtab.pipeline.code_version import code_fingerprint
from trimtab.pipeline.datasets import load_training_dataset
from trimtab.pipeline.running import Produced, run_stage, stage_values
from trimtab.pipeline.stage import StageResult, Table
from trimtab.pipeline.study_trials import count_forgotten, count_trials, counted_as_they_finish
from trimtab.pipeline.tracking import tell_stage, told_trial, tracked
from trimtab.pipeline.workspace import Workspace
from trimtab.storage.hashing import fingerprint_arrays, fingerprint_json
from trimtab.storage.manifests import Manifest
from trimtab.tuning.handover import ConfiguredMake
from trimtab.tuning.plots import plots_of
from trimtab.tuning.study import About, StudyResult, run_study
from trimtab.tuning.trial_forecasts import study_folder, write_rows
from trimtab.tuning.trials import Rows
from trimtab.validation.splitters import PurgedKFold, walk_forward_from

TUNING = "tuning_study"


def run_tuning_study(workspace: Workspace, strategy_name: str) -> StageResult:
    """Search parameters on purged folds of the time before the first test."""
    strategy = workspace.strategy(strategy_name)
    fingerprint, dataset = load_training_dataset(workspace, strategy_name)
    known, folds = tuning_folds(dataset, strategy)
    searched: dict[str, Any] = {  # all that a trial depends on, and nothing else: its study goes on under this name
        "dataset": fingerprint,
        "rows": rows_fingerprint(known, folds),
        "model": model_as_read(strategy.model),
        "search": search_as_read(strategy.tuning),
        "seed": workspace.settings.seed,
    }
    study_name = f"{strategy_name}:{fingerprint_json([searched, code_fingerprint()])[:16]}"
    inputs = {**searched, "n_trials": strategy.tuning.n_trials}

    def compute() -> Produced:
        _ = workspace.registry  # the schema must exist before Optuna opens the same database
        asked = {"algorithm": strategy.model.algorithm, **strategy.tuning.model_dump(mode="json")}
        n_trials, folder = strategy.tuning.n_trials, study_folder(workspace.lake.root, study_name)
        about = About(strategy_name, label_name(strategy), strategy.model.algorithm, fingerprint)
        counted = (workspace, about, strategy.tuning.objectives, study_name)
        if n_trials:
            write_rows(folder, tuning_rows(dataset, strategy))
        with tracked(
            workspace, TUNING, strategy_name, fingerprint, asked, {"study": study_name}, is_work=n_trials > 0
        ) as run:
            result = run_study(
                known,
                folds,
                make=ConfiguredMake(strategy.model),
                space=configured_space(strategy.model),
                sampler=strategy.tuning.sampler,
                n_trials=strategy.tuning.n_trials,
                objectives=strategy.tuning.objectives,
                seed=workspace.settings.seed,
                context=fit_context(workspace),
                storage=workspace.lake.database,
                study_name=study_name,
                on_trial=counted_as_they_finish(*counted, told_trial(run, strategy.tuning.objectives)),
                about=about,
                pruning=strategy.tuning.pruning,
                narrowing=strategy.tuning.narrowing,
                n_workers=strategy.tuning.n_workers,
                kept_in=folder,
            )
            count_trials(*counted, result.trials)
            count_forgotten(workspace, strategy_name)
            described = _describe_study(result, study_name, len(known), searched["rows"])
            tell_stage(run, described)
        return described

    def still_there(manifest: Manifest) -> bool:  # a new database must get the trials too
        counted: int = manifest.summary["values"]["n_trials"]
        return len(workspace.registry.trials(study_name)) >= counted

    return run_stage(workspace, TUNING, strategy_name, lambda: inputs, compute, still_there)


def tuning_folds(dataset: Dataset, strategy: Strategy) -> tuple[Dataset, list[Rows]]:
    """The samples a study may see and how they are cut: nothing that the first test part judges, nothing later.

    With a hold-out, models are trained on its training part and judged on its validation part; otherwise the
    training part of the first walk-forward fold is cut into `tuning.n_folds` purged folds.
    """
    validation, known = strategy.validation, dataset.take(tuning_rows(dataset, strategy))
    if validation.window == "hold_out":
        n_train = len(three_parts(dataset, validation.hold_out, validation.embargo).train)
        return known, [Rows(np.arange(n_train), np.arange(n_train, len(known)))]
    folds = PurgedKFold(strategy.tuning.n_folds, validation.embargo).split(known)
    return known, [Rows(fold.train, fold.test) for fold in folds]


def tuning_rows(dataset: Dataset, strategy: Strategy) -> np.ndarray:
    """Positions in the dataset of the samples a study may see."""
    validation = strategy.validation
    if validation.window == "hold_out":
        parts = three_parts(dataset, validation.hold_out, validation.embargo)
        return np.concatenate([parts.train, parts.validation])
    return walk_forward_from(validation).split(dataset)[0].train


def rows_fingerprint(known: Dataset, folds: list[Rows]) -> str:
    """Which rows of the dataset a study sees and how they are cut: whatever in the file says so."""
    cut = {f"{part}_{i}": getattr(rows, part) for i, rows in enumerate(folds) for part in ("train", "test")}
    return fingerprint_arrays({"decision_time": known.decision_time, "instrument": known.instrument, **cut})


def fit_context(workspace: Workspace) -> FitContext:
    """Seed, threads and device of every training in this workspace."""
    settings = workspace.settings
    return FitContext(seed=settings.seed, n_threads=settings.n_threads, device=settings.device)


def tuned_parameters(workspace: Workspace, strategy_name: str) -> dict[str, Any]:
    """What the latest study of a strategy found; empty when nothing was searched."""
    values = stage_values(workspace, TUNING, strategy_name)
    return dict(values["best_parameters"]) if values else {}


def label_name(strategy: Strategy) -> str:
    """The label that gates judge, as trials are counted by it, such as "direction:5"."""
    return f"{strategy.label.kind}:{strategy.label.horizons[0]}"


def _describe_study(result: StudyResult, study_name: str, n_samples: int, rows: str) -> Produced:
    best: Table = [{"parameter": name, "value": value} for name, value in result.best_parameters.items()]
    trials, n_pruned = _trial_rows(result), sum(trial.pruned for trial in result.trials)
    narrowed = {"narrowed_from": list(result.narrowed_from)}
    return Produced(
        data_version=fingerprint_json({"best": result.best_parameters, "trials": trials}),
        metrics={
            "trials": len(result.trials),
            "pruned": n_pruned,
            "best_value": result.best_value,
            "on_front": len(result.front),
            "samples": n_samples,
            "narrowed_from": len(result.narrowed_from),
            "study": study_name,
        },
        tables={"best parameters": best, "trials": trials, "search space": _space_rows(result)},
        plots=plots_of(result),
        summary={"best_parameters": result.best_parameters, "study": study_name, "n_trials": len(result.trials)}
        | {"rows": rows}
        | narrowed,
    )


def _trial_rows(result: StudyResult) -> Table:
    """The Pareto table: what every trial tried and scored, whether it is on the front, and why it won or not."""
    return [
        {"trial": trial.number}
        | dict(zip(result.objectives, trial.values, strict=True))
        | trial.parameters
        | {
            "on_front": trial.number in result.front,
            "chosen": trial.number == result.best_number,
            "reason": result.reasons[trial.number],
        }
        for trial in result.trials
    ]


def _space_rows(result: StudyResult) -> Table:
    return [
        {"parameter": d.name, "low": d.low, "high": d.high, "logarithmic": d.log, "start": d.start}
        for d in result.space.dimensions
    ]

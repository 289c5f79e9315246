"""Stage four: the search for parameters, on the time before the first walk-forward test."""

from __future__ import annotations

from typing import Any

from trimtab.config.strategy import Strategy
from trimtab.datasets import Dataset
from trimtab.models.configured import configured_forecaster, configured_space
from trimtab.models.protocol import FitContext
from trimtab.pipeline.code_version import code_fingerprint
from trimtab.pipeline.datasets import load_training_dataset
from trimtab.pipeline.running import Produced, run_stage, stage_values
from trimtab.pipeline.stage import StageResult, Table
from trimtab.pipeline.workspace import Workspace
from trimtab.registry.trials import Trial
from trimtab.storage.hashing import fingerprint_json
from trimtab.storage.manifests import Manifest
from trimtab.tuning.plots import plot_trials
from trimtab.tuning.study import StudyResult, run_study
from trimtab.validation.splitters import PurgedKFold, walk_forward_from

TUNING = "tuning_study"
ACTOR = "pipeline"


def run_tuning_study(workspace: Workspace, strategy_name: str) -> StageResult:
    """Search parameters on purged folds of the time before the first walk-forward test."""
    strategy = workspace.strategy(strategy_name)
    fingerprint, dataset = load_training_dataset(workspace, strategy_name)
    searched = {
        "dataset": fingerprint,
        "model": strategy.model.model_dump(mode="json"),
        "tuning": strategy.tuning.model_dump(mode="json"),
        "validation": strategy.validation.model_dump(mode="json"),
        "seed": workspace.settings.seed,
    }
    study_name = f"{strategy_name}:{fingerprint_json([searched, code_fingerprint()])[:16]}"

    def compute() -> Produced:
        known = tuning_rows(dataset, strategy)
        _ = workspace.registry  # the schema must exist before Optuna opens the same database
        result = run_study(
            known,
            PurgedKFold(strategy.tuning.n_folds, strategy.validation.embargo).split(known),
            make=lambda parameters: configured_forecaster(strategy.model, parameters),
            space=configured_space(strategy.model),
            sampler=strategy.tuning.sampler,
            n_trials=strategy.tuning.n_trials,
            objectives=strategy.tuning.objectives,
            seed=workspace.settings.seed,
            context=fit_context(workspace),
            storage=workspace.lake.database.sqlalchemy_url,
            study_name=study_name,
        )
        _count_trials(workspace, strategy, fingerprint, study_name, result)
        return _describe_study(result, study_name, len(known))

    def still_there(manifest: Manifest) -> bool:  # a new database must get the trials too
        counted: int = manifest.summary["values"]["n_trials"]
        return len(workspace.registry.trials(study_name)) >= counted

    return run_stage(workspace, TUNING, strategy_name, lambda: searched, compute, still_there)


def tuning_rows(dataset: Dataset, strategy: Strategy) -> Dataset:
    """The samples a study may see: what the first walk-forward fold trains on, and nothing later."""
    return dataset.take(walk_forward_from(strategy.validation).split(dataset)[0].train)


def fit_context(workspace: Workspace) -> FitContext:
    """Seed and threads of every training in this workspace."""
    return FitContext(seed=workspace.settings.seed, n_threads=workspace.settings.n_threads)


def tuned_parameters(workspace: Workspace, strategy_name: str) -> dict[str, Any]:
    """What the latest study of a strategy found; empty when nothing was searched."""
    values = stage_values(workspace, TUNING, strategy_name)
    return dict(values["best_parameters"]) if values else {}


def _count_trials(workspace: Workspace, strategy: Strategy, fingerprint: str, study: str, result: StudyResult) -> None:
    label = f"{strategy.label.kind}:{strategy.label.horizons[0]}"
    workspace.registry.record_trials(
        [
            Trial(
                study=study,
                number=trial.number,
                strategy=strategy.name,
                dataset_fingerprint=fingerprint,
                label=label,
                family=strategy.model.algorithm,
                parameters=trial.parameters,
                value=trial.values[0] if len(trial.values) == 1 else None,
            )
            for trial in result.trials
        ],
        ACTOR,
    )


def _describe_study(result: StudyResult, study_name: str, n_samples: int) -> Produced:
    rows: Table = [
        {"trial": trial.number, "value": trial.values[0] if trial.values else None, **trial.parameters}
        for trial in result.trials
    ]
    best: Table = [{"parameter": name, "value": value} for name, value in result.best_parameters.items()]
    return Produced(
        data_version=fingerprint_json({"best": result.best_parameters, "trials": rows}),
        metrics={
            "trials": len(result.trials),
            "best_value": result.best_value,
            "samples": n_samples,
            "study": study_name,
        },
        tables={"best parameters": best, "trials": rows},
        plots={"Trials": plot_trials(result)} if result.trials else {},
        summary={"best_parameters": result.best_parameters, "study": study_name, "n_trials": len(result.trials)},
    )

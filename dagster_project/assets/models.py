"""Tuning and training of a candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.stage_asset import Check, StageSpec

if TYPE_CHECKING:
    from trimtab.pipeline.stage import StageResult
    from trimtab.pipeline.workspace import Workspace


def _tuning_study(workspace: Workspace, strategy_name: str) -> StageResult:
    from trimtab.pipeline.tuning import run_tuning_study

    return run_tuning_study(workspace, strategy_name)


def _candidate_model(workspace: Workspace, strategy_name: str) -> StageResult:
    from trimtab.pipeline.models import train_candidate

    return train_candidate(workspace, strategy_name)


STAGES = (
    StageSpec(
        name="tuning_study",
        group="models",
        grain="strategy",
        description="One row per trial of the search for parameters, scored on purged folds; every trial is counted.",
        kinds=frozenset({"optuna", "database"}),
        stage=_tuning_study,
        reads=("training_dataset",),
    ),
    StageSpec(
        name="candidate_model",
        group="models",
        grain="strategy",
        description="One model version per dataset and parameters, registered with the hash of every file it consists of.",
        kinds=frozenset({"model", "database"}),
        stage=_candidate_model,
        reads=("training_dataset", "tuning_study"),
        checks=(
            Check(
                "artifact_trusted",
                "Size, integrity, load time and features of the stored model are in order.",
                blocking=False,
            ),
        ),
    ),
)

"""The training dataset of a strategy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.assets.features import ASSET_OF_SET
from dagster_project.stage_asset import Check, StageSpec

if TYPE_CHECKING:
    from trimtab.pipeline.stage import StageResult
    from trimtab.pipeline.workspace import Workspace


def _training_dataset(workspace: Workspace, strategy_name: str) -> StageResult:
    from trimtab.pipeline.datasets import build_training_dataset

    return build_training_dataset(workspace, strategy_name)


STAGES = (
    StageSpec(
        name="training_dataset",
        group="datasets",
        grain="strategy",
        description="One row per sample, with its label and the interval the label looks at; frozen under a fingerprint.",
        kinds=frozenset({"parquet"}),
        stage=_training_dataset,
        reads=("bars", *ASSET_OF_SET.values()),  # of the features, those that the strategy names
        checks=(
            Check("labels_follow_decisions", "Every label starts at or after its decision and ends later."),
            Check("targets_vary", "The labels of each horizon are not all the same.", blocking=False),
            Check("features_have_values", "Every feature has a value in some sample.", blocking=False),
        ),
    ),
)

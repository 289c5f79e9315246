"""Watching what a model sees against what it was trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.stage_asset import Check, StageSpec

if TYPE_CHECKING:
    from trimtab.pipeline.stage import StageResult
    from trimtab.pipeline.workspace import Workspace


def _drift_snapshot(workspace: Workspace, strategy_name: str) -> StageResult:
    from trimtab.pipeline.monitoring import snapshot_drift

    return snapshot_drift(workspace, strategy_name)


STAGES = (
    StageSpec(
        name="drift_snapshot",
        group="monitoring",
        grain="strategy",
        description="One row per feature and snapshot: recent rows against the rows the model was trained on.",
        kinds=frozenset({"database"}),
        stage=_drift_snapshot,
        reads=("candidate_model", "technical_features", "candlestick_features", "market_state_features"),
        checks=(Check("no_drift", "Too few features have drifted to ask for a retrain.", blocking=False),),
    ),
)

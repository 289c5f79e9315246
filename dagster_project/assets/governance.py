"""The decision about a candidate, and the page that tells of it and of all evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.stage_asset import StageSpec

if TYPE_CHECKING:
    from trimtab.pipeline.stage import StageResult
    from trimtab.pipeline.workspace import Workspace


def _deployment_decision(workspace: Workspace, strategy_name: str) -> StageResult:
    from trimtab.pipeline.governance import decide_deployment

    return decide_deployment(workspace, strategy_name)


def _model_report(workspace: Workspace, strategy_name: str) -> StageResult:
    from trimtab.pipeline.model_report import report_model

    return report_model(workspace, strategy_name)


STAGES = (
    StageSpec(
        name="deployment_decision",
        group="governance",
        grain="strategy",
        description="One row per gate: value, limit and verdict. The candidate waits for approval or is refused with reasons.",
        kinds=frozenset({"database"}),
        stage=_deployment_decision,
        reads=(
            "candidate_model",
            "walk_forward_report",
            "backtest_report",
            "honesty_report",
            "robustness_report",
            "leak_certificate",
            "model_certificate",
            "drift_snapshot",
        ),
    ),
    StageSpec(
        name="model_report",
        group="governance",
        grain="strategy",
        description="One HTML page per model version: verdict and reasons first, then all evidence.",
        kinds=frozenset({"report"}),
        stage=_model_report,
        reads=(
            "walk_forward_report",
            "backtest_report",
            "honesty_report",
            "robustness_report",
            "leak_certificate",
            "model_certificate",
            "deployment_decision",
        ),
    ),
)

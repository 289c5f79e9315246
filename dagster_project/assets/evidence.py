"""What speaks for or against a candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.stage_asset import Check, StageSpec

if TYPE_CHECKING:
    from trimtab.pipeline.stage import StageResult
    from trimtab.pipeline.workspace import Workspace


def _walk_forward_report(workspace: Workspace, strategy_name: str) -> StageResult:
    from trimtab.pipeline.walk_forward import report_walk_forward

    return report_walk_forward(workspace, strategy_name)


def _backtest_report(workspace: Workspace, strategy_name: str) -> StageResult:
    from trimtab.pipeline.backtest import report_backtest

    return report_backtest(workspace, strategy_name)


def _leak_certificate(workspace: Workspace, strategy_name: str) -> StageResult:
    from trimtab.pipeline.leak_certificate import certify_leaks

    return certify_leaks(workspace, strategy_name)


STAGES = (
    StageSpec(
        name="walk_forward_report",
        group="evidence",
        grain="strategy",
        description="One row per fold: the candidate's recipe trained on the past and scored on what came next.",
        kinds=frozenset({"report"}),
        stage=_walk_forward_report,
        reads=("training_dataset", "candidate_model"),
    ),
    StageSpec(
        name="backtest_report",
        group="evidence",
        grain="strategy",
        description="One row per bar of the walk-forward forecasts traded at the next open, after costs.",
        kinds=frozenset({"report"}),
        stage=_backtest_report,
        reads=("walk_forward_report", "bars"),
    ),
    StageSpec(
        name="leak_certificate",
        group="evidence",
        grain="strategy",
        description="One row per feature, label and fold: whether it knows anything of the future.",
        kinds=frozenset({"report"}),
        stage=_leak_certificate,
        reads=("training_dataset",),
        checks=(Check("no_leaks", "Nothing in the dataset or its folds knows the future.", blocking=False),),
    ),
)

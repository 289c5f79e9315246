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


def _honesty_report(workspace: Workspace, strategy_name: str) -> StageResult:
    from trimtab.pipeline.honesty import report_honesty

    return report_honesty(workspace, strategy_name)


def _robustness_report(workspace: Workspace, strategy_name: str) -> StageResult:
    from trimtab.pipeline.robustness import report_robustness

    return report_robustness(workspace, strategy_name)


def _model_certificate(workspace: Workspace, strategy_name: str) -> StageResult:
    from trimtab.pipeline.model_certificate import certify_model

    return certify_model(workspace, strategy_name)


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
        name="honesty_report",
        group="evidence",
        grain="strategy",
        description="One row per trial: what the Sharpe ratio is worth once everything that was ever tried is counted.",
        kinds=frozenset({"report"}),
        stage=_honesty_report,
        reads=("tuning_study", "backtest_report", "bars"),
    ),
    StageSpec(
        name="robustness_report",
        group="evidence",
        grain="strategy",
        description="One row per regime, crisis, instrument, side and disturbance: where the model holds and where it does not.",
        kinds=frozenset({"report"}),
        stage=_robustness_report,
        reads=("tuning_study", "walk_forward_report", "backtest_report", "bars"),
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
    StageSpec(
        name="model_certificate",
        group="evidence",
        grain="strategy",
        description="One row per canary: the training finds skill where it was planted, and none where there is none.",
        kinds=frozenset({"report"}),
        stage=_model_certificate,
        reads=("training_dataset", "candidate_model"),
        checks=(Check("model_is_clean", "No canary of the training procedure failed.", blocking=False),),
    ),
)

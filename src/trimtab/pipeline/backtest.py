"""Stage six, the backtest: the out-of-sample forecasts of the walk-forward, traded after costs."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from trimtab.backtest.costs import costs_from
from trimtab.backtest.engine import BacktestReport
from trimtab.backtest.forecasts import backtest_forecasts
from trimtab.backtest.plots import plot_equity
from trimtab.config.strategy import Strategy
from trimtab.errors import NotFoundError
from trimtab.pipeline.datasets import load_training_dataset
from trimtab.pipeline.running import Produced, run_stage, stage_values
from trimtab.pipeline.stage import StageResult, Table
from trimtab.pipeline.walk_forward import WALK_FORWARD
from trimtab.pipeline.walk_forward_forecasts import read_forecasts
from trimtab.pipeline.workspace import Workspace
from trimtab.signals.positions import default_rule
from trimtab.storage.atomic import write_text
from trimtab.storage.hashing import fingerprint_json

BACKTEST = "backtest_report"


def report_backtest(workspace: Workspace, strategy_name: str) -> StageResult:
    """Trade the out-of-sample forecasts of the walk-forward at the next open, after costs."""
    strategy = workspace.strategy(strategy_name)
    fingerprint, dataset = load_training_dataset(workspace, strategy_name)
    judged = stage_values(workspace, WALK_FORWARD, strategy_name) or {}
    if judged.get("dataset") != fingerprint:
        raise NotFoundError(
            f"the latest walk-forward of '{strategy_name}' is not about its latest dataset {fingerprint[:12]}; "
            f"run the stage {WALK_FORWARD} first"
        )

    def inputs() -> dict[str, Any]:
        return {
            "dataset": fingerprint,
            "forecasts": judged["forecasts"],
            "recipe": judged["recipe"],
            "bars": {series.key: workspace.bars.fingerprint(series) for series in strategy.universe.series},
            "backtest": strategy.backtest.model_dump(mode="json"),
            "label": strategy.label.kind,
        }

    def compute() -> Produced:
        bars = {series.instrument_id: workspace.bars.current(series) for series in strategy.universe.series}
        report = backtest_forecasts(
            dataset,
            read_forecasts(workspace, strategy_name),
            bars,
            rule=strategy.backtest.rule or default_rule(strategy.label.kind),
            threshold=strategy.backtest.threshold,
            max_exposure=strategy.backtest.max_exposure,
            costs=costs_from(strategy.backtest),
        )
        described = _describe_backtest(workspace, strategy, report)
        return replace(described, summary={**described.summary, "recipe": judged["recipe"]})

    return run_stage(workspace, BACKTEST, strategy_name, inputs, compute)


def _describe_backtest(workspace: Workspace, strategy: Strategy, report: BacktestReport) -> Produced:
    folder = workspace.report_folder(BACKTEST, strategy.name)
    document = report.to_json()
    write_text(folder / "report.json", json.dumps(document))
    shown = ("total_return", "annual_return", "annual_volatility", "sharpe_ratio", "sortino_ratio", "max_drawdown")
    account = ("exposure", "turnover", "break_even_cost_bps", "total_costs", "n_trades", "trade_win_rate")
    held: Table = [
        {"metric": name, "strategy": report.metrics.get(name), "buy_and_hold": report.benchmark_metrics.get(name)}
        for name in shown
    ]
    metrics = {name: report.metrics.get(name) for name in (*shown, *account)}
    return Produced(
        data_version=fingerprint_json(document),
        metrics=metrics
        | {"commission_bps": strategy.backtest.commission_bps, "slippage_bps": strategy.backtest.slippage_bps},
        tables={
            "against buy and hold": held,
            "account": [{"metric": n, "value": report.metrics.get(n)} for n in account],
        },
        plots={"Equity": plot_equity(report)},
        links={"report": folder / "report.json"},
        summary={
            "sharpe_ratio": report.metrics["sharpe_ratio"],
            "total_return": report.metrics["total_return"],
            "max_drawdown": abs(report.metrics["max_drawdown"]),
            "benchmark_sharpe_ratio": report.benchmark_metrics["sharpe_ratio"],
        },
    )

"""Stage six, the backtest: the out-of-sample forecasts of the walk-forward, traded after costs.

Where an account would not be true (`trimtab.pipeline.withheld_backtest`) the stage ends all the same: its numbers are
unknown, and its document says why.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

from trimtab.backtest.costs import costs_from
from trimtab.backtest.evidence import BacktestEvidence, gather_evidence
from trimtab.backtest.forecasts import simulation_of
from trimtab.backtest.market import Prices, bars_per_year, lay_out, prices_of
from trimtab.backtest.plots import plot_equity, plot_surface
from trimtab.backtest.simulation import Simulation
from trimtab.backtest.surface import CostSurface
from trimtab.config.strategy import Strategy
from trimtab.datasets import Dataset
from trimtab.errors import NotFoundError
from trimtab.market import Series
from trimtab.metrics.plain import plain
from trimtab.pipeline.datasets import load_training_dataset
from trimtab.pipeline.running import Produced, run_stage, stage_values
from trimtab.pipeline.stage import StageResult, Table
from trimtab.pipeline.walk_forward import WALK_FORWARD
from trimtab.pipeline.walk_forward_forecasts import read_forecasts
from trimtab.pipeline.withheld_backtest import why_withheld, withheld_document
from trimtab.pipeline.workspace import Workspace
from trimtab.signals.positions import default_rule
from trimtab.storage.atomic import write_text
from trimtab.storage.hashing import fingerprint_json

BACKTEST = "backtest_report"


def report_backtest(workspace: Workspace, strategy_name: str) -> StageResult:
    """Trade the out-of-sample forecasts of the walk-forward as the strategy file says, after costs."""
    strategy = workspace.strategy(strategy_name)
    fingerprint, dataset = load_training_dataset(workspace, strategy_name)
    judged = stage_values(workspace, WALK_FORWARD, strategy_name) or {}
    if judged.get("dataset") != fingerprint:
        raise NotFoundError(
            f"the latest walk-forward of '{strategy_name}' is not about its latest dataset {fingerprint[:12]}; "
            f"run the stage {WALK_FORWARD} first"
        )

    about = {"recipe": judged["recipe"], "forecasts": judged["forecasts"], "section": section_of(strategy)}

    def inputs() -> dict[str, Any]:
        return {
            "dataset": fingerprint,
            "forecasts": judged["forecasts"],
            "recipe": judged["recipe"],
            "bars": {series.key: workspace.bars.fingerprint(series) for series in strategy.universe.all_series},
            "benchmark": strategy.universe.benchmark,
            "backtest": strategy.backtest.model_dump(mode="json"),
            "label": strategy.label.kind,
            "seed": workspace.settings.seed,
        }

    def compute() -> Produced:
        simulation, reason = simulation_for(workspace, strategy, dataset), why_withheld(strategy)
        if reason:
            return _withhold(workspace, strategy, simulation, reason, about)
        evidence = gather_evidence(
            simulation,
            seed=workspace.settings.seed,
            market=_market(workspace, strategy),
            with_surface=True,
        )
        described = _describe_backtest(workspace, strategy, evidence)
        return replace(described, summary={**described.summary, **about})

    return run_stage(workspace, BACKTEST, strategy_name, inputs, compute)


def section_of(strategy: Strategy) -> str:
    """A fingerprint of how a strategy's file says its forecasts are traded: rule, threshold, fills and costs."""
    return fingerprint_json(strategy.backtest.model_dump(mode="json"))


def simulation_for(workspace: Workspace, strategy: Strategy, dataset: Dataset) -> Simulation:
    """The out-of-sample forecasts of a strategy as its file says they are to be traded."""
    asked = strategy.backtest
    return simulation_of(
        dataset,
        read_forecasts(workspace, strategy.name),
        {series.instrument_id: workspace.bars.current(series) for series in strategy.universe.series},
        rule=asked.rule or default_rule(strategy.label.kind),
        threshold=asked.threshold,
        max_exposure=asked.max_exposure,
        costs=costs_from(asked),
        fill=asked.fill,
        delay_bars=asked.delay_bars,
        max_leverage=asked.max_leverage,
    )


def _market(workspace: Workspace, strategy: Strategy) -> tuple[str, Prices] | None:
    name = strategy.universe.benchmark
    if name is None:
        return None
    bars = workspace.bars.current(Series(name, strategy.universe.timeframe))
    return (name, prices_of(bars)) if len(bars) else None


def _withhold(
    workspace: Workspace, strategy: Strategy, simulation: Simulation, reason: str, about: dict[str, Any]
) -> Produced:
    grid = lay_out(simulation.prices, {}, simulation.fill, simulation.since)
    document = withheld_document(reason, (*_COMPARED, *_ACCOUNT), bars_per_year(grid.event_time[grid.first :]))
    path = workspace.report_folder(BACKTEST, strategy.name) / "report.json"
    write_text(path, json.dumps(document))
    return Produced(
        data_version=fingerprint_json(document),
        metrics={**dict.fromkeys((*_COMPARED, *_ACCOUNT)), "withheld": reason},
        tables={"withheld": [{"reason": reason}]},
        links={"report": path},
        summary={**dict.fromkeys(_SUMMARY), **about, "withheld": reason},
    )


def _describe_backtest(workspace: Workspace, strategy: Strategy, evidence: BacktestEvidence) -> Produced:
    folder = workspace.report_folder(BACKTEST, strategy.name)
    document, report = evidence.to_json(), evidence.report
    write_text(folder / "report.json", json.dumps(document))
    shown = {name: report.metrics.get(name) for name in (*_COMPARED, *_ACCOUNT)}
    against = evidence.against_benchmark
    plots = {"Equity": plot_equity(report, market=evidence.market)}
    if evidence.surface is not None:
        plots["Costs and delays"] = plot_surface(evidence.surface)
    return Produced(
        data_version=fingerprint_json(document),
        metrics=plain(
            shown
            | {"commission_bps": strategy.backtest.commission_bps, "slippage_bps": strategy.backtest.slippage_bps}
            | {"benchmark_p_value": against.p_value, "n_unfilled": len(report.unfilled)}
            | _cover(evidence)
        ),
        tables=_tables(evidence),
        plots=plots,
        links={"report": folder / "report.json"},
        summary=plain(
            {
                "sharpe_ratio": report.metrics["sharpe_ratio"],
                "total_return": report.metrics["total_return"],
                "max_drawdown": abs(report.metrics["max_drawdown"]),
                "benchmark_sharpe_ratio": report.benchmark_metrics["sharpe_ratio"],
                "benchmark_p_value": against.p_value,
                "break_even_cost_bps": report.metrics["break_even_cost_bps"],
            }
        ),
    )


def _cover(evidence: BacktestEvidence) -> dict[str, Any]:
    cover = evidence.simulation.cover
    return {} if cover is None else {"bars_without_forecast": cover.n_without, "positions_lapsed": cover.n_lapsed}


def _tables(evidence: BacktestEvidence) -> dict[str, Table]:
    report, market = evidence.report, evidence.market
    held: Table = [
        {"metric": name, "strategy": report.metrics.get(name), "buy_and_hold": report.benchmark_metrics.get(name)}
        | ({} if market is None else {market.name: market.metrics.get(name)})
        for name in _COMPARED
    ]
    tables: dict[str, Table] = {
        "against buy and hold": held,
        "account": [{"metric": name, "value": report.metrics.get(name)} for name in _ACCOUNT],
        "intervals": [asdict(interval) for interval in evidence.intervals],
        "costs": [{"kind": kind, "paid": paid} for kind, paid in report.costs_paid.items()],
    }
    if evidence.surface is not None:
        tables["sharpe ratio by cost and delay"] = _cells(evidence.surface)
    return plain(tables)


def _cells(surface: CostSurface) -> Table:
    """One row per cost, one column per delay."""
    return [
        {
            "cost_bps": cost,
            **{f"delay_{delay}": float(value) for delay, value in zip(surface.delay_bars, row, strict=True)},
        }
        for cost, row in zip(surface.cost_bps, surface.sharpe_ratio, strict=True)
    ]


_COMPARED = ("total_return", "annual_return", "annual_volatility", "sharpe_ratio", "sortino_ratio", "max_drawdown")
_ACCOUNT = ("exposure", "turnover", "break_even_cost_bps", "total_costs", "n_trades", "trade_win_rate")
_SUMMARY = (
    "sharpe_ratio", "total_return", "max_drawdown", "benchmark_sharpe_ratio", "benchmark_p_value", "break_even_cost_bps",
)  # fmt: skip

"""A small picture of an account: equity beside buy-and-hold, drawdown below."""

from __future__ import annotations

import io

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from trimtab.backtest.engine import BacktestReport

BLUE, GREY, RED = "#2f6db5", "#9aa3ad", "#c0504d"


def plot_equity(report: BacktestReport, title: str = "Backtest after costs") -> bytes:
    """Equity and drawdown over time as PNG bytes of 640 x 300 pixels; the same report gives the same bytes."""
    figure = Figure(figsize=(6.4, 3.0), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    time = report.event_time.astype("datetime64[s]").astype(object)
    upper.plot(time, report.equity, color=BLUE, linewidth=1.2, label="strategy")
    upper.plot(time, report.benchmark, color=GREY, linewidth=1.0, label="buy and hold")
    upper.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    upper.set_ylabel("equity (cash)", fontsize=8)
    upper.legend(fontsize=7, frameon=False, loc="lower right", bbox_to_anchor=(1.0, 0.97), ncols=2)  # above the curves
    sharpe, total = report.metrics["sharpe_ratio"], report.metrics["total_return"]
    upper.set_title(f"{title}: total return {total:.1%}, Sharpe {sharpe:.2f}", fontsize=10, loc="left")
    lower.fill_between(time, _drawdown(report.equity), 0.0, color=RED, alpha=0.5, linewidth=0.0)
    lower.plot(time, _drawdown(report.benchmark), color=GREY, linewidth=0.8)
    lower.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    lower.set_ylabel("drawdown", fontsize=8)
    locator = AutoDateLocator()
    lower.xaxis.set_major_locator(locator)
    lower.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz="UTC"))
    for axes in (upper, lower):
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})  # a version in the file would change its bytes
    return picture.getvalue()


def _drawdown(equity: np.ndarray) -> np.ndarray:
    return equity / np.maximum.accumulate(equity) - 1.0

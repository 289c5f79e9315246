"""Pictures of an account: equity beside what doing less earned, and what costs and delays leave of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trimtab.backtest.engine import BacktestReport
from trimtab.backtest.holding import Holding
from trimtab.backtest.surface import CostSurface
from trimtab.figures import BLUE, INK, MUTED, ORANGE, RED, as_png, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LOSS, _GAIN, _UNKNOWN = "#e6a555", "#7199f5", "#e4e7eb"  # light enough to read dark numbers on


def plot_equity(report: BacktestReport, title: str = "Backtest after costs", market: Holding | None = None) -> bytes:
    """Equity and drawdown over time as PNG bytes of 680 x 320 pixels; the same report gives the same bytes."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.ticker import FuncFormatter, PercentFormatter

    figure, (upper, lower) = new_figure(2, 1, height=3.2)
    if (grid := upper.get_gridspec()) is not None:
        grid.set_height_ratios([3, 1])
    lower.sharex(upper)
    upper.tick_params(labelbottom=False)
    time = report.event_time.astype("datetime64[s]").astype(object)
    upper.plot(time, report.equity, color=BLUE, linewidth=1.3, label="strategy", zorder=3)
    upper.plot(time, report.benchmark, color=MUTED, linewidth=1.0, label="buy and hold")
    if market is not None:
        upper.plot(time, market.equity, color=ORANGE, linewidth=1.0, label=market.name)
    upper.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    upper.set_ylabel("equity", fontsize=8, color=INK)
    figure.legend(fontsize=8, frameon=False, loc="outside lower right", ncols=3)
    sharpe, total = report.metrics["sharpe_ratio"], report.metrics["total_return"]
    upper.set_title(f"{title}: total return {total:.1%}, Sharpe {sharpe:.2f}", fontsize=10, loc="left", color=INK)
    lower.fill_between(time, _drawdown(report.equity), 0.0, color=RED, alpha=0.4, linewidth=0.0)
    lower.plot(time, _drawdown(report.benchmark), color=MUTED, linewidth=0.8)
    lower.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    lower.set_ylabel("drawdown", fontsize=8, color=INK)
    locator = AutoDateLocator()
    lower.xaxis.set_major_locator(locator)
    lower.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz="UTC"))
    figure.align_ylabels([upper, lower])
    return as_png(figure)


def plot_surface(surface: CostSurface) -> bytes:
    """Sharpe ratio and total return by cost and delay, as PNG bytes of 680 x 300 pixels; blue gains, orange loses."""
    figure, (left, right) = new_figure(1, 2)
    _heat_map(left, surface, surface.sharpe_ratio, "Sharpe ratio", "{:.2f}")
    _heat_map(right, surface, surface.total_return, "Total return", "{:.0%}")
    left.set_ylabel("cost per side (bps)", fontsize=8, color=INK)
    return as_png(figure)


def _heat_map(axes: Axes, surface: CostSurface, values: np.ndarray, title: str, form: str) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    colours = LinearSegmentedColormap.from_list("loss and gain", [_LOSS, "white", _GAIN])
    known = np.abs(values[np.isfinite(values)])
    largest = float(known.max()) if len(known) and known.max() > 0.0 else 1.0
    axes.imshow(values, cmap=colours, vmin=-largest, vmax=largest, aspect="auto")
    axes.set_facecolor(_UNKNOWN)
    for row, column in np.ndindex(values.shape):
        value = values[row, column]
        text: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 8, "color": INK}
        axes.text(column, row, form.format(value) if np.isfinite(value) else "–", **text)
    axes.set_xticks(range(len(surface.delay_bars)), [str(delay) for delay in surface.delay_bars])
    axes.set_yticks(range(len(surface.cost_bps)), [f"{cost:g}" for cost in surface.cost_bps])
    axes.set_xlabel("delay (bars)", fontsize=8, color=INK)
    axes.set_title(title, fontsize=10, loc="left", color=INK)
    axes.grid(visible=False)


def _drawdown(equity: np.ndarray) -> np.ndarray:
    return equity / np.maximum.accumulate(equity) - 1.0

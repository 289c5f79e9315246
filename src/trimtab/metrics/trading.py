"""The measures of returns and positions in one namespace; each is defined in the module named beside it.

Conventions are those of these modules: returns are simple and per period, unknown ones (NaN) are left out of
means, losses are not positive, a ratio over no risk is NaN.
"""

from __future__ import annotations

from trimtab.metrics.bets import kelly_criterion, payoff_ratio, profit_factor, win_rate
from trimtab.metrics.catalogue import compare_returns, conventions, evaluate_returns
from trimtab.metrics.drawdown import (
    Drawdown,
    drawdown_table,
    drawdowns,
    longest_drawdown,
    max_drawdown,
    ulcer_index,
)
from trimtab.metrics.positions import exposure, turnover
from trimtab.metrics.ratios import (
    calmar_ratio,
    common_sense_ratio,
    gain_to_pain_ratio,
    omega_ratio,
    recovery_factor,
    sharpe_ratio,
    sortino_ratio,
    ulcer_performance_index,
)
from trimtab.metrics.returns import annual_return, stability_of_timeseries, total_return
from trimtab.metrics.risk import (
    annual_volatility,
    downside_risk,
    expected_shortfall,
    kurtosis,
    skew,
    tail_ratio,
    value_at_risk,
)

__all__ = [
    "Drawdown",
    "annual_return",
    "annual_volatility",
    "calmar_ratio",
    "common_sense_ratio",
    "compare_returns",
    "conventions",
    "downside_risk",
    "drawdown_table",
    "drawdowns",
    "evaluate_returns",
    "expected_shortfall",
    "exposure",
    "gain_to_pain_ratio",
    "kelly_criterion",
    "kurtosis",
    "longest_drawdown",
    "max_drawdown",
    "omega_ratio",
    "payoff_ratio",
    "profit_factor",
    "recovery_factor",
    "sharpe_ratio",
    "skew",
    "sortino_ratio",
    "stability_of_timeseries",
    "tail_ratio",
    "total_return",
    "turnover",
    "ulcer_index",
    "ulcer_performance_index",
    "value_at_risk",
    "win_rate",
]

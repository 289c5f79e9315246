"""A measure as a person reads it in a table: shares in per cent, the rest as numbers."""

from __future__ import annotations

import math
from typing import Any

from trimtab.cli.output import DIGITS, shown

SHARES = frozenset(
    {
        *("total_return", "annual_return", "max_drawdown", "annual_volatility", "downside_risk", "win_rate"),
        *("total_return_sum", "annual_return_sum", "max_drawdown_sum", "value_at_risk", "expected_shortfall"),
        *("value_at_risk_gaussian", "expected_shortfall_gaussian", "ulcer_index", "alpha", "tracking_error"),
        *("excess_return", "excess_return_sum", "excess_return_sum_low", "excess_return_sum_high"),
        *("batting_average", "trade_win_rate", "exposure", "mean_gross_weight", "turnover"),
    }
)


def measure_text(name: str, value: Any) -> str:
    """A value as text; unknown is a dash.

    >>> measure_text("total_return", -0.0043), measure_text("sharpe_ratio", -5.9), measure_text("alpha", None)
    ('-0.43%', '-5.9', '–')
    """
    if name not in SHARES or value is None or not math.isfinite(value):
        return shown(value, DIGITS)
    return f"{shown(100.0 * value, DIGITS)}%"

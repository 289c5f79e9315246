"""Return for risk: the ratios by which accounts are compared.

`returns` are simple returns per period, shape (n,); a rate of comparison (`risk_free`, `required_return`) is per
period. A ratio over no risk at all is NaN: it is neither infinite nor zero, there is nothing to divide by.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trimtab.metrics.arrays import as_series, deviation, excess, known, share
from trimtab.metrics.bets import profit_factor
from trimtab.metrics.drawdown import max_drawdown, ulcer_index
from trimtab.metrics.returns import annual_return, compounded, total_return
from trimtab.metrics.risk import downside_risk, tail_ratio

NAN = float("nan")


def sharpe_ratio(returns: ArrayLike, periods_per_year: float, risk_free: float = 0.0, ddof: int = 1) -> float:
    """Mean excess return over its standard deviation, annualised; `risk_free` is per period.

    NaN when returns do not vary.

    >>> round(sharpe_ratio([0.02, 0.0, 0.01, -0.01], 252), 4)
    6.1482
    """
    values = excess(returns, risk_free)
    spread = deviation(values, ddof)
    return NAN if not spread > 0.0 else float(values.mean() / spread * np.sqrt(periods_per_year))


def sortino_ratio(returns: ArrayLike, periods_per_year: float, required_return: float = 0.0) -> float:
    """Mean excess return, annualised, over the downside risk; NaN when nothing fell short.

    >>> round(sortino_ratio([0.02, -0.01, 0.01, -0.01], 252), 4)
    5.6125
    """
    values = excess(returns, required_return)
    risk = downside_risk(returns, periods_per_year, required_return)
    return share(float(values.mean()) * periods_per_year, risk) if len(values) else NAN


def calmar_ratio(returns: ArrayLike, periods_per_year: float, compounding: bool = True) -> float:
    """Annual return over the size of the deepest drawdown; NaN when there was none.

    >>> round(calmar_ratio([0.1, -0.05, 0.1], 3), 4)
    2.99
    """
    return share(annual_return(returns, periods_per_year, compounding), abs(max_drawdown(returns, compounding)))


def omega_ratio(returns: ArrayLike, required_return: float = 0.0) -> float:
    """Sum of what lay above `required_return` (per period) over the sum of what lay below (Keating, Shadwick 2002).

    With a required return of 0 it is the profit factor. empyrical and quantstats take the required return per year.

    >>> round(omega_ratio([0.02, -0.01, 0.03, -0.01], required_return=0.01), 4)
    0.75
    """
    return profit_factor(excess(returns, required_return))


def ulcer_performance_index(
    returns: ArrayLike,
    periods_per_year: float | None,
    risk_free: float = 0.0,
    ddof: int = 0,
    compounding: bool = True,
) -> float:
    """Annual return above the risk-free rate over the ulcer index (Martin and McCann 1989); NaN without drawdowns.

    `risk_free` is per period and grows to a year by the same account. With `periods_per_year=None` the return is that of
    the whole span, which grows with the length of the record; quantstats gives that, with `ddof=1`.

    >>> round(ulcer_performance_index([0.1, -0.05, 0.1], 3), 4)
    5.1788
    """
    values = as_series(returns)
    n = len(values) if periods_per_year is None else periods_per_year
    grown = total_return(values, compounding) if periods_per_year is None else annual_return(values, n, compounding)
    free = compounded(risk_free, n) if compounding else risk_free * n
    return share(grown - free, ulcer_index(values, ddof, compounding))


def gain_to_pain_ratio(returns: ArrayLike) -> float:
    """Sum of returns over the size of the sum of losses (Schwager 2012): the profit factor minus 1.

    Schwager took monthly returns; of daily ones it is smaller. NaN when nothing was lost.

    >>> round(gain_to_pain_ratio([0.1, -0.05, 0.2]), 6)
    5.0
    """
    values = known(returns)
    return share(float(values.sum()), abs(float(values[values < 0.0].sum())))


def recovery_factor(returns: ArrayLike, compounding: bool = True) -> float:
    """Total return over the size of the deepest drawdown, negative after a loss; NaN without drawdown.

    >>> round(recovery_factor([0.1, -0.05, 0.1]), 4)
    2.99
    """
    return share(total_return(returns, compounding), abs(max_drawdown(returns, compounding)))


def common_sense_ratio(returns: ArrayLike, level: float = 0.05) -> float:
    """Profit factor times tail ratio: below 1 either the average or the tails lose money.

    >>> round(common_sense_ratio([-0.02, -0.01, 0.0, 0.01, 0.04], level=0.25), 4)
    1.6667
    """
    return profit_factor(returns) * tail_ratio(returns, level)

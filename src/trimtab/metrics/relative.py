"""A series of returns beside a benchmark's: what came from the market, and what did not.

`returns` and `benchmark` are simple returns of the same periods, shape (n,) each, already aligned. A
period in which either is NaN is left out of every measure here, elapsed time included. `risk_free` is
per period. Definitions are empyrical's unless said otherwise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trimtab.metrics.arrays import deviation, paired, share
from trimtab.metrics.returns import annual_return, compounded

NAN = float("nan")


def beta(returns: ArrayLike, benchmark: ArrayLike) -> float:
    """Slope of returns on the benchmark's: covariance over the benchmark's variance; NaN where it does not vary.

    A risk-free rate that is the same in every period does not change it.

    >>> round(beta([0.02, -0.01, 0.04], [0.01, -0.005, 0.02]), 9)
    2.0
    """
    own, market = paired(returns, benchmark)
    if len(own) < 2 or np.ptp(market) == 0.0:
        return NAN
    moved = market - market.mean()
    return share(float(moved @ (own - own.mean())), float(moved @ moved))


def alpha(
    returns: ArrayLike,
    benchmark: ArrayLike,
    periods_per_year: float,
    risk_free: float = 0.0,
    compounding: bool = True,
) -> float:
    """Mean return that the benchmark does not explain (Jensen 1968), per year.

    The mean per period is compounded over a year (empyrical), or multiplied by the periods per year with
    `compounding=False` (quantstats).

    >>> round(alpha([0.03, 0.0, 0.05], [0.01, -0.005, 0.02], 12, compounding=False), 9)
    0.12
    """
    own, market = paired(returns, benchmark)
    if not len(own):
        return NAN
    left = float((own - risk_free - beta(own, market) * (market - risk_free)).mean())
    return compounded(left, periods_per_year) if compounding else left * periods_per_year


def correlation(returns: ArrayLike, benchmark: ArrayLike) -> float:
    """Pearson correlation with the benchmark; its square is the share of variance the benchmark explains.

    >>> round(correlation([0.01, 0.02, 0.0], [0.02, 0.04, 0.0]), 9)
    1.0
    """
    own, market = paired(returns, benchmark)
    if len(own) < 2 or np.ptp(own) == 0.0 or np.ptp(market) == 0.0:
        return NAN
    own, market = own - own.mean(), market - market.mean()
    return share(float(own @ market), float(np.sqrt(own @ own) * np.sqrt(market @ market)))


def excess_return(returns: ArrayLike, benchmark: ArrayLike, periods_per_year: float, compounding: bool = True) -> float:
    """Annual return minus the benchmark's.

    >>> round(excess_return([0.02, 0.02], [0.01, 0.01], 12, compounding=False), 9)
    0.12
    """
    own, market = paired(returns, benchmark)
    return annual_return(own, periods_per_year, compounding) - annual_return(market, periods_per_year, compounding)


def tracking_error(returns: ArrayLike, benchmark: ArrayLike, periods_per_year: float, ddof: int = 1) -> float:
    """Standard deviation of the differences to the benchmark, annualised.

    >>> round(tracking_error([0.02, 0.0], [0.01, 0.01], 1), 6)
    0.014142
    """
    own, market = paired(returns, benchmark)
    return deviation(own - market, ddof) * float(np.sqrt(periods_per_year))


def information_ratio(returns: ArrayLike, benchmark: ArrayLike, periods_per_year: float, ddof: int = 1) -> float:
    """Mean difference to the benchmark over its standard deviation, annualised; NaN when it does not vary.

    >>> round(information_ratio([0.02, 0.01, 0.03], [0.01, 0.01, 0.01], 4), 6)
    2.0
    """
    return excess_sharpe(returns, benchmark, ddof) * float(np.sqrt(periods_per_year))


def excess_sharpe(returns: ArrayLike, benchmark: ArrayLike, ddof: int = 1) -> float:
    """The information ratio per period, not annualised, as empyrical and quantstats give it.

    >>> round(excess_sharpe([0.02, 0.01, 0.03], [0.01, 0.01, 0.01]), 6)
    1.0
    """
    own, market = paired(returns, benchmark)
    spread = deviation(own - market, ddof)
    return float((own - market).mean() / spread) if spread > 0.0 else NAN


def capture(returns: ArrayLike, benchmark: ArrayLike, periods_per_year: float) -> float:
    """Annual return (geometric) as a share of the benchmark's; NaN where that is zero.

    >>> round(capture([0.02], [0.01], 1), 9)
    2.0
    """
    own, market = paired(returns, benchmark)
    return share(annual_return(own, periods_per_year), annual_return(market, periods_per_year))


def up_capture(returns: ArrayLike, benchmark: ArrayLike, periods_per_year: float) -> float:
    """`capture` over the periods in which the benchmark rose; above 1 it was outrun in good times.

    >>> round(up_capture([0.02, -0.5], [0.01, -0.1], 1), 9)
    2.0
    """
    own, market = paired(returns, benchmark)
    return capture(own[market > 0.0], market[market > 0.0], periods_per_year)


def down_capture(returns: ArrayLike, benchmark: ArrayLike, periods_per_year: float) -> float:
    """`capture` over the periods in which the benchmark fell; below 1 less was lost than by it.

    >>> round(down_capture([0.02, -0.05], [0.01, -0.1], 1), 9)
    0.5
    """
    own, market = paired(returns, benchmark)
    return capture(own[market < 0.0], market[market < 0.0], periods_per_year)


def up_down_capture(returns: ArrayLike, benchmark: ArrayLike, periods_per_year: float) -> float:
    """`up_capture` over `down_capture`.

    >>> round(up_down_capture([0.02, -0.05], [0.01, -0.1], 1), 9)
    4.0
    """
    up, down = up_capture(returns, benchmark, periods_per_year), down_capture(returns, benchmark, periods_per_year)
    return share(up, down)


def batting_average(returns: ArrayLike, benchmark: ArrayLike) -> float:
    """Share of the periods in which the return was above the benchmark's; a tie is none.

    >>> batting_average([0.02, 0.0, 0.03, 0.01], [0.01, 0.01, 0.01, 0.01])
    0.5
    """
    own, market = paired(returns, benchmark)
    return share(int((own > market).sum()), len(own))

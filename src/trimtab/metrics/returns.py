"""What a series of returns grew to: in total, per year, and how straight the way was.

`returns` are simple returns per period (0.01 is one per cent), shape (n,). A NaN is a period whose return is
unknown: it counts as elapsed time, grows nothing and is left out of means and deviations.

Two accounts exist and differ: `compounding=True` reinvests (growth is the product of 1 + r),
`compounding=False` bets the same amount every period (growth is the sum of r, Qlib's account). Annualisation is
`periods_per_year`: 252 for daily sessions of US equities, 365 for daily crypto, 8760 for hourly crypto.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trimtab.metrics.arrays import as_series, known, share

NAN = float("nan")


def total_return(returns: ArrayLike, compounding: bool = True) -> float:
    """Growth over the whole span, as a share of the money at its start; NaN when no return is known.

    >>> round(total_return([0.1, 0.1]), 4), round(total_return([0.1, 0.1], compounding=False), 4)
    (0.21, 0.2)
    """
    values = known(returns)
    if not len(values):
        return NAN
    return float(np.prod(1.0 + values) - 1.0) if compounding else float(values.sum())


def annual_return(returns: ArrayLike, periods_per_year: float, compounding: bool = True) -> float:
    """Growth per year: geometric when compounding (the CAGR), otherwise mean return times periods per year.

    A year is `periods_per_year` periods, whatever the calendar says. Geometric growth is not defined once more
    than everything has been lost; that is NaN, and so is growth beyond the range of floating point.

    >>> round(annual_return([0.01] * 252, 252), 4), round(annual_return([0.01] * 252, 252, compounding=False), 4)
    (11.274, 2.52)
    """
    values = as_series(returns)
    if not compounding:
        present = known(values)
        return share(float(present.sum()), len(present)) * periods_per_year
    return compounded(total_return(values), periods_per_year / len(values)) if len(values) else NAN


def compounded(rate: float, n_periods: float) -> float:
    """Growth of money at `rate` per period: (1 + rate)^n - 1.

    NaN below -1, where no power of what is left has a meaning, and beyond the range of floating point: a few hourly
    returns of a wild token, taken to a year of 8760 hours, get there.

    >>> round(compounded(0.01, 12), 4), compounded(-1.5, 2.5), compounded(1.0, 8760)
    (0.1268, nan, nan)
    """
    if not rate >= -1.0:
        return NAN
    try:
        return float((1.0 + rate) ** n_periods - 1.0)
    except OverflowError:
        return NAN


def stability_of_timeseries(returns: ArrayLike) -> float:
    """Share of variance that a straight line explains of the cumulative log returns, 0 to 1 (R squared).

    1 is growth at one steady rate, and so is a loss at one steady rate. NaN below two known returns, when
    nothing ever moved or when everything was lost.

    >>> round(stability_of_timeseries([0.01, 0.03, -0.01, 0.02]), 4)
    0.6871
    """
    values = known(returns)
    if len(values) < 2 or values.min() <= -1.0:
        return NAN
    curve = np.cumsum(np.log1p(values))
    if np.ptp(curve) == 0.0:
        return NAN
    time = np.arange(len(curve)) - (len(curve) - 1) / 2.0
    curve = curve - curve.mean()
    return share(float(time @ curve) ** 2, float(time @ time) * float(curve @ curve))

"""What a series of returns or positions was worth; empyrical's definitions, every convention an argument.

`returns` are simple returns per period (0.01 is one per cent), shape (n,). A NaN is a period whose
return is unknown: it counts as elapsed time, grows nothing and is left out of means and deviations.

Two accounts exist and differ: `compounding=True` reinvests (growth is the product of 1 + r),
`compounding=False` bets the same amount every period (growth is the sum of r, Qlib's account).
`ddof` is 1 for a sample's deviation, 0 for the deviation of the very numbers given. Annualisation is
`periods_per_year`: 252 for daily sessions of US equities, 365 for daily crypto, 8760 for hourly crypto.
Drawdowns, value at risk and expected shortfall are losses and therefore not positive.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trimtab.metrics.arrays import share

NAN = float("nan")


def total_return(returns: ArrayLike, compounding: bool = True) -> float:
    """Growth over the whole span, as a share of the money at its start.

    >>> round(total_return([0.1, 0.1]), 4), round(total_return([0.1, 0.1], compounding=False), 4)
    (0.21, 0.2)
    """
    values = np.nan_to_num(_series(returns))
    if not len(values):
        return NAN
    return float(np.prod(1.0 + values) - 1.0) if compounding else float(values.sum())


def annual_return(returns: ArrayLike, periods_per_year: float, compounding: bool = True) -> float:
    """Growth per year: geometric when compounding, otherwise mean return times periods per year.

    Geometric growth is not defined once everything has been lost more than once; that is NaN.

    >>> round(annual_return([0.01] * 252, 252), 4), round(annual_return([0.01] * 252, 252, compounding=False), 4)
    (11.274, 2.52)
    """
    values = _series(returns)
    if not compounding:
        return share(float(np.nansum(values)), int((~np.isnan(values)).sum())) * periods_per_year
    growth = 1.0 + total_return(values)
    return float(growth ** (periods_per_year / len(values)) - 1.0) if len(values) and growth >= 0.0 else NAN


def annual_volatility(returns: ArrayLike, periods_per_year: float, ddof: int = 1) -> float:
    """Standard deviation of returns, scaled by the root of periods per year.

    >>> round(annual_volatility([0.01, -0.01, 0.01, -0.01], 252), 4)
    0.1833
    """
    return _deviation(_known(returns), ddof) * float(np.sqrt(periods_per_year))


def sharpe_ratio(returns: ArrayLike, periods_per_year: float, risk_free: float = 0.0, ddof: int = 1) -> float:
    """Mean excess return over its standard deviation, annualised; `risk_free` is per period.

    NaN when returns do not vary.

    >>> round(sharpe_ratio([0.02, 0.0, 0.01, -0.01], 252), 4)
    6.1482
    """
    excess = _known(returns) - risk_free
    deviation = _deviation(excess, ddof)
    return NAN if not deviation > 0.0 else float(excess.mean() / deviation * np.sqrt(periods_per_year))


def downside_risk(returns: ArrayLike, periods_per_year: float, required_return: float = 0.0) -> float:
    """Root mean square of the shortfalls below `required_return` (per period), annualised.

    Periods above count as zero shortfall and stay in the mean (Sortino's own definition).

    >>> round(downside_risk([0.02, -0.01, 0.01, -0.01], 252), 4)
    0.1122
    """
    shortfall = np.minimum(_known(returns) - required_return, 0.0)
    return float(np.sqrt(share(float(shortfall @ shortfall), len(shortfall)) * periods_per_year))


def sortino_ratio(returns: ArrayLike, periods_per_year: float, required_return: float = 0.0) -> float:
    """Mean excess return, annualised, over the downside risk; NaN when nothing fell short.

    >>> round(sortino_ratio([0.02, -0.01, 0.01, -0.01], 252), 4)
    5.6125
    """
    excess = _known(returns) - required_return
    risk = downside_risk(returns, periods_per_year, required_return)
    return share(float(excess.mean()) * periods_per_year, risk) if len(excess) else NAN


def drawdowns(returns: ArrayLike, compounding: bool = True) -> np.ndarray:
    """Distance below the highest point so far, start included, after each period; shape (n,), never positive.

    A share of that highest point when compounding, otherwise a share of the constant stake.

    >>> drawdowns([0.1, -0.5, 0.2]).round(3).tolist()
    [0.0, -0.5, -0.4]
    """
    values = np.nan_to_num(_series(returns))
    curve = np.cumprod(1.0 + values) if compounding else np.cumsum(values)
    peak = np.maximum.accumulate(np.r_[1.0 if compounding else 0.0, curve])[1:]
    return curve / peak - 1.0 if compounding else curve - peak


def max_drawdown(returns: ArrayLike, compounding: bool = True) -> float:
    """The deepest drawdown, not positive: -0.2 means that a fifth was lost from a peak.

    >>> max_drawdown([0.1, -0.5, 0.2])
    -0.5
    """
    depth = drawdowns(returns, compounding)
    return float(depth.min()) if len(depth) else NAN


def calmar_ratio(returns: ArrayLike, periods_per_year: float, compounding: bool = True) -> float:
    """Annual return over the size of the deepest drawdown; NaN when there was none.

    >>> round(calmar_ratio([0.1, -0.05, 0.1], 3), 4)
    2.99
    """
    return share(annual_return(returns, periods_per_year, compounding), abs(max_drawdown(returns, compounding)))


def win_rate(returns: ArrayLike) -> float:
    """Share of the periods (or trades) with a gain, over those that moved at all.

    >>> win_rate([0.1, 0.0, -0.1, 0.2])
    0.6666666666666666
    """
    values = _known(returns)
    return share(int((values > 0.0).sum()), int((values != 0.0).sum()))


def profit_factor(returns: ArrayLike) -> float:
    """Sum of gains over the size of the sum of losses; NaN when nothing was lost.

    >>> round(profit_factor([0.1, -0.05, 0.2]), 6)
    6.0
    """
    values = _known(returns)
    return share(float(values[values > 0.0].sum()), abs(float(values[values < 0.0].sum())))


def value_at_risk(returns: ArrayLike, level: float = 0.05) -> float:
    """The `level` quantile of returns per period (historical, linear interpolation).

    >>> round(value_at_risk([-0.03, -0.01, 0.0, 0.02, 0.01], level=0.25), 4)
    -0.01
    """
    values = _known(returns)
    return float(np.quantile(values, level)) if len(values) else NAN


def expected_shortfall(returns: ArrayLike, level: float = 0.05) -> float:
    """Mean of the worst `level` share of the periods, at least one (empyrical's conditional VaR).

    >>> round(expected_shortfall([-0.03, -0.01, 0.0, 0.02, 0.01], level=0.25), 4)
    -0.02
    """
    values = np.sort(_known(returns))
    return float(values[: int((len(values) - 1) * level) + 1].mean()) if len(values) else NAN


def turnover(weights: ArrayLike) -> float:
    """Mean share of the equity bought plus sold per period, over changes of weight.

    `weights`: shape (n_periods,) or (n_periods, n_instruments), shares of the equity. The way into the
    first weights is not counted. Going from all long to all short is 2.0.

    >>> turnover([0.0, 1.0, 1.0, -1.0])
    1.0
    """
    table = np.asarray(weights, dtype=np.float64)
    changes = np.abs(np.diff(table.reshape(len(table), -1), axis=0)).sum(axis=1)
    return share(float(changes.sum()), len(changes))


def exposure(weights: ArrayLike) -> float:
    """Share of the periods in which anything was held.

    >>> exposure([0.0, 1.0, -0.5, 0.0])
    0.5
    """
    table = np.asarray(weights, dtype=np.float64)
    return share(int((table.reshape(len(table), -1) != 0.0).any(axis=1).sum()), len(table))


def evaluate_returns(
    returns: ArrayLike, periods_per_year: float, risk_free: float = 0.0, ddof: int = 1, level: float = 0.05
) -> dict[str, float]:
    """Every measure of returns by name; those that depend on the account appear twice.

    A plain name is the compounding account, the suffix `_sum` the constant stake.

    >>> measures = evaluate_returns([0.1, -0.05, 0.1], periods_per_year=3)
    >>> round(measures["total_return"], 4), round(measures["total_return_sum"], 4)
    (0.1495, 0.15)
    """
    values = _series(returns)
    measures = {"n_periods": float(len(values))}
    for suffix, compounding in (("", True), ("_sum", False)):
        measures[f"total_return{suffix}"] = total_return(values, compounding)
        measures[f"annual_return{suffix}"] = annual_return(values, periods_per_year, compounding)
        measures[f"max_drawdown{suffix}"] = max_drawdown(values, compounding)
        measures[f"calmar_ratio{suffix}"] = calmar_ratio(values, periods_per_year, compounding)
    return measures | {
        "annual_volatility": annual_volatility(values, periods_per_year, ddof),
        "sharpe_ratio": sharpe_ratio(values, periods_per_year, risk_free, ddof),
        "downside_risk": downside_risk(values, periods_per_year, risk_free),
        "sortino_ratio": sortino_ratio(values, periods_per_year, risk_free),
        "win_rate": win_rate(values),
        "profit_factor": profit_factor(values),
        "value_at_risk": value_at_risk(values, level),
        "expected_shortfall": expected_shortfall(values, level),
    }


def conventions(
    periods_per_year: float, risk_free: float = 0.0, ddof: int = 1, level: float = 0.05
) -> dict[str, float | int | str]:
    """What `evaluate_returns` assumed, to be printed beside its numbers."""
    return {
        "periods_per_year": periods_per_year,
        "risk_free_per_period": risk_free,
        "ddof": ddof,
        "tail_level": level,
        "account": "plain names compound (product of 1 + r); the suffix _sum adds returns on a constant stake",
        "missing_return": "counts as elapsed time, grows nothing, is left out of means and deviations",
        "sign_of_losses": "drawdown, value at risk and expected shortfall are not positive",
        "undefined": "null",
    }


def _series(returns: ArrayLike) -> np.ndarray:
    return np.asarray(returns, dtype=np.float64).reshape(-1)


def _known(returns: ArrayLike) -> np.ndarray:
    values = _series(returns)
    return values[~np.isnan(values)]


def _deviation(values: np.ndarray, ddof: int) -> float:
    # Equal numbers can have a deviation of 1e-19 in floating point; what does not vary has exactly 0.
    if len(values) <= ddof:
        return NAN
    return 0.0 if np.ptp(values) == 0.0 else float(values.std(ddof=ddof))

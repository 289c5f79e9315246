"""The measures of a series of returns by name, with one line of meaning each: what `trimtab evaluate` prints.

A new measure of returns gets a row here; docs/metrics.md lists the same names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.metrics import bets, drawdown, ratios, relative, risk
from trimtab.metrics import returns as growth
from trimtab.metrics.arrays import as_series


@dataclass(frozen=True)
class Assumptions:
    """The conventions of all measures of one evaluation.

    Attributes
    ----------
    periods_per_year: to annualise.
    risk_free: return per period of money without risk; the required return of Sortino, downside risk and omega.
    ddof: 1 for the deviation of a sample, 0 for that of the very numbers given.
    level: share of periods in a tail: value at risk, expected shortfall, tail ratio.
    """

    periods_per_year: float
    risk_free: float = 0.0
    ddof: int = 1
    level: float = 0.05


@dataclass(frozen=True)
class ReturnMeasure:
    """A measure of returns: one line of meaning, and the function that computes it."""

    meaning: str
    compute: Callable[[np.ndarray, Assumptions], float]


@dataclass(frozen=True)
class RelativeMeasure:
    """A measure of returns beside a benchmark's: one line of meaning, and the function that computes it."""

    meaning: str
    compute: Callable[[np.ndarray, np.ndarray, Assumptions], float]


# What every report shows. A plain name is the compounding account, the suffix _sum the constant stake.
HEADLINE: Mapping[str, ReturnMeasure] = {
    "n_periods": ReturnMeasure("periods, unknown returns included", lambda r, a: float(len(r))),
    "total_return": ReturnMeasure("growth over the whole span", lambda r, a: growth.total_return(r)),
    "annual_return": ReturnMeasure(
        "growth per year, geometric (CAGR)", lambda r, a: growth.annual_return(r, a.periods_per_year)
    ),
    "max_drawdown": ReturnMeasure("deepest loss from a high point", lambda r, a: drawdown.max_drawdown(r)),
    "calmar_ratio": ReturnMeasure(
        "annual return over the deepest drawdown", lambda r, a: ratios.calmar_ratio(r, a.periods_per_year)
    ),
    "total_return_sum": ReturnMeasure(
        "sum of returns on a constant stake", lambda r, a: growth.total_return(r, compounding=False)
    ),
    "annual_return_sum": ReturnMeasure(
        "mean return times periods per year",
        lambda r, a: growth.annual_return(r, a.periods_per_year, compounding=False),
    ),
    "max_drawdown_sum": ReturnMeasure(
        "deepest loss of a constant stake, in stakes", lambda r, a: drawdown.max_drawdown(r, compounding=False)
    ),
    "calmar_ratio_sum": ReturnMeasure(
        "annual_return_sum over max_drawdown_sum",
        lambda r, a: ratios.calmar_ratio(r, a.periods_per_year, compounding=False),
    ),
    "annual_volatility": ReturnMeasure(
        "deviation of returns per year", lambda r, a: risk.annual_volatility(r, a.periods_per_year, a.ddof)
    ),
    "sharpe_ratio": ReturnMeasure(
        "mean excess return over its deviation, per year",
        lambda r, a: ratios.sharpe_ratio(r, a.periods_per_year, a.risk_free, a.ddof),
    ),
    "downside_risk": ReturnMeasure(
        "root mean square of shortfalls, per year", lambda r, a: risk.downside_risk(r, a.periods_per_year, a.risk_free)
    ),
    "sortino_ratio": ReturnMeasure(
        "mean excess return over the downside risk",
        lambda r, a: ratios.sortino_ratio(r, a.periods_per_year, a.risk_free),
    ),
    "win_rate": ReturnMeasure("share of gains among periods that moved", lambda r, a: bets.win_rate(r)),
    "profit_factor": ReturnMeasure("sum of gains over sum of losses", lambda r, a: bets.profit_factor(r)),
    "value_at_risk": ReturnMeasure(
        "return that the worst share of periods falls below", lambda r, a: risk.value_at_risk(r, a.level)
    ),
    "expected_shortfall": ReturnMeasure(
        "mean return of the worst share of periods", lambda r, a: risk.expected_shortfall(r, a.level)
    ),
}

FURTHER: Mapping[str, ReturnMeasure] = {
    "n_unknown": ReturnMeasure("periods whose return is not known", lambda r, a: float(np.isnan(r).sum())),
    "omega_ratio": ReturnMeasure(
        "sum of returns above the risk-free rate over the sum below", lambda r, a: ratios.omega_ratio(r, a.risk_free)
    ),
    "tail_ratio": ReturnMeasure("size of the good tail over the bad one", lambda r, a: risk.tail_ratio(r, a.level)),
    "common_sense_ratio": ReturnMeasure(
        "profit factor times tail ratio", lambda r, a: ratios.common_sense_ratio(r, a.level)
    ),
    "gain_to_pain_ratio": ReturnMeasure(
        "sum of returns over the sum of losses", lambda r, a: ratios.gain_to_pain_ratio(r)
    ),
    "payoff_ratio": ReturnMeasure("mean gain over mean loss", lambda r, a: bets.payoff_ratio(r)),
    "kelly_criterion": ReturnMeasure("stake that grows fastest, of such bets", lambda r, a: bets.kelly_criterion(r)),
    "recovery_factor": ReturnMeasure("total return over the deepest drawdown", lambda r, a: ratios.recovery_factor(r)),
    "ulcer_index": ReturnMeasure("root mean square of drawdowns", lambda r, a: drawdown.ulcer_index(r)),
    "ulcer_performance_index": ReturnMeasure(
        "annual excess return over the ulcer index",
        lambda r, a: ratios.ulcer_performance_index(r, a.periods_per_year, a.risk_free),
    ),
    "longest_drawdown": ReturnMeasure(
        "periods of the longest stretch below a high point", lambda r, a: drawdown.longest_drawdown(r)
    ),
    "stability_of_timeseries": ReturnMeasure(
        "how straight the log curve is, R squared", lambda r, a: growth.stability_of_timeseries(r)
    ),
    "skew": ReturnMeasure("third moment; below 0 losses are the larger ones", lambda r, a: risk.skew(r)),
    "kurtosis": ReturnMeasure("fourth moment beyond the normal's; fat tails", lambda r, a: risk.kurtosis(r)),
    "value_at_risk_gaussian": ReturnMeasure(
        "value at risk if returns were normal", lambda r, a: risk.value_at_risk(r, a.level, "gaussian", a.ddof)
    ),
    "expected_shortfall_gaussian": ReturnMeasure(
        "expected shortfall if returns were normal",
        lambda r, a: risk.expected_shortfall(r, a.level, "gaussian", a.ddof),
    ),
}

MEASURES: Mapping[str, ReturnMeasure] = {**HEADLINE, **FURTHER}

RELATIVE_MEASURES: Mapping[str, RelativeMeasure] = {
    "alpha": RelativeMeasure(
        "mean return the benchmark does not explain, compounded over a year",
        lambda r, b, a: relative.alpha(r, b, a.periods_per_year, a.risk_free),
    ),
    "beta": RelativeMeasure("return per return of the benchmark", lambda r, b, a: relative.beta(r, b)),
    "correlation": RelativeMeasure("correlation with the benchmark", lambda r, b, a: relative.correlation(r, b)),
    "excess_return": RelativeMeasure(
        "annual return minus the benchmark's", lambda r, b, a: relative.excess_return(r, b, a.periods_per_year)
    ),
    "tracking_error": RelativeMeasure(
        "deviation of the difference, per year",
        lambda r, b, a: relative.tracking_error(r, b, a.periods_per_year, a.ddof),
    ),
    "information_ratio": RelativeMeasure(
        "mean difference over its deviation, per year",
        lambda r, b, a: relative.information_ratio(r, b, a.periods_per_year, a.ddof),
    ),
    "excess_sharpe": RelativeMeasure(
        "information ratio per period", lambda r, b, a: relative.excess_sharpe(r, b, a.ddof)
    ),
    "capture": RelativeMeasure(
        "annual return over the benchmark's", lambda r, b, a: relative.capture(r, b, a.periods_per_year)
    ),
    "up_capture": RelativeMeasure(
        "capture where the benchmark rose", lambda r, b, a: relative.up_capture(r, b, a.periods_per_year)
    ),
    "down_capture": RelativeMeasure(
        "capture where the benchmark fell", lambda r, b, a: relative.down_capture(r, b, a.periods_per_year)
    ),
    "up_down_capture": RelativeMeasure(
        "up capture over down capture", lambda r, b, a: relative.up_down_capture(r, b, a.periods_per_year)
    ),
    "batting_average": RelativeMeasure(
        "share of periods better than the benchmark", lambda r, b, a: relative.batting_average(r, b)
    ),
}

MEANINGS: Mapping[str, str] = {name: measure.meaning for name, measure in MEASURES.items()} | {
    name: measure.meaning for name, measure in RELATIVE_MEASURES.items()
}


def evaluate_returns(
    returns: ArrayLike,
    periods_per_year: float,
    risk_free: float = 0.0,
    ddof: int = 1,
    level: float = 0.05,
    *,
    names: Sequence[str] = tuple(HEADLINE),
) -> dict[str, float]:
    """Measures of returns by name, those every report shows unless `names` says others (`MEASURES` has all).

    Those that depend on the account appear twice: a plain name is the compounding account, the suffix `_sum` the
    constant stake. Raises `UnknownNameError` for a name that is none.

    >>> measures = evaluate_returns([0.1, -0.05, 0.1], periods_per_year=3)
    >>> round(measures["total_return"], 4), round(measures["total_return_sum"], 4)
    (0.1495, 0.15)
    >>> evaluate_returns([0.1, -0.05, 0.1], 3, names=["n_periods", "n_unknown"])
    {'n_periods': 3.0, 'n_unknown': 0.0}
    """
    values, assumptions = as_series(returns), Assumptions(periods_per_year, risk_free, ddof, level)
    return {name: find_measure(name).compute(values, assumptions) for name in names}


def compare_returns(
    returns: ArrayLike,
    benchmark: ArrayLike,
    periods_per_year: float,
    risk_free: float = 0.0,
    ddof: int = 1,
    *,
    names: Sequence[str] = tuple(RELATIVE_MEASURES),
) -> dict[str, float]:
    """Measures of returns beside those of a benchmark over the same periods, by name.

    >>> compared = compare_returns([0.02, -0.01, 0.04], [0.01, -0.005, 0.02], 12)
    >>> round(compared["beta"], 6), round(compared["batting_average"], 4)
    (2.0, 0.6667)
    """
    own, market, assumptions = as_series(returns), as_series(benchmark), Assumptions(periods_per_year, risk_free, ddof)
    unknown = next((name for name in names if name not in RELATIVE_MEASURES), None)
    if unknown is not None:
        raise UnknownNameError("metric", unknown, RELATIVE_MEASURES)
    return {name: RELATIVE_MEASURES[name].compute(own, market, assumptions) for name in names}


def find_measure(name: str) -> ReturnMeasure:
    """The measure of a name; a name that is none, or that needs a benchmark, is said in one sentence."""
    if name in RELATIVE_MEASURES:
        raise ConfigurationError(f"{name} compares with a benchmark; give the benchmark's returns as well")
    if name not in MEASURES:
        raise UnknownNameError("metric", name, [*MEASURES, *RELATIVE_MEASURES])
    return MEASURES[name]


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

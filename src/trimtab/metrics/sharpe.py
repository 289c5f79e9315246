"""Could luck have made this Sharpe ratio? Its error, and what the best of many tries would show without skill.

All Sharpe ratios here are per period, not annualised: mean over standard deviation of the returns of one bar.
`skew` and `kurtosis` are those of the returns, kurtosis not in excess (3 for a normal distribution).

Two conventions stand in the literature, and they give different numbers for the same returns:

- "classic": the variance of the estimate is taken at the estimate and divided by T - 1. Bailey and López de Prado
  (2012), The Sharpe ratio efficient frontier; (2014), The deflated Sharpe ratio.
- "null_variance": the variance is taken at the Sharpe ratio that is to be beaten and divided by T. López de Prado,
  Lipton and Zoonek (2025), How to use the Sharpe ratio. Their correction of that variance for the best of several
  trials is not made.

Both suppose returns that do not depend on each other over time (Mertens 2002).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from trimtab.errors import ConfigurationError, UnknownNameError

Convention = Literal["classic", "null_variance"]
NAN = float("nan")
_NORMAL = NormalDist()


@dataclass(frozen=True)
class SharpeSample:
    """What a series of returns says about its Sharpe ratio.

    Attributes
    ----------
    ratio: mean over standard deviation, per period; NaN when the returns do not vary.
    n_periods: returns that are known.
    skew, kurtosis: of the returns, moments about the mean divided by n; kurtosis is 3 for a normal distribution.
    """

    ratio: float
    n_periods: int
    skew: float
    kurtosis: float


def sharpe_sample(returns: ArrayLike, ddof: int = 1) -> SharpeSample:
    """Sharpe ratio per period with the moments its error depends on; `ddof` is that of the standard deviation.

    NaN returns are left out. Skew and kurtosis equal `scipy.stats.skew` and `scipy.stats.kurtosis(fisher=False)`.

    >>> sharpe_sample([0.02, 0.0, 0.01, -0.01]).n_periods
    4
    """
    values = np.asarray(returns, dtype=np.float64).reshape(-1)
    values = values[~np.isnan(values)]
    if len(values) <= max(ddof, 1) or np.ptp(values) == 0.0:
        return SharpeSample(NAN, len(values), NAN, NAN)
    centred = values - values.mean()
    spread = float(np.sqrt(np.mean(centred**2)))
    if not spread > 0.0:
        return SharpeSample(NAN, len(values), NAN, NAN)
    scaled = centred / spread
    ratio = float(values.mean() / values.std(ddof=ddof))
    return SharpeSample(ratio, len(values), float(np.mean(scaled**3)), float(np.mean(scaled**4)))


def sharpe_standard_deviation(
    at: float, n_periods: float, skew: float = 0.0, kurtosis: float = 3.0, convention: Convention = "classic"
) -> float:
    """Standard error of an estimated Sharpe ratio where the true one is `at`, per period.

    sqrt((1 - skew SR + (kurtosis - 1) / 4 SR^2) / n), n being T - 1 ("classic") or T ("null_variance"). NaN where
    that variance is not positive, which no distribution has but rounded moments may, or n is not.

    >>> round(sharpe_standard_deviation(0.036 / 0.079, 24, -2.448, 10.164, "null_variance"), 3)
    0.329
    """
    _check(convention)
    n = n_periods - 1.0 if convention == "classic" else float(n_periods)
    variance = _unit_variance(at, skew, kurtosis)
    return math.sqrt(variance / n) if variance > 0.0 and n > 0.0 else NAN


def probabilistic_sharpe_ratio(
    sharpe: float,
    n_periods: float,
    skew: float = 0.0,
    kurtosis: float = 3.0,
    *,
    benchmark: float = 0.0,
    convention: Convention = "classic",
) -> float:
    """Probability that the true Sharpe ratio is above `benchmark`, given the estimate: Phi((SR - SR0) / error).

    Parameters
    ----------
    sharpe, benchmark: per period.
    n_periods: returns that the estimate was made from.
    convention: where the error is taken, see the module.

    >>> round(probabilistic_sharpe_ratio(0.458, 24, -2.448, 10.164), 3)
    0.913
    """
    at = sharpe if convention == "classic" else benchmark
    return _cumulative((sharpe - benchmark) / sharpe_standard_deviation(at, n_periods, skew, kurtosis, convention))


def expected_maximum_sharpe(n_trials: float, sharpe_std: float) -> float:
    """The highest Sharpe ratio to expect of `n_trials` independent trials without skill.

    `sharpe_std` is the standard deviation of the trials' Sharpe ratios; the result has its unit. The mean of the
    largest of N normal numbers is taken as (1 - g) Phi^-1(1 - 1/N) + g Phi^-1(1 - 1/(N e)), g = 0.5772...
    (Bailey and López de Prado 2014, equation 6). One trial has nothing to be chosen from: 0. `n_trials` need not
    be whole; where the formula would be negative, between 1 and 2, it is 0 too.

    >>> [round(expected_maximum_sharpe(n, 1.0), 4) for n in (1, 10, 100)]
    [0.0, 1.5746, 2.5306]
    """
    if not n_trials >= 1.0:
        raise ConfigurationError(
            f"n_trials is {n_trials}; the best of fewer than one trial does not exist, give 1 or more"
        )
    if n_trials == 1.0:
        return 0.0
    gamma = np.euler_gamma
    first, second = (_NORMAL.inv_cdf(1.0 - 1.0 / (n_trials * share)) for share in (1.0, math.e))
    return float(sharpe_std * max((1.0 - gamma) * first + gamma * second, 0.0))


def deflated_sharpe_ratio(
    sharpe: float,
    n_periods: float,
    skew: float = 0.0,
    kurtosis: float = 3.0,
    *,
    n_trials: float,
    sharpe_std: float,
    convention: Convention = "classic",
) -> float:
    """Probability that the true Sharpe ratio is above what the best of `n_trials` lucky trials would show.

    The probabilistic Sharpe ratio against `expected_maximum_sharpe`; with one trial it is the one against 0.

    Parameters
    ----------
    n_trials: independent trials; for trials that resemble each other see `trimtab.validation.independent_trials`.
    sharpe_std: standard deviation of the trials' Sharpe ratios per period (`trials_deviation`).

    The example of Bailey and López de Prado (2014): an annual 2.5 over five years, the best of 100.

    >>> round(deflated_sharpe_ratio(2.5 / 250**0.5, 1250, -3, 10, n_trials=100, sharpe_std=(0.5 / 250) ** 0.5), 4)
    0.9004
    """
    benchmark = expected_maximum_sharpe(n_trials, 0.0 if n_trials == 1.0 else sharpe_std)
    return probabilistic_sharpe_ratio(sharpe, n_periods, skew, kurtosis, benchmark=benchmark, convention=convention)


def minimum_track_record_length(
    sharpe: float,
    skew: float = 0.0,
    kurtosis: float = 3.0,
    *,
    benchmark: float = 0.0,
    confidence: float = 0.95,
    convention: Convention = "classic",
) -> float:
    """Periods needed before an estimate this high is above `benchmark` with a confidence; not rounded up.

    "classic": 1 + v(SR) (z / (SR - SR0))^2, "null_variance": v(SR0) (z / (SR - SR0))^2, v being the variance of
    `sharpe_standard_deviation` with n = 1 and z the normal quantile of the confidence. NaN when the estimate is not
    above the benchmark: no number of such periods would show that it is.

    >>> round(minimum_track_record_length(1.14, benchmark=1.0), 6)
    228.734979
    """
    _check(convention)
    if not 0.5 < confidence < 1.0:
        raise ConfigurationError(f"confidence is {confidence}; it must lie between 0.5 and 1")
    if not sharpe > benchmark:
        return NAN
    squared = (_NORMAL.inv_cdf(confidence) / (sharpe - benchmark)) ** 2
    if convention == "classic":
        return 1.0 + _unit_variance(sharpe, skew, kurtosis) * squared
    return _unit_variance(benchmark, skew, kurtosis) * squared


def trials_deviation(sharpe_ratios: ArrayLike, ddof: int = 1) -> float:
    """Standard deviation of the Sharpe ratios of several trials; NaN ones are left out.

    With few trials `ddof` matters: three of 3.5, 1.01 and 1.02 (and T = 250, SR = 1.14) give a deflated Sharpe ratio
    of 0.958 with 0 and of 0.152 with 1. trimtab uses 1, the estimate for the trials that might have been.

    >>> round(trials_deviation([3.5, 1.01, 1.02]), 4), round(trials_deviation([3.5, 1.01, 1.02], ddof=0), 4)
    (1.4347, 1.1714)
    """
    values = np.asarray(sharpe_ratios, dtype=np.float64).reshape(-1)
    values = values[~np.isnan(values)]
    return float(values.std(ddof=ddof)) if len(values) > ddof else NAN


def _unit_variance(at: float, skew: float, kurtosis: float) -> float:
    """Variance of an estimate from one period (Mertens 2002)."""
    return 1.0 - skew * at + (kurtosis - 1.0) / 4.0 * at**2


def _cumulative(value: float) -> float:
    """The standard normal distribution function, exact in the lower tail too; NaN for NaN."""
    return 0.5 * math.erfc(-value / math.sqrt(2.0))


def _check(convention: str) -> None:
    if convention not in get_args(Convention):
        raise UnknownNameError("convention of the Sharpe ratio's error", str(convention), get_args(Convention))

"""How widely returns scatter and how bad the bad ones are.

`returns` are simple returns per period, shape (n,); unknown ones (NaN) are left out. `ddof` is 1 for the
deviation of a sample, 0 for the deviation of the very numbers given. Value at risk and expected shortfall
are losses written as returns: not positive when there is anything to lose. Measures per period, not
annualised, unless `periods_per_year` is an argument.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.metrics.arrays import deviation, excess, known, share

NAN = float("nan")
TailMethod = Literal["historical", "gaussian"]


def annual_volatility(returns: ArrayLike, periods_per_year: float, ddof: int = 1) -> float:
    """Standard deviation of returns, scaled by the root of periods per year.

    >>> round(annual_volatility([0.01, -0.01, 0.01, -0.01], 252), 4)
    0.1833
    """
    return deviation(known(returns), ddof) * float(np.sqrt(periods_per_year))


def downside_risk(returns: ArrayLike, periods_per_year: float, required_return: float = 0.0) -> float:
    """Root mean square of the shortfalls below `required_return` (per period), annualised.

    Periods above count as zero shortfall and stay in the mean (Sortino's own definition).

    >>> round(downside_risk([0.02, -0.01, 0.01, -0.01], 252), 4)
    0.1122
    """
    shortfall = np.minimum(excess(returns, required_return), 0.0)
    return float(np.sqrt(share(float(shortfall @ shortfall), len(shortfall)) * periods_per_year))


def value_at_risk(returns: ArrayLike, level: float = 0.05, method: TailMethod = "historical", ddof: int = 1) -> float:
    """The return that only a share `level` of the periods falls below.

    "historical" is the quantile of the returns themselves, linear interpolation (empyrical); "gaussian" the
    quantile of the normal distribution with their mean and deviation (quantstats), which takes no notice of
    fat tails.

    >>> round(value_at_risk([-0.03, -0.01, 0.0, 0.02, 0.01], level=0.25), 4)
    -0.01
    >>> round(value_at_risk([-0.03, -0.01, 0.0, 0.02, 0.01], level=0.25, method="gaussian"), 4)
    -0.015
    """
    values = _tail_input(returns, level, method)
    if not len(values):
        return NAN
    if method == "historical":
        return _lower_quantile(values, level)
    return float(values.mean()) + NormalDist().inv_cdf(level) * deviation(values, ddof)


def expected_shortfall(
    returns: ArrayLike, level: float = 0.05, method: TailMethod = "historical", ddof: int = 1
) -> float:
    """Mean return of the worst share `level` of the periods (conditional value at risk).

    "historical": of the floor((n - 1) x level) + 1 worst returns, at least one (empyrical). "gaussian": of a normal
    distribution with their mean and deviation, below its value at risk (quantstats).

    >>> round(expected_shortfall([-0.03, -0.01, 0.0, 0.02, 0.01], level=0.25), 4)
    -0.02
    >>> round(expected_shortfall([-0.03, -0.01, 0.0, 0.02, 0.01], level=0.25, method="gaussian"), 4)
    -0.0265
    """
    values = _tail_input(returns, level, method)
    if not len(values):
        return NAN
    if method == "historical":
        n_worst = int((len(values) - 1) * level) + 1
        return float(np.partition(values, n_worst - 1)[:n_worst].mean())
    normal = NormalDist()
    return float(values.mean()) - deviation(values, ddof) * normal.pdf(normal.inv_cdf(level)) / level


def tail_ratio(returns: ArrayLike, level: float = 0.05) -> float:
    """Size of the upper `level` quantile over that of the lower; above 1 the good tail is the longer one.

    NaN when the lower quantile is zero.

    >>> round(tail_ratio([-0.02, -0.01, 0.0, 0.01, 0.04], level=0.25), 4)
    1.0
    """
    values = _tail_input(returns, level, "historical")
    if not len(values):
        return NAN
    lower, upper = np.quantile(values, [level, 1.0 - level])
    return share(abs(float(upper)), abs(float(lower)))


def skew(returns: ArrayLike, unbiased: bool = True) -> float:
    """Third standardised moment: below 0 the losses are the rarer and larger ones.

    `unbiased` corrects for the size of the sample (G1; pandas, quantstats, spreadsheets); without it the plain
    moment (g1; `scipy.stats.skew`). NaN below three known returns or when they do not vary.

    >>> round(skew([0.0, 0.0, 0.03]), 4), round(skew([0.0, 0.0, 0.03], unbiased=False), 4)
    (1.7321, 0.7071)
    """
    values = known(returns)
    n = len(values)
    plain = _moment(values, 3) if n >= 3 else NAN
    return plain * float(np.sqrt(n * (n - 1.0))) / (n - 2.0) if unbiased and n >= 3 else plain


def kurtosis(returns: ArrayLike, unbiased: bool = True) -> float:
    """Fourth standardised moment minus 3 (excess): 0 for a normal distribution, above 0 for fatter tails.

    `unbiased` corrects for the size of the sample (G2; pandas, quantstats); without it the plain moment
    (`scipy.stats.kurtosis`). NaN below four known returns or when they do not vary.

    >>> round(kurtosis([0.0, 0.01, 0.02, 0.03]), 4), round(kurtosis([0.0, 0.01, 0.02, 0.03], unbiased=False), 4)
    (-1.2, -1.36)
    """
    values = known(returns)
    n = len(values)
    if n < 4:
        return NAN
    plain = _moment(values, 4) - 3.0
    return (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * plain + 6.0) if unbiased else plain


def _lower_quantile(values: np.ndarray, level: float) -> float:
    """`numpy.quantile(values, level)` four times quicker: only the two neighbours of the quantile are looked for."""
    if len(values) < 2:
        return float(np.quantile(values, level))
    place = (len(values) - 1) * level
    below = min(int(place), len(values) - 2)
    parted = np.partition(values, below)  # of two places at once it takes five times as long
    return float(np.quantile([parted[below], parted[below + 1 :].min()], place - below))


def _moment(values: np.ndarray, order: int) -> float:
    spread = deviation(values, 0)
    return float((((values - values.mean()) / spread) ** order).mean()) if spread > 0.0 else NAN


def _tail_input(returns: ArrayLike, level: float, method: str) -> np.ndarray:
    if not 0.0 < level < 1.0:
        raise ConfigurationError(f"level is {level}; the share of periods in a tail must lie between 0 and 1")
    if method not in ("historical", "gaussian"):
        raise UnknownNameError("tail method", method, ("historical", "gaussian"))
    return known(returns)

"""Is one forecast better than another? The mean difference of their losses over its long-run error.

Next to the block bootstrap it is a second opinion that rests on other assumptions: a normal limit and an error
from autocovariances (HAC) in place of resampling.

- Diebold & Mariano (1995), Comparing predictive accuracy, Journal of Business & Economic Statistics 13.
- Newey & West (1987), A simple, positive semi-definite, heteroskedasticity and autocorrelation consistent
  covariance matrix, Econometrica 55 (Bartlett weights).
- Newey & West (1994), Automatic lag selection in covariance matrix estimation, Review of Economic Studies 61.
- Harvey, Leybourne & Newbold (1997), Testing the equality of prediction mean squared errors, International
  Journal of Forecasting 13 (the small-sample correction and Student's t).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimtab.errors import ConfigurationError, DatasetError
from trimtab.validation.bootstrap import MIN_TIMES


@dataclass(frozen=True)
class DieboldMariano:
    """What the test says about the mean of gains in time.

    Attributes
    ----------
    mean: mean gain.
    statistic: the mean in units of its long-run standard error, corrected for small samples if asked for;
        0 when the gains are all 0, infinite when they are all equal and not 0.
    p_value: one-sided, of "the mean is not above zero".
    p_value_two_sided: of "the mean is zero".
    n_lags: autocovariances that went into the error.
    n: observations. Below 20 the statistic and both p-values are NaN: insufficient evidence.
    """

    mean: float
    statistic: float
    p_value: float
    p_value_two_sided: float
    n_lags: int
    n: int


def diebold_mariano(
    gains: np.ndarray, *, horizon: int = 1, n_lags: int | None = None, small_sample: bool = True
) -> DieboldMariano:
    """Test the mean of per-time loss differences, shape (n,), in order of time: loss of the other minus own.

    With several instruments average the differences of a decision time first (`significance.mean_by_time`).

    Parameters
    ----------
    horizon: bars that a label looks ahead; forecasts `horizon` bars ahead overlap in horizon - 1 of them, so at
        least that many autocovariances are used.
    n_lags: autocovariances, weighted by Bartlett's triangle; None chooses by Newey & West (1994), and not fewer than
        horizon - 1.
    small_sample: multiply by sqrt((n + 1 - 2h + h (h - 1) / n) / n) with h = n_lags + 1 and read Student's t with
        n - 1 degrees of freedom (Harvey, Leybourne & Newbold; their h is the horizon, which is n_lags + 1 where the
        horizon chose the lags). Otherwise the normal distribution is read.

    >>> gains = np.random.default_rng(0).normal(0.2, 1.0, 400)
    >>> found = diebold_mariano(gains)
    >>> found.p_value < 0.01, found.n
    (True, 400)
    """
    values = np.asarray(gains, dtype=np.float64)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise DatasetError(f"a Diebold-Mariano test needs one series of finite numbers, not shape {values.shape}")
    n, nan = len(values), float("nan")
    mean = float(values.mean()) if n else nan
    if n < MIN_TIMES:
        return DieboldMariano(mean, nan, nan, nan, 0, n)
    lags = max(automatic_lags(values), horizon - 1) if n_lags is None else n_lags
    if not 0 <= lags < n // 2:
        raise ConfigurationError(f"{lags} lags are too many for {n} observations; give fewer than {n // 2}")
    error = np.sqrt(max(long_run_variance(values, lags), 0.0) / n)
    statistic = _ratio(mean, float(error), float(np.abs(values).max()))
    if small_sample:
        h = lags + 1
        statistic *= float(np.sqrt((n + 1 - 2 * h + h * (h - 1) / n) / n))
    one_sided, two_sided = _p_values(statistic, n - 1 if small_sample else None)
    return DieboldMariano(mean, statistic, one_sided, two_sided, lags, n)


def long_run_variance(values: np.ndarray, n_lags: int) -> float:
    """Bartlett-weighted sum of autocovariances, n times the variance of the mean; never negative.

    With 0 lags it is the variance (ddof = 0).

    >>> long_run_variance(np.array([1.0, -1.0, 1.0, -1.0]), 0)
    1.0
    """
    centred = values - values.mean()
    covariances = _autocovariances(centred, n_lags)
    weights = 1.0 - np.arange(1, n_lags + 1) / (n_lags + 1)
    return float(covariances[0] + 2.0 * weights @ covariances[1:])


def automatic_lags(values: np.ndarray) -> int:
    """Lags by Newey & West (1994) for Bartlett weights; a constant series needs none.

    At most a quarter of the observations, so that a trending series leaves something to average over.

    >>> automatic_lags(np.random.default_rng(0).normal(size=500).cumsum()) > 10
    True
    """
    n = len(values)
    first = int(np.ceil(4.0 * (n / 100.0) ** (2.0 / 9.0)))
    covariances = _autocovariances(values - values.mean(), first)
    level = covariances[0] + 2.0 * covariances[1:].sum()
    slope = 2.0 * (np.arange(1, first + 1) @ covariances[1:])
    if not covariances[0] > 0.0 or level == 0.0:
        return 0
    lags = int(1.1447 * ((slope / level) ** 2) ** (1.0 / 3.0) * n ** (1.0 / 3.0))
    return min(lags, n // 4)


def _autocovariances(centred: np.ndarray, n_lags: int) -> np.ndarray:
    n = len(centred)
    return np.array([centred[lag:] @ centred[: n - lag] for lag in range(n_lags + 1)]) / n


def _ratio(mean: float, error: float, size: float) -> float:
    if error > 1e-12 * size:
        return mean / error
    return float(np.sign(mean)) * float("inf") if abs(mean) > 1e-12 * size else 0.0


def _p_values(statistic: float, freedom: int | None) -> tuple[float, float]:
    """Upper tail and both tails; Student's t, or the normal distribution without degrees of freedom."""
    from scipy.special import ndtr, stdtr

    def below(at: float) -> float:
        return float(ndtr(at) if freedom is None else stdtr(freedom, at))

    return below(-statistic), 2.0 * below(-abs(statistic))

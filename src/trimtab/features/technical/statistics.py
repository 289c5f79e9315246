"""Moments and memory of the returns over a window."""

from __future__ import annotations

from functools import partial

import numpy as np

from trimtab.features.catalogue import feature
from trimtab.features.context import Context
from trimtab.features.kernels.ratios import lagged, ratio
from trimtab.features.kernels.windows import window_covariance, window_mean_variance, window_shape, window_sum

technical = partial(feature, "technical")


@technical(
    "return_mean_{n}", "Mean log return of {n} bars.",
    formula="mean(ln(close[t] / close[t-1]), {n})", n=(5, 20, 60), lookback=lambda n: n,
)  # fmt: skip
def return_mean(c: Context, n: int) -> np.ndarray:
    return c.of(window_mean_variance, "log_return", n)[0]


@technical(
    "return_zscore_{n}", "Log return in standard deviations from its mean of {n} bars; 0 where they are all equal.",
    formula="(r[t] - mean(r, {n})) / stdev(r, {n}), r = ln(close[t] / close[t-1]), divisor {n} - 1", n=(20, 60),
    lookback=lambda n: n, bounds=lambda n: (-((n - 1) / n**0.5), (n - 1) / n**0.5),
)  # fmt: skip
def return_zscore(c: Context, n: int) -> np.ndarray:
    mean, variance = c.of(window_mean_variance, "log_return", n)
    highest = (n - 1) / n**0.5
    return np.clip(ratio(c.log_return - mean, np.sqrt(variance), 0.0), -highest, highest)


@technical(
    "return_skew_{n}", "Skewness of {n} log returns; 0 where they are all equal.",
    formula="G1, bias corrected; Joanes & Gill 1998", n=(20, 60), lookback=lambda n: n,
    bounds=lambda n: (-(n**0.5), n**0.5),
)  # fmt: skip
def return_skew(c: Context, n: int) -> np.ndarray:
    # The extremes belong to one value beside equal ones; rounding passes them.
    return np.clip(c.of(window_shape, "log_return", n)[0], -(n**0.5), n**0.5)


@technical(
    "return_kurtosis_{n}", "Excess kurtosis of {n} log returns; 0 where they are all equal.",
    formula="G2, bias corrected; Joanes & Gill 1998", n=(20, 60), lookback=lambda n: n,
    bounds=lambda n: (None, float(n)),
)  # fmt: skip
def return_kurtosis(c: Context, n: int) -> np.ndarray:
    return np.minimum(c.of(window_shape, "log_return", n)[1], float(n))


@technical(
    "return_autocorrelation_{n}", "Correlation of a return with the one before over {n} bars; 0 where none moved.",
    formula="corr(r[t], r[t-1], {n}), r = ln(close[t] / close[t-1])", n=(20, 60), lookback=lambda n: n + 1,
    bounds=(-1.0, 1.0),
)  # fmt: skip
def return_autocorrelation(c: Context, n: int) -> np.ndarray:
    covariance, now, before = window_covariance(c.log_return, lagged(c.log_return, 1), n)
    return np.clip(ratio(covariance, np.sqrt(now) * np.sqrt(before), 0.0), -1.0, 1.0)


@technical(
    "return_to_risk_{n}", "Mean log return of {n} bars in units of their standard deviation; 0 where they are equal.",
    formula="mean(r, {n}) / stdev(r, {n}), divisor {n} - 1; Sharpe ratio per bar", n=(20, 60), lookback=lambda n: n,
)  # fmt: skip
def return_to_risk(c: Context, n: int) -> np.ndarray:
    mean, variance = c.of(window_mean_variance, "log_return", n)
    return ratio(mean, np.sqrt(variance), 0.0)


@technical(
    "up_share_{n}", "Share of {n} bars that closed higher than the one before.",
    formula="mean(close[t] > close[t-1], {n})", n=(10, 20), lookback=lambda n: n, bounds=(0.0, 1.0),
)  # fmt: skip
def up_share(c: Context, n: int) -> np.ndarray:
    rose = np.where(np.isnan(c.log_return), np.nan, (c.log_return > 0.0).astype(np.float64))
    return window_sum(rose, n) / n

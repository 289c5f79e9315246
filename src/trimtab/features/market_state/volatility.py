"""Volatility: of what size, in which regime, how much of it in jumps, falls and gaps."""

from __future__ import annotations

from functools import partial

import numpy as np

from trimtab.features.catalogue import feature
from trimtab.features.context import Context
from trimtab.features.kernels.extremes import window_extremes, window_median, window_rank
from trimtab.features.kernels.ratios import lagged, positive_ratio, ratio
from trimtab.features.kernels.windows import window_covariance, window_mean_variance, window_sum
from trimtab.features.market_state.shared import (
    SURPRISE,
    YEAR,
    correlation,
    root_mean_square,
    sum_of_squares,
    volatility,
)

market_state = partial(feature, "market_state")


@market_state(
    "volatility_ratio_{fast}_{slow}", "Volatility of {fast} bars over that of {slow}; 1 where the price stood still.",
    formula="stdev(r, {fast}) / stdev(r, {slow}), r = ln(close[t] / close[t-1])", fast=(5, 20), slow=(20, 120),
    lookback=lambda fast, slow: slow, bounds=lambda fast, slow: (0.0, ((slow - 1) / (fast - 1)) ** 0.5),
)  # fmt: skip
def volatility_ratio(c: Context, fast: int, slow: int) -> np.ndarray:
    return np.minimum(ratio(volatility(c, fast), volatility(c, slow), 1.0), ((slow - 1) / (fast - 1)) ** 0.5)


@market_state(
    "volatility_percentile", "Share of the last 252 bars in which the volatility of 20 bars was lower.",
    formula="rank of stdev(r, 20) in its last 252 values, ties half", lookback=SURPRISE + YEAR - 1, bounds=(0.0, 1.0),
)  # fmt: skip
def volatility_percentile(c: Context) -> np.ndarray:
    return c.of(_volatility_rank, c)


@market_state(
    "volatility_regime", "0 calm, 1 usual, 2 turbulent: the third of the last 252 bars the volatility is in.",
    formula="floor(3 volatility_percentile)", lookback=SURPRISE + YEAR - 1, bounds=(0.0, 2.0),
)  # fmt: skip
def volatility_regime(c: Context) -> np.ndarray:
    return np.minimum(np.floor(3.0 * c.of(_volatility_rank, c)), 2.0)


@market_state(
    "volatility_to_median_{n}", "Volatility of {n} bars against a usual week of the last year: above 1 is livelier.",
    formula="rms(r, {n}) / median(rms(r, 5), 252), r = ln(close[t] / close[t-1]); 1 where the median is 0",
    n=(5, 10, 20, 60), lookback=5 + YEAR - 1, bounds=(0.0, None),
)  # fmt: skip
def volatility_to_median(c: Context, n: int) -> np.ndarray:
    return ratio(root_mean_square(c, n), c.of(_median_week, c), 1.0)


@market_state(
    "range_to_median_{n}", "Mean range of {n} bars against the median range of the last year: above 1 is livelier.",
    formula="mean(ln(high / low), {n}) / median(ln(high / low), 252); 1 where the median is 0", inputs=("high", "low"),
    n=(1, 5, 10, 20, 60), lookback=YEAR - 1, bounds=(0.0, None),
)  # fmt: skip
def range_to_median(c: Context, n: int) -> np.ndarray:
    return ratio(window_sum(c.log_range, n) / n, c.of(window_median, "log_range", YEAR), 1.0)


@market_state(
    "downside_share_{n}", "Share of the squared returns of {n} bars that came from falls; 0.5 where none moved.",
    formula="sum(min(r, 0)^2, {n}) / sum(r^2, {n}); semivariance, Barndorff-Nielsen et al. 2010", n=(20, 60),
    lookback=lambda n: n, bounds=(0.0, 1.0),
)  # fmt: skip
def downside_share(c: Context, n: int) -> np.ndarray:
    falls = window_sum(np.minimum(c.log_return, 0.0) ** 2, n)
    return np.minimum(ratio(falls, c.of(sum_of_squares, c, n), 0.5), 1.0)


@market_state(
    "jump_share_{n}", "Share of the squared returns of {n} bars that came in jumps; 0 where none moved.",
    formula="max(0, 1 - (pi/2) sum(|r[t]| |r[t-1]|, {n}) / sum(r^2, {n})); Barndorff-Nielsen & Shephard 2004",
    n=(20,), lookback=lambda n: n + 1, bounds=(0.0, 1.0),
)  # fmt: skip
def jump_share(c: Context, n: int) -> np.ndarray:
    size = np.abs(c.log_return)
    smooth = np.pi / 2.0 * window_sum(size * lagged(size, 1), n)
    return np.maximum(1.0 - ratio(smooth, c.of(sum_of_squares, c, n), 1.0), 0.0)


@market_state(
    "variance_ratio_{n}", "Variance of 5-bar returns over five times that of one-bar returns, over {n} bars; 1 is a walk.",
    formula="var(ln(close[t] / close[t-5]), {n}) / (5 var(r, {n})); Lo & MacKinlay 1988; 1 where none moved",
    n=(60,), lookback=lambda n: n + 4, bounds=(0.0, None),
)  # fmt: skip
def variance_ratio(c: Context, n: int) -> np.ndarray:
    five = np.log(positive_ratio(c.close, lagged(c.close, 5)))
    return ratio(window_mean_variance(five, n)[1], 5.0 * c.of(window_mean_variance, "log_return", n)[1], 1.0)


@market_state(
    "volatility_of_volatility_{n}", "How much the volatility of 5 bars varied over {n} bars, in units of its mean.",
    formula="stdev(rms(r, 5), {n}) / mean(rms(r, 5), {n}), 0 where none moved", n=(60,), lookback=lambda n: n + 4,
    bounds=lambda n: (0.0, n**0.5),
)  # fmt: skip
def volatility_of_volatility(c: Context, n: int) -> np.ndarray:
    mean, variance = window_mean_variance(root_mean_square(c, 5), n)
    return np.minimum(ratio(np.sqrt(variance), mean, 0.0), n**0.5)


@market_state(
    "volatility_clustering_{n}", "Correlation of the size of a return with that of the one before over {n} bars.",
    formula="corr(|r[t]|, |r[t-1]|, {n}), 0 where none moved; Ding, Granger & Engle 1993", n=(60,),
    lookback=lambda n: n + 1, bounds=(-1.0, 1.0),
)  # fmt: skip
def volatility_clustering(c: Context, n: int) -> np.ndarray:
    size = np.abs(c.log_return)
    return correlation(*window_covariance(size, lagged(size, 1), n))


@market_state(
    "leverage_correlation_{n}", "Correlation of the size of a return with the return before it: below 0 falls excite.",
    formula="corr(|r[t]|, r[t-1], {n}), 0 where none moved; after Black 1976", n=(60,),
    lookback=lambda n: n + 1, bounds=(-1.0, 1.0),
)  # fmt: skip
def leverage_correlation(c: Context, n: int) -> np.ndarray:
    return correlation(*window_covariance(np.abs(c.log_return), lagged(c.log_return, 1), n))


@market_state(
    "gap_share_{n}", "Share of the variance of {n} bars that came between close and open; 0.5 where nothing moved.",
    formula="sum(g^2, {n}) / (sum(g^2, {n}) + sum(b^2, {n})), g = ln(open[t] / close[t-1]), b = ln(close / open)",
    inputs=("open", "close"), n=(20,), lookback=lambda n: n, bounds=(0.0, 1.0),
)  # fmt: skip
def gap_share(c: Context, n: int) -> np.ndarray:
    between, within = window_sum(np.square(c.log_gap), n), window_sum(c.of(np.square, "log_body"), n)
    return ratio(between, between + within, 0.5)


@market_state(
    "drawdown_{n}", "Close below the highest close of {n} bars.",
    formula="close / max(close, {n}) - 1", n=(60, 252), lookback=lambda n: n - 1, bounds=(-1.0, 0.0),
)  # fmt: skip
def drawdown(c: Context, n: int) -> np.ndarray:
    top, _ = c.of(window_extremes, "close", "close", n)
    return ratio(c.close - top, top, np.nan)


def _median_week(c: Context) -> np.ndarray:
    return window_median(root_mean_square(c, 5), YEAR)


def _volatility_rank(c: Context) -> np.ndarray:
    return window_rank(volatility(c, 20), YEAR)

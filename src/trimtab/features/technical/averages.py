"""Distances of the price from its moving averages, and of averages from each other."""

from __future__ import annotations

from functools import partial

import numpy as np

from trimtab.features.catalogue import feature
from trimtab.features.context import Context
from trimtab.features.kernels.ratios import ratio
from trimtab.features.kernels.windows import window_covariance, window_line, window_mean_variance, window_sum
from trimtab.features.memory import ema_memory, wilder_memory

technical = partial(feature, "technical")
PERIODS = (5, 10, 20, 50, 100, 200)


@technical(
    "sma_distance_{n}", "Close against its simple mean of {n} bars.",
    formula="close / SMA(close, {n}) - 1", n=PERIODS, lookback=lambda n: n - 1, bounds=(-1.0, None),
)  # fmt: skip
def sma_distance(c: Context, n: int) -> np.ndarray:
    mean = _sma(c, n)
    return ratio(c.close - mean, mean, np.nan)


@technical(
    "ema_distance_{n}", "Close against its exponential mean of {n} bars.",
    formula="close / EMA(close, {n}) - 1, newest weight 2 / ({n} + 1)", n=PERIODS,
    lookback=lambda n: n - 1, warmup=ema_memory, bounds=(-1.0, None),
)  # fmt: skip
def ema_distance(c: Context, n: int) -> np.ndarray:
    mean = c.ema("close", n)
    return ratio(c.close - mean, mean, np.nan)


@technical(
    "wma_distance_{n}", "Close against its linearly weighted mean of {n} bars.",
    formula="close / WMA(close, {n}) - 1, newest weight {n}, oldest 1", n=PERIODS,
    lookback=lambda n: n - 1, bounds=(-1.0, None),
)  # fmt: skip
def wma_distance(c: Context, n: int) -> np.ndarray:
    mean, _ = c.of(window_line, "close", n)
    return ratio(c.close - mean, mean, np.nan)


@technical(
    "sma_ratio_{fast}_{slow}", "Simple mean of {fast} bars against that of {slow}.",
    formula="SMA(close, {fast}) / SMA(close, {slow}) - 1", fast=(5, 20, 50), slow=(20, 50, 200),
    lookback=lambda fast, slow: slow - 1, bounds=(-1.0, None),
)  # fmt: skip
def sma_ratio(c: Context, fast: int, slow: int) -> np.ndarray:
    base = _sma(c, slow)
    return ratio(_sma(c, fast) - base, base, np.nan)


@technical(
    "price_zscore_{n}", "Close in standard deviations from its mean of {n} bars; 0 where the price stood still.",
    formula="(close - SMA(close, {n})) / stdev(close, {n}), divisor {n} - 1", n=(20, 60, 200),
    lookback=lambda n: n - 1, bounds=lambda n: (-((n - 1) / n**0.5), (n - 1) / n**0.5),
)  # fmt: skip
def price_zscore(c: Context, n: int) -> np.ndarray:
    mean, variance = c.of(window_mean_variance, "close", n)
    limit = (n - 1) / n**0.5  # reached where all other values are equal, and passed by rounding
    return np.clip(ratio(c.close - mean, np.sqrt(variance), 0.0), -limit, limit)


@technical(
    "atr_distance_{n}", "Close against its mean of {n} bars in units of the average true range.",
    formula="(close - SMA(close, {n})) / ATR(14), 0 where the range is 0", inputs=("high", "low", "close"),
    n=(20, 50), lookback=lambda n: max(n - 1, 14), warmup=lambda n: max(n, wilder_memory(14)), version=2,
)  # fmt: skip
def atr_distance(c: Context, n: int) -> np.ndarray:
    away = c.close - _sma(c, n)
    away[np.abs(away) <= 1e-12 * c.close] = 0.0  # a range that fades must not blow rounding up
    return ratio(away, c.atr, 0.0)


@technical(
    "slope_{n}", "Slope of the least-squares line through {n} closes, per bar, in units of their mean.",
    formula="LINEARREG_SLOPE(close, {n}) / SMA(close, {n})", n=(10, 20, 60), lookback=lambda n: n - 1,
)  # fmt: skip
def slope(c: Context, n: int) -> np.ndarray:
    _, per_bar = c.of(window_line, "close", n)
    return ratio(per_bar, _sma(c, n), np.nan)


@technical(
    "slope_fit_{n}", "Share of the variance of {n} closes that their least-squares line explains.",
    formula="R squared of close on time; 0 where the price stood still", n=(20, 60),
    lookback=lambda n: n - 1, bounds=(0.0, 1.0),
)  # fmt: skip
def slope_fit(c: Context, n: int) -> np.ndarray:
    _, per_bar = c.of(window_line, "close", n)
    _, variance = c.of(window_mean_variance, "close", n)
    # The variance of the times 1..n with divisor n - 1 is n (n + 1) / 12.
    explained = per_bar * per_bar * (n * (n + 1) / 12.0)
    return np.minimum(ratio(explained, variance, 0.0), 1.0)


@technical(
    "reversion_speed_{n}", "Share of a distance from its mean of {n} bars that the close takes back per bar; 0 if still.",
    formula="-cov(p[t] - p[t-1], p[t-1], {n}) / var(p[t-1], {n}), p = close; Ornstein & Uhlenbeck 1930", n=(20, 60),
    lookback=lambda n: n,
)  # fmt: skip
def reversion_speed(c: Context, n: int) -> np.ndarray:
    covariance, variance, _ = window_covariance(c.previous_close, c.close, n)
    return ratio(variance - covariance, variance, 0.0)


def _sma(c: Context, n: int) -> np.ndarray:
    return c.of(window_sum, "close", n) / n

"""Volume against its own past, and the side it traded on.

A cumulative volume line (OBV, accumulation/distribution) has a level that only says when history
began; its change over a window, in units of the volume of that window, is what carries news.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from trimtab.features.catalogue import feature
from trimtab.features.context import Context
from trimtab.features.kernels.ratios import ratio
from trimtab.features.kernels.recursive import cumulative_lag, exponential_mean
from trimtab.features.kernels.windows import window_covariance, window_mean_variance, window_sum
from trimtab.features.memory import bars_remembered, ema_memory

technical = partial(feature, "technical")
HLCV = ("high", "low", "close", "volume")


@technical(
    "obv_change_{n}", "Change of on-balance volume over {n} bars as a share of their volume; 0 without volume.",
    formula="sum(sign(close[t] - close[t-1]) volume, {n}) / sum(volume, {n}); Granville 1963",
    inputs=("close", "volume"), n=(10, 20, 60), lookback=lambda n: n, bounds=(-1.0, 1.0),
)  # fmt: skip
def obv_change(c: Context, n: int) -> np.ndarray:
    return ratio(c.of(window_sum, "signed_volume", n), c.of(window_sum, "volume", n), 0.0)


@technical(
    "vwap_distance_{n}", "Close against the volume-weighted mean price of {n} bars; 0 without volume.",
    formula="close / (sum(tp volume, {n}) / sum(volume, {n})) - 1, tp = (high + low + close) / 3",
    inputs=HLCV, n=(5, 20, 60), lookback=lambda n: n - 1, bounds=(-1.0, None),
)  # fmt: skip
def vwap_distance(c: Context, n: int) -> np.ndarray:
    volume = c.of(window_sum, "volume", n)
    value = c.of(window_sum, "traded_value", n)
    return ratio(c.close * volume - value, value, 0.0)


@technical(
    "volume_ratio_{n}", "Volume in units of its mean of {n} bars; 1 where there was none at all.",
    formula="volume / SMA(volume, {n})", inputs=("volume",), n=(5, 20, 60),
    lookback=lambda n: n - 1, bounds=lambda n: (0.0, float(n)),
)  # fmt: skip
def volume_ratio(c: Context, n: int) -> np.ndarray:
    return np.minimum(ratio(c.volume, c.of(window_sum, "volume", n) / n, 1.0), n)


@technical(
    "volume_zscore_{n}", "Volume in standard deviations from its mean of {n} bars; 0 where it never changed.",
    formula="(volume - SMA(volume, {n})) / stdev(volume, {n}), divisor {n} - 1", inputs=("volume",), n=(20, 60),
    lookback=lambda n: n - 1, bounds=lambda n: (-((n - 1) / n**0.5), (n - 1) / n**0.5),
)  # fmt: skip
def volume_zscore(c: Context, n: int) -> np.ndarray:
    mean, variance = c.of(window_mean_variance, "volume", n)
    limit = (n - 1) / n**0.5  # reached where all other values are equal, and passed by rounding
    return np.clip(ratio(c.volume - mean, np.sqrt(variance), 0.0), -limit, limit)


@technical(
    "chaikin_money_flow_{n}", "Volume of {n} bars weighted by where the closes lie in their bars; 0 without volume.",
    formula="sum(close_location volume, {n}) / sum(volume, {n}); Chaikin", inputs=HLCV, n=(20,),
    lookback=lambda n: n - 1, bounds=(-1.0, 1.0),
)  # fmt: skip
def chaikin_money_flow(c: Context, n: int) -> np.ndarray:
    return ratio(c.of(window_sum, "money_flow", n), c.of(window_sum, "volume", n), 0.0)


@technical(
    "chaikin_oscillator", "Fast less slow mean of accumulation/distribution in units of the mean volume of 20 bars.",
    formula="(EMA(AD, 3) - EMA(AD, 10)) / SMA(volume, 20); Chaikin", inputs=HLCV,
    lookback=19, warmup=20 + bars_remembered(2 / 11),
)  # fmt: skip
def chaikin_oscillator(c: Context) -> np.ndarray:
    below_slow, below_fast = cumulative_lag(c.money_flow, 2.0 / 11.0), cumulative_lag(c.money_flow, 2.0 / 4.0)
    return ratio(below_slow - below_fast, c.of(window_sum, "volume", 20) / 20.0, 0.0)


@technical(
    "force_index_{n}", "Exponential mean of return x volume in units of the mean volume of 20 bars; 0 without volume.",
    formula="EMA(return x volume, {n}) / SMA(volume, 20); after Elder 1993", inputs=("close", "volume"), n=(13,),
    lookback=lambda n: max(n, 19), warmup=lambda n: max(ema_memory(n) + 1, 20),
)  # fmt: skip
def force_index(c: Context, n: int) -> np.ndarray:
    force = exponential_mean(c.simple_return * c.volume, n, 2.0 / (n + 1.0), 1)
    return ratio(force, c.of(window_sum, "volume", 20) / 20.0, 0.0)


@technical(
    "volume_trend_{fast}_{slow}", "Mean volume of {fast} bars in units of that of {slow}; 1 where there was none.",
    formula="SMA(volume, {fast}) / SMA(volume, {slow})", inputs=("volume",), fast=(5, 20), slow=(20, 60),
    lookback=lambda fast, slow: slow - 1, bounds=lambda fast, slow: (0.0, slow / fast),
)  # fmt: skip
def volume_trend(c: Context, fast: int, slow: int) -> np.ndarray:
    means = c.of(window_sum, "volume", fast) / fast, c.of(window_sum, "volume", slow) / slow
    return np.minimum(ratio(*means, 1.0), slow / fast)


@technical(
    "price_volume_correlation_{n}", "Correlation of return and volume over {n} bars; 0 where one stood still.",
    formula="corr(close[t] / close[t-1] - 1, volume, {n}); Karpoff 1987", inputs=("close", "volume"), n=(20, 60),
    lookback=lambda n: n, bounds=(-1.0, 1.0),
)  # fmt: skip
def price_volume_correlation(c: Context, n: int) -> np.ndarray:
    covariance, one, other = c.of(window_covariance, "simple_return", "volume", n)
    return np.clip(ratio(covariance, np.sqrt(one) * np.sqrt(other), 0.0), -1.0, 1.0)

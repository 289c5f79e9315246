"""Oscillators: how fast and how far the price has moved, on a fixed scale.

Where nothing moved there is no answer; the neutral value is given (50 for RSI, 0 for CCI).
"""

from __future__ import annotations

from functools import partial

import numpy as np

from trimtab.features.catalogue import feature
from trimtab.features.context import Context
from trimtab.features.kernels.extremes import window_extremes
from trimtab.features.kernels.ratios import change, lagged, ratio
from trimtab.features.kernels.recursive import exponential_mean
from trimtab.features.kernels.windows import window_mean_deviation, window_sum
from trimtab.features.memory import ema_memory, wilder_memory

technical = partial(feature, "technical")
HLC = ("high", "low", "close")
# MACD(12, 26, 9): both means begin in the same row, as in TA-Lib.
FAST, SLOW, SIGNAL = 12, 26, 9


@technical(
    "rsi_{n}", "Relative strength index of {n} bars; 50 where the price stood still.",
    formula="100 gain / (gain + loss), both smoothed by Wilder; Wilder 1978", n=(7, 14, 21),
    lookback=lambda n: n, warmup=lambda n: wilder_memory(n) + 1, bounds=(0.0, 100.0),
)  # fmt: skip
def rsi(c: Context, n: int) -> np.ndarray:
    up, down = c.wilder("gain", n), c.wilder("loss", n)
    # Movement that only survives as the rounding of a decayed mean is no movement.
    moved = np.where(up + down > 1e-14 * c.close, up + down, np.where(np.isnan(up), np.nan, 0.0))
    return 100.0 * ratio(up, moved, 0.5)


@technical(
    "cmo_{n}", "Chande momentum oscillator of {n} bars; 0 where the price stood still.",
    formula="100 (sum of rises - sum of falls) / (sum of both); Chande 1994", n=(14,),
    lookback=lambda n: n, bounds=(-100.0, 100.0),
)  # fmt: skip
def cmo(c: Context, n: int) -> np.ndarray:
    up, down = c.of(window_sum, "gain", n), c.of(window_sum, "loss", n)
    return 100.0 * ratio(up - down, up + down, 0.0)


@technical(
    "macd", "MACD line (12, 26) in units of the close.",
    formula="(EMA(close, 12) - EMA(close, 26)) / close; Appel", lookback=SLOW - 1, warmup=ema_memory(SLOW),
)  # fmt: skip
def macd(c: Context) -> np.ndarray:
    return ratio(_macd(c), c.close, np.nan)


@technical(
    "macd_signal", "MACD signal line (12, 26, 9) in units of the close.",
    formula="EMA(MACD line, 9) / close", lookback=SLOW + SIGNAL - 2, warmup=ema_memory(SLOW) + ema_memory(SIGNAL),
)  # fmt: skip
def macd_signal(c: Context) -> np.ndarray:
    return ratio(c.of(_macd_signal, c), c.close, np.nan)


@technical(
    "macd_histogram", "MACD line less its signal (12, 26, 9) in units of the close.",
    formula="(MACD line - signal) / close",
    lookback=SLOW + SIGNAL - 2, warmup=ema_memory(SLOW) + ema_memory(SIGNAL),
)  # fmt: skip
def macd_histogram(c: Context) -> np.ndarray:
    return ratio(_macd(c) - c.of(_macd_signal, c), c.close, np.nan)


@technical(
    "stochastic_fast_k", "Close within the range of 14 bars, in percent; 50 without a range.",
    formula="100 (close - min(low, 14)) / (max(high, 14) - min(low, 14)); Lane", inputs=HLC,
    lookback=13, bounds=(0.0, 100.0),
)  # fmt: skip
def stochastic_fast_k(c: Context) -> np.ndarray:
    return c.of(_position_in_range, c, 14)


@technical(
    "stochastic_slow_k", "Mean of 3 of the fast stochastic of 14 bars.",
    formula="SMA(stochastic_fast_k, 3)", inputs=HLC, lookback=15, bounds=(0.0, 100.0),
)  # fmt: skip
def stochastic_slow_k(c: Context) -> np.ndarray:
    return window_sum(c.of(_position_in_range, c, 14), 3) / 3.0


@technical(
    "stochastic_slow_d", "Mean of 3 of the slow stochastic of 14 bars.",
    formula="SMA(stochastic_slow_k, 3)", inputs=HLC, lookback=17, bounds=(0.0, 100.0),
)  # fmt: skip
def stochastic_slow_d(c: Context) -> np.ndarray:
    return window_sum(window_sum(c.of(_position_in_range, c, 14), 3) / 3.0, 3) / 3.0


@technical(
    "williams_r_{n}", "Williams %R of {n} bars: 0 at the highest high, -100 at the lowest low.",
    formula="-100 (max(high, {n}) - close) / (max(high, {n}) - min(low, {n})); Williams", inputs=HLC, n=(14, 28),
    lookback=lambda n: n - 1, bounds=(-100.0, 0.0),
)  # fmt: skip
def williams_r(c: Context, n: int) -> np.ndarray:
    top, bottom = c.of(window_extremes, "high", "low", n)
    return -100.0 * ratio(top - c.close, top - bottom, 0.5)


@technical(
    "cci_{n}", "Commodity channel index of {n} bars; 0 where the price stood still.",
    formula="(tp - SMA(tp, {n})) / (0.015 mean deviation), tp = (high + low + close) / 3; Lambert 1980",
    inputs=HLC, n=(14, 20), lookback=lambda n: n - 1,
)  # fmt: skip
def cci(c: Context, n: int) -> np.ndarray:
    mean, deviation = c.of(window_mean_deviation, "typical_price", n)
    # Below this the deviation is the rounding of the mean.
    deviation = np.where(deviation > 1e-13 * mean, deviation, np.where(np.isnan(deviation), np.nan, 0.0))
    return ratio(c.typical_price - mean, 0.015 * deviation, 0.0)


@technical(
    "roc_{n}", "Rate of change over {n} bars, in percent.",
    formula="100 (close[t] / close[t-{n}] - 1)", n=(12, 25, 126), lookback=lambda n: n, bounds=(-100.0, None),
)  # fmt: skip
def roc(c: Context, n: int) -> np.ndarray:
    return 100.0 * c.of(change, "close", n)


@technical(
    "momentum_{n}", "Change of the close over {n} bars in units of the average true range.",
    formula="(close[t] - close[t-{n}]) / ATR(14), 0 where the range is 0", inputs=HLC, n=(10, 20),
    lookback=lambda n: max(n, 14), warmup=lambda n: max(n, wilder_memory(14)),
)  # fmt: skip
def momentum(c: Context, n: int) -> np.ndarray:
    return ratio(c.close - lagged(c.close, n), c.atr, 0.0)


@technical(
    "mfi_{n}", "Money flow index of {n} bars; 50 where no money flowed.",
    formula="100 positive / (positive + negative) flow of typical price x volume; Quong & Soudack 1989",
    inputs=(*HLC, "volume"), n=(14,), lookback=lambda n: n, bounds=(0.0, 100.0),
)  # fmt: skip
def mfi(c: Context, n: int) -> np.ndarray:
    rise = c.typical_price - lagged(c.typical_price, 1)
    # Equal bars scaled by equal factors differ in the last bits of their mean; that is no rise.
    rise = np.where(np.abs(rise) <= 1e-12 * c.typical_price, 0.0, rise)
    unknown = np.where(np.isnan(rise), np.nan, 0.0)
    positive = window_sum(np.where(rise > 0, c.traded_value, unknown), n)
    negative = window_sum(np.where(rise < 0, c.traded_value, unknown), n)
    return 100.0 * ratio(positive, positive + negative, 0.5)


@technical(
    "trix_{n}", "Change of the triple exponential mean of {n} bars, in percent.",
    formula="100 (E[t] / E[t-1] - 1), E = EMA(EMA(EMA(close, {n}))); Hutson 1983", n=(15,),
    lookback=lambda n: 3 * (n - 1) + 1, warmup=lambda n: ema_memory(n, passes=3) + 1, bounds=(-100.0, None),
)  # fmt: skip
def trix(c: Context, n: int) -> np.ndarray:
    weight = 2.0 / (n + 1.0)
    twice = exponential_mean(c.ema("close", n), n, weight, n - 1)
    return 100.0 * change(exponential_mean(twice, n, weight, 2 * (n - 1)), 1)


@technical(
    "ultimate_oscillator", "Ultimate oscillator of 7, 14 and 28 bars; 50 without a range.",
    formula="100 (4 A7 + 2 A14 + A28) / 7, A = buying pressure over true range; Williams 1985", inputs=HLC,
    lookback=28, bounds=(0.0, 100.0),
)  # fmt: skip
def ultimate_oscillator(c: Context) -> np.ndarray:
    pressure = c.close - np.minimum(c.low, c.previous_close)
    parts = [ratio(window_sum(pressure, n), c.of(window_sum, "true_range", n), 0.5) for n in (7, 14, 28)]
    return np.minimum(100.0 * (4.0 * parts[0] + 2.0 * parts[1] + parts[2]) / 7.0, 100.0)


def _macd(c: Context) -> np.ndarray:
    fast = c.of(exponential_mean, "close", FAST, 2.0 / (FAST + 1.0), SLOW - FAST)
    return fast - c.ema("close", SLOW)


def _macd_signal(c: Context) -> np.ndarray:
    return exponential_mean(_macd(c), SIGNAL, 2.0 / (SIGNAL + 1.0), SLOW - 1)


def _position_in_range(c: Context, n: int) -> np.ndarray:
    top, bottom = c.of(window_extremes, "high", "low", n)
    return 100.0 * ratio(c.close - bottom, top - bottom, 0.5)

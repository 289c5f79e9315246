"""Volatility per bar (never annualised: the length of a year is not a property of a bar)."""

from __future__ import annotations

from functools import partial

import numpy as np

from trimtab.features.catalogue import feature
from trimtab.features.context import Context
from trimtab.features.kernels.ratios import ratio
from trimtab.features.kernels.windows import window_mean_variance, window_sum
from trimtab.features.memory import wilder_memory

technical = partial(feature, "technical")
PERIODS = (5, 20, 60)
OHLC = ("open", "high", "low", "close")


@technical(
    "atr_{n}", "Average true range of {n} bars in units of the close.",
    formula="ATR({n}) / close, Wilder's smoothing; Wilder 1978", inputs=("high", "low", "close"), n=(7, 14, 21),
    lookback=lambda n: n, warmup=lambda n: wilder_memory(n) + 1, bounds=(0.0, None),
)  # fmt: skip
def atr(c: Context, n: int) -> np.ndarray:
    return ratio(c.wilder("true_range", n), c.close, np.nan)


@technical(
    "volatility_{n}", "Standard deviation of {n} log returns, per bar.",
    formula="stdev(ln(close[t] / close[t-1]), {n}), divisor {n} - 1", n=PERIODS,
    lookback=lambda n: n, bounds=(0.0, None),
)  # fmt: skip
def volatility(c: Context, n: int) -> np.ndarray:
    return np.sqrt(c.of(window_mean_variance, "log_return", n)[1])


@technical(
    "realised_volatility_{n}", "Root of the mean squared log return of {n} bars, per bar.",
    formula="sqrt(mean(r^2, {n})), r = ln(close[t] / close[t-1])", n=PERIODS,
    lookback=lambda n: n, bounds=(0.0, None),
)  # fmt: skip
def realised_volatility(c: Context, n: int) -> np.ndarray:
    return np.sqrt(window_sum(c.of(np.square, "log_return"), n) / n)


@technical(
    "parkinson_volatility_{n}", "Volatility per bar from the ranges of {n} bars.",
    formula="sqrt(mean(ln(high / low)^2, {n}) / (4 ln 2)); Parkinson 1980", inputs=("high", "low"), n=PERIODS,
    lookback=lambda n: n - 1, bounds=(0.0, None),
)  # fmt: skip
def parkinson_volatility(c: Context, n: int) -> np.ndarray:
    return np.sqrt(window_sum(c.of(np.square, "log_range"), n) / (4.0 * np.log(2.0) * n))


@technical(
    "garman_klass_volatility_{n}", "Volatility per bar from range and body of {n} bars.",
    formula="sqrt(mean(ln(h/l)^2 / 2 - (2 ln 2 - 1) ln(c/o)^2, {n})); Garman & Klass 1980", inputs=OHLC, n=PERIODS,
    lookback=lambda n: n - 1, bounds=(0.0, None),
)  # fmt: skip
def garman_klass_volatility(c: Context, n: int) -> np.ndarray:
    squares = 0.5 * c.of(np.square, "log_range") - (2.0 * np.log(2.0) - 1.0) * c.of(np.square, "log_body")
    return np.sqrt(np.maximum(window_sum(squares, n) / n, 0.0))


@technical(
    "rogers_satchell_volatility_{n}", "Volatility per bar from highs and lows against open and close, whatever the drift.",
    formula="sqrt(mean(ln(h/o) ln(h/c) + ln(l/o) ln(l/c), {n})); Rogers & Satchell 1991", inputs=OHLC, n=PERIODS,
    lookback=lambda n: n - 1, bounds=(0.0, None),
)  # fmt: skip
def rogers_satchell_volatility(c: Context, n: int) -> np.ndarray:
    return np.sqrt(np.maximum(c.of(_sum_rogers_satchell, c, n) / n, 0.0))


@technical(
    "yang_zhang_volatility_{n}", "Volatility per bar from gaps, bodies and ranges of {n} bars.",
    formula="sqrt(V_gap + k V_body + (1 - k) V_rs), k = 0.34 / (1.34 + (n+1)/(n-1)); Yang & Zhang 2000",
    inputs=OHLC, n=PERIODS, lookback=lambda n: n, bounds=(0.0, None),
)  # fmt: skip
def yang_zhang_volatility(c: Context, n: int) -> np.ndarray:
    k = 0.34 / (1.34 + (n + 1.0) / (n - 1.0))
    gap = c.of(window_mean_variance, "log_gap", n)[1]
    body = c.of(window_mean_variance, "log_body", n)[1]
    return np.sqrt(np.maximum(gap + k * body + (1.0 - k) * c.of(_sum_rogers_satchell, c, n) / n, 0.0))


@technical(
    "bollinger_position_{n}", "Close between the Bollinger bands of {n} bars: 0 at the lower, 1 at the upper.",
    formula="%b = (close - lower) / (upper - lower), bands SMA +- 2 stdev (divisor {n}); 0.5 where they meet",
    n=(20, 50), lookback=lambda n: n - 1, bounds=lambda n: (0.5 - (n - 1) ** 0.5 / 4, 0.5 + (n - 1) ** 0.5 / 4),
)  # fmt: skip
def bollinger_position(c: Context, n: int) -> np.ndarray:
    mean, deviation = _bollinger(c, n)
    limit = (n - 1) ** 0.5 / 4.0  # reached where all other values are equal, and passed by rounding
    return 0.5 + np.clip(0.25 * ratio(c.close - mean, deviation, 0.0), -limit, limit)


@technical(
    "bollinger_width_{n}", "Distance of the Bollinger bands of {n} bars in units of their middle.",
    formula="4 stdev(close, {n}) / SMA(close, {n}), divisor {n}; Bollinger 2001", n=(20, 50),
    lookback=lambda n: n - 1, bounds=(0.0, None),
)  # fmt: skip
def bollinger_width(c: Context, n: int) -> np.ndarray:
    mean, deviation = _bollinger(c, n)
    return ratio(4.0 * deviation, mean, np.nan)


def _bollinger(c: Context, n: int) -> tuple[np.ndarray, np.ndarray]:
    mean, variance = c.of(window_mean_variance, "close", n)
    return mean, np.sqrt(variance * ((n - 1.0) / n))


def _sum_rogers_satchell(c: Context, n: int) -> np.ndarray:
    return window_sum(c.of(_rogers_satchell, c), n)


def _rogers_satchell(c: Context) -> np.ndarray:
    return c.log_up * (c.log_up - c.log_body) + c.log_down * (c.log_down - c.log_body)

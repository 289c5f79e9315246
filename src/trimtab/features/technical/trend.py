"""Trend: its direction, its strength, and the place of the price in recent extremes."""

from __future__ import annotations

from functools import partial

import numpy as np

from trimtab.features.catalogue import feature
from trimtab.features.context import Context
from trimtab.features.kernels.extremes import bars_since_extremes, window_extremes
from trimtab.features.kernels.ratios import change, lagged, ratio
from trimtab.features.kernels.recursive import exponential_mean
from trimtab.features.kernels.windows import window_sum
from trimtab.features.memory import wilder_memory

technical = partial(feature, "technical")
HL, HLC = ("high", "low"), ("high", "low", "close")
# Ichimoku's usual lengths: conversion, base, leading span B; both spans are drawn 26 bars ahead, so
# the cloud at a bar is known 26 bars before.
CONVERSION, BASE, SPAN_B = 9, 26, 52


@technical(
    "adx_{n}", "Average directional index of {n} bars: strength of a trend, whatever its direction.",
    formula="Wilder mean of 100 |+DI - -DI| / (+DI + -DI), 0 where both are 0; Wilder 1978", inputs=HLC, n=(14,),
    lookback=lambda n: 2 * n - 1, warmup=lambda n: wilder_memory(n, passes=2) + 1, bounds=(0.0, 100.0),
)  # fmt: skip
def adx(c: Context, n: int) -> np.ndarray:
    plus, minus = c.of(_directional_indicators, c, n)
    index = 100.0 * ratio(np.abs(plus - minus), plus + minus, 0.0)
    return exponential_mean(index, n, 1.0 / n, n)


@technical(
    "plus_di_{n}", "Positive directional indicator of {n} bars.",
    formula="100 Wilder(+DM, {n}) / Wilder(true range, {n}), 0 without a range; Wilder 1978", inputs=HLC, n=(14,),
    lookback=lambda n: n, warmup=lambda n: wilder_memory(n) + 1, bounds=(0.0, 100.0),
)  # fmt: skip
def plus_di(c: Context, n: int) -> np.ndarray:
    return c.of(_directional_indicators, c, n)[0]


@technical(
    "minus_di_{n}", "Negative directional indicator of {n} bars.",
    formula="100 Wilder(-DM, {n}) / Wilder(true range, {n}), 0 without a range; Wilder 1978", inputs=HLC, n=(14,),
    lookback=lambda n: n, warmup=lambda n: wilder_memory(n) + 1, bounds=(0.0, 100.0),
)  # fmt: skip
def minus_di(c: Context, n: int) -> np.ndarray:
    return c.of(_directional_indicators, c, n)[1]


@technical(
    "aroon_up_{n}", "100 at a new high of {n} bars, falling to 0 as it ages.",
    formula="100 ({n} - bars since the highest high of {n} + 1) / {n}; Chande 1995", inputs=HL, n=(25,),
    lookback=lambda n: n, bounds=(0.0, 100.0),
)  # fmt: skip
def aroon_up(c: Context, n: int) -> np.ndarray:
    since_top, _ = c.of(bars_since_extremes, "high", "low", n + 1)
    return 100.0 * (n - since_top) / n


@technical(
    "aroon_down_{n}", "100 at a new low of {n} bars, falling to 0 as it ages.",
    formula="100 ({n} - bars since the lowest low of {n} + 1) / {n}; Chande 1995", inputs=HL, n=(25,),
    lookback=lambda n: n, bounds=(0.0, 100.0),
)  # fmt: skip
def aroon_down(c: Context, n: int) -> np.ndarray:
    _, since_bottom = c.of(bars_since_extremes, "high", "low", n + 1)
    return 100.0 * (n - since_bottom) / n


@technical(
    "aroon_oscillator_{n}", "Aroon up less Aroon down of {n} bars.",
    formula="aroon_up - aroon_down; Chande 1995", inputs=HL, n=(25,), lookback=lambda n: n, bounds=(-100.0, 100.0),
)  # fmt: skip
def aroon_oscillator(c: Context, n: int) -> np.ndarray:
    since_top, since_bottom = c.of(bars_since_extremes, "high", "low", n + 1)
    return 100.0 * (since_bottom - since_top) / n


@technical(
    "ichimoku_conversion_distance", "Close against the conversion line (middle of 9 bars).",
    formula="close / ((max(high, 9) + min(low, 9)) / 2) - 1; Hosoda 1969", inputs=HLC,
    lookback=CONVERSION - 1, bounds=(-1.0, None),
)  # fmt: skip
def ichimoku_conversion_distance(c: Context) -> np.ndarray:
    return _distance(c, c.of(_middle, c, CONVERSION))


@technical(
    "ichimoku_base_distance", "Close against the base line (middle of 26 bars).",
    formula="close / ((max(high, 26) + min(low, 26)) / 2) - 1; Hosoda 1969", inputs=HLC,
    lookback=BASE - 1, bounds=(-1.0, None),
)  # fmt: skip
def ichimoku_base_distance(c: Context) -> np.ndarray:
    return _distance(c, c.of(_middle, c, BASE))


@technical(
    "ichimoku_span_a_distance", "Close against leading span A as drawn at this bar.",
    formula="close / ((conversion[t-26] + base[t-26]) / 2) - 1; Hosoda 1969", inputs=HLC,
    lookback=2 * BASE - 1, bounds=(-1.0, None),
)  # fmt: skip
def ichimoku_span_a_distance(c: Context) -> np.ndarray:
    return _distance(c, lagged((c.of(_middle, c, CONVERSION) + c.of(_middle, c, BASE)) / 2.0, BASE))


@technical(
    "ichimoku_span_b_distance", "Close against leading span B (middle of 52 bars) as drawn at this bar.",
    formula="close / middle(52)[t-26] - 1; Hosoda 1969", inputs=HLC,
    lookback=SPAN_B + BASE - 1, bounds=(-1.0, None),
)  # fmt: skip
def ichimoku_span_b_distance(c: Context) -> np.ndarray:
    return _distance(c, lagged(c.of(_middle, c, SPAN_B), BASE))


@technical(
    "ichimoku_lagging_distance", "Close against the close 26 bars ago, beside which the lagging span is drawn.",
    formula="close[t] / close[t-26] - 1; Hosoda 1969", lookback=BASE, bounds=(-1.0, None),
)  # fmt: skip
def ichimoku_lagging_distance(c: Context) -> np.ndarray:
    return change(c.close, BASE)


@technical(
    "ichimoku_conversion_to_base", "Conversion line against the base line: above 0 the shorter middle leads.",
    formula="middle(9) / middle(26) - 1, middle = (max(high) + min(low)) / 2; Hosoda 1969", inputs=HL,
    lookback=BASE - 1, bounds=(-1.0, None),
)  # fmt: skip
def ichimoku_conversion_to_base(c: Context) -> np.ndarray:
    base = c.of(_middle, c, BASE)
    return ratio(c.of(_middle, c, CONVERSION) - base, base, np.nan)


@technical(
    "donchian_position_{n}", "Close in the channel of the last {n} bars: 0 at the bottom, 1 at the top, 0.5 without one.",
    formula="(close - min(low, {n})) / (max(high, {n}) - min(low, {n})); Donchian", inputs=HLC, n=(20, 55),
    lookback=lambda n: n - 1, bounds=(0.0, 1.0),
)  # fmt: skip
def donchian_position(c: Context, n: int) -> np.ndarray:
    top, bottom = c.of(window_extremes, "high", "low", n)
    return ratio(c.close - bottom, top - bottom, 0.5)


@technical(
    "donchian_width_{n}", "Height of the channel of the last {n} bars in units of the close.",
    formula="(max(high, {n}) - min(low, {n})) / close; Donchian", inputs=HLC, n=(20, 55),
    lookback=lambda n: n - 1, bounds=(0.0, None),
)  # fmt: skip
def donchian_width(c: Context, n: int) -> np.ndarray:
    top, bottom = c.of(window_extremes, "high", "low", n)
    return ratio(top - bottom, c.close, np.nan)


@technical(
    "efficiency_ratio_{n}", "Net move of {n} bars over the way travelled; 0 where the price stood still.",
    formula="|close[t] - close[t-{n}]| / sum(|close[t] - close[t-1]|, {n}); Kaufman 1995", n=(10, 20),
    lookback=lambda n: n, bounds=(0.0, 1.0),
)  # fmt: skip
def efficiency_ratio(c: Context, n: int) -> np.ndarray:
    travelled = c.of(window_sum, "gain", n) + c.of(window_sum, "loss", n)
    return np.minimum(ratio(np.abs(c.close - lagged(c.close, n)), travelled, 0.0), 1.0)


@technical(
    "vortex_{n}", "Positive less negative vortex indicator of {n} bars; 0 without a range.",
    formula="sum(|high - low[t-1]| - |low - high[t-1]|, {n}) / sum(true range, {n}); Botes & Siepman 2010",
    inputs=HLC, n=(14,), lookback=lambda n: n,
)  # fmt: skip
def vortex(c: Context, n: int) -> np.ndarray:
    movement = np.abs(c.high - lagged(c.low, 1)) - np.abs(c.low - lagged(c.high, 1))
    return ratio(window_sum(movement, n), c.of(window_sum, "true_range", n), 0.0)


def _middle(c: Context, n: int) -> np.ndarray:
    top, bottom = c.of(window_extremes, "high", "low", n)
    return (top + bottom) / 2.0


def _distance(c: Context, line: np.ndarray) -> np.ndarray:
    return ratio(c.close - line, line, np.nan)


def _directional_indicators(c: Context, n: int) -> tuple[np.ndarray, np.ndarray]:
    """+DI and -DI; Wilder's sums begin with n - 1 bars, as in TA-Lib."""
    up, down = c.high - lagged(c.high, 1), lagged(c.low, 1) - c.low
    # Equal moves cancel. The last bits of a price must not decide which of them was larger.
    tie = 1e-12 * c.high
    plus = _wilder_from_zero(np.where((up > down + tie) & (up > 0.0), up, 0.0), n)
    minus = _wilder_from_zero(np.where((down > up + tie) & (down > 0.0), down, 0.0), n)
    true_range = _wilder_from_zero(c.true_range.copy(), n)
    return 100.0 * ratio(plus, true_range, 0.0), 100.0 * ratio(minus, true_range, 0.0)


def _wilder_from_zero(values: np.ndarray, n: int) -> np.ndarray:
    """Wilder's smoothing with a first value of 0, known from row n on."""
    values[0] = 0.0
    mean = exponential_mean(values, n, 1.0 / n, 0)
    mean[:n] = np.nan
    return mean

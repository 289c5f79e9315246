"""Candlestick features: the named patterns, the proportions of a bar, and runs of bars.

Patterns are TA-Lib's (Bulkowski's and Nison's definitions with its tolerances): 1 bullish, -1 bearish,
0 absent. TA-Lib judges "long" and "short" against the bars before, and only on prices, so nothing
depends on their unit. Tweezers, which TA-Lib lacks, are defined here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import talib

from trimtab.features.catalogue import feature
from trimtab.features.context import Context
from trimtab.features.kernels.ratios import lagged, ratio
from trimtab.features.kernels.recursive import run_length
from trimtab.features.kernels.windows import window_sum

candlesticks = partial(feature, "candlesticks")
OHLC = ("open", "high", "low", "close")
LONGEST_RUN = 20
# Two extremes are equal when they differ by at most this share of the mean range of ten bars.
TWEEZER_TOLERANCE = 0.05 * (1.0 + 1e-9)  # exactly 5 % counts, whatever the rounding
pattern = partial(candlesticks, inputs=OHLC)


@pattern(
    "doji", "Open and close nearly equal: 1 where present.",
    formula="TA-Lib CDLDOJI: body <= 10 % of the mean range of 10 bars", lookback=10, bounds=(0.0, 1.0),
)  # fmt: skip
def doji(c: Context) -> np.ndarray:
    return _talib(c, talib.CDLDOJI, 10)


@pattern(
    "hammer", "Small body on top of a long lower shadow after a fall: 1 where present.",
    formula="TA-Lib CDLHAMMER", lookback=11, bounds=(0.0, 1.0),
)  # fmt: skip
def hammer(c: Context) -> np.ndarray:
    return _talib(c, talib.CDLHAMMER, 11)


@pattern(
    "shooting_star", "Small body below a long upper shadow after a gap up: -1 where present.",
    formula="TA-Lib CDLSHOOTINGSTAR", lookback=11, bounds=(-1.0, 0.0),
)  # fmt: skip
def shooting_star(c: Context) -> np.ndarray:
    return _talib(c, talib.CDLSHOOTINGSTAR, 11)


@pattern(
    "bullish_engulfing", "A rising body that covers the falling body before: 1 where present.",
    formula="TA-Lib CDLENGULFING > 0", lookback=2, bounds=(0.0, 1.0),
)  # fmt: skip
def bullish_engulfing(c: Context) -> np.ndarray:
    return np.maximum(c.of(_talib, c, talib.CDLENGULFING, 2), 0.0)


@pattern(
    "bearish_engulfing", "A falling body that covers the rising body before: -1 where present.",
    formula="TA-Lib CDLENGULFING < 0", lookback=2, bounds=(-1.0, 0.0),
)  # fmt: skip
def bearish_engulfing(c: Context) -> np.ndarray:
    return np.minimum(c.of(_talib, c, talib.CDLENGULFING, 2), 0.0)


@pattern(
    "morning_star", "Long fall, small body below it, rise into the first body: 1 where present.",
    formula="TA-Lib CDLMORNINGSTAR, penetration 0.3", lookback=12, bounds=(0.0, 1.0),
)  # fmt: skip
def morning_star(c: Context) -> np.ndarray:
    return _talib(c, talib.CDLMORNINGSTAR, 12)


@pattern(
    "evening_star", "Long rise, small body above it, fall into the first body: -1 where present.",
    formula="TA-Lib CDLEVENINGSTAR, penetration 0.3", lookback=12, bounds=(-1.0, 0.0),
)  # fmt: skip
def evening_star(c: Context) -> np.ndarray:
    return _talib(c, talib.CDLEVENINGSTAR, 12)


@pattern(
    "three_white_soldiers", "Three long rises, each opening in the body before: 1 where present.",
    formula="TA-Lib CDL3WHITESOLDIERS", lookback=12, bounds=(0.0, 1.0),
)  # fmt: skip
def three_white_soldiers(c: Context) -> np.ndarray:
    return _talib(c, talib.CDL3WHITESOLDIERS, 12)


@pattern(
    "three_black_crows", "Three falls in a row that close near their lows: -1 where present.",
    formula="TA-Lib CDL3BLACKCROWS", lookback=13, bounds=(-1.0, 0.0),
)  # fmt: skip
def three_black_crows(c: Context) -> np.ndarray:
    return _talib(c, talib.CDL3BLACKCROWS, 13)


@pattern(
    "harami", "A small body inside the long body before: 1 after a fall, -1 after a rise.",
    formula="TA-Lib CDLHARAMI", lookback=11, bounds=(-1.0, 1.0),
)  # fmt: skip
def harami(c: Context) -> np.ndarray:
    return _talib(c, talib.CDLHARAMI, 11)


@pattern(
    "piercing_line", "A rise from below the last low into the upper half of a long falling body: 1 where present.",
    formula="TA-Lib CDLPIERCING", lookback=11, bounds=(0.0, 1.0),
)  # fmt: skip
def piercing_line(c: Context) -> np.ndarray:
    return _talib(c, talib.CDLPIERCING, 11)


@pattern(
    "dark_cloud_cover", "A fall from above the last high into the lower half of a long rising body: -1 where present.",
    formula="TA-Lib CDLDARKCLOUDCOVER, penetration 0.5", lookback=11, bounds=(-1.0, 0.0),
)  # fmt: skip
def dark_cloud_cover(c: Context) -> np.ndarray:
    return _talib(c, talib.CDLDARKCLOUDCOVER, 11)


@pattern(
    "marubozu", "A long body without shadows: 1 rising, -1 falling.",
    formula="TA-Lib CDLMARUBOZU", lookback=10, bounds=(-1.0, 1.0),
)  # fmt: skip
def marubozu(c: Context) -> np.ndarray:
    return _talib(c, talib.CDLMARUBOZU, 10)


@pattern(
    "tweezer_top", "A rise and a fall that stop at the same high: -1 where present.",
    formula="|high[t] - high[t-1]| <= 5 % of the mean range of 10 bars, rising then falling body; after Nison 1991",
    lookback=10, bounds=(-1.0, 0.0),
)  # fmt: skip
def tweezer_top(c: Context) -> np.ndarray:
    return -_tweezer(c, c.high, first=1.0)


@pattern(
    "tweezer_bottom", "A fall and a rise that stop at the same low: 1 where present.",
    formula="|low[t] - low[t-1]| <= 5 % of the mean range of 10 bars, falling then rising body; after Nison 1991",
    lookback=10, bounds=(0.0, 1.0),
)  # fmt: skip
def tweezer_bottom(c: Context) -> np.ndarray:
    return _tweezer(c, c.low, first=-1.0)


@candlesticks(
    "body_ratio", "Share of the range that is body; 0 without a range.",
    formula="|close - open| / (high - low)", inputs=OHLC, bounds=(0.0, 1.0),
)  # fmt: skip
def body_ratio(c: Context) -> np.ndarray:
    return ratio(np.abs(c.close - c.open), c.bar_range, 0.0)


@candlesticks(
    "upper_shadow_ratio", "Share of the range above the body; 0 without a range.",
    formula="(high - max(open, close)) / (high - low)", inputs=OHLC, bounds=(0.0, 1.0),
)  # fmt: skip
def upper_shadow_ratio(c: Context) -> np.ndarray:
    return ratio(c.high - np.maximum(c.open, c.close), c.bar_range, 0.0)


@candlesticks(
    "lower_shadow_ratio", "Share of the range below the body; 0 without a range.",
    formula="(min(open, close) - low) / (high - low)", inputs=OHLC, bounds=(0.0, 1.0),
)  # fmt: skip
def lower_shadow_ratio(c: Context) -> np.ndarray:
    return ratio(np.minimum(c.open, c.close) - c.low, c.bar_range, 0.0)


@candlesticks(
    "body_to_mean_{n}", "Body in units of the mean body of {n} bars; 1 where there was none.",
    formula="|close - open| / mean(|close - open|, {n})", inputs=("open", "close"), n=(10,),
    lookback=lambda n: n - 1, bounds=lambda n: (0.0, float(n)),
)  # fmt: skip
def body_to_mean(c: Context, n: int) -> np.ndarray:
    body = np.abs(c.close - c.open)
    return np.minimum(ratio(body, window_sum(body, n) / n, 1.0), n)


@candlesticks(
    "direction", "1 for a rising body, -1 for a falling one, 0 for none.",
    formula="sign(close - open)", inputs=("open", "close"), bounds=(-1.0, 1.0),
)  # fmt: skip
def direction(c: Context) -> np.ndarray:
    return _direction(c)


@candlesticks(
    "run_length", "Bars in a row with the same direction, falling negative, counted to 20.",
    formula="signed length of the run of sign(close - open), at most 20", inputs=("open", "close"),
    warmup=LONGEST_RUN, bounds=(-20.0, 20.0),
)  # fmt: skip
def same_direction_run(c: Context) -> np.ndarray:
    return run_length(_direction(c), LONGEST_RUN)


@candlesticks(
    "direction_balance_{n}", "Rising less falling bodies of {n} bars, as a share of {n}.",
    formula="mean(sign(close - open), {n})", inputs=("open", "close"), n=(5,),
    lookback=lambda n: n - 1, bounds=(-1.0, 1.0),
)  # fmt: skip
def direction_balance(c: Context, n: int) -> np.ndarray:
    return window_sum(_direction(c), n) / n


@candlesticks(
    "inside_outside", "1 where the bar covers the one before, -1 where it lies inside it, else 0.",
    formula="high >= high[t-1] and low <= low[t-1], or the reverse; 0 for equal bars",
    inputs=("high", "low"), lookback=1, bounds=(-1.0, 1.0),
)  # fmt: skip
def inside_outside(c: Context) -> np.ndarray:
    high, low = lagged(c.high, 1), lagged(c.low, 1)
    outside = ((c.high >= high) & (c.low <= low)).astype(np.float64)
    inside = ((c.high <= high) & (c.low >= low)).astype(np.float64)
    return _unless_nan(outside - inside, high)


@candlesticks(
    "higher_highs_lower_lows", "1 where high and low both rose for three bars, -1 where both fell, else 0.",
    formula="sign of high and low changes over t, t-1, t-2 all equal", inputs=("high", "low"),
    lookback=3, bounds=(-1.0, 1.0),
)  # fmt: skip
def higher_highs_lower_lows(c: Context) -> np.ndarray:
    steps = np.sign(c.high - lagged(c.high, 1)) + np.sign(c.low - lagged(c.low, 1))
    return np.trunc(window_sum(steps, 3) / 6.0)


def _talib(c: Context, recognise: Callable[..., np.ndarray], lookback: int) -> np.ndarray:
    """TA-Lib's answer as -1, 0, 1; it says 0 before it can know, which is NaN here."""
    found = np.sign(recognise(c.open, c.high, c.low, c.close)).astype(np.float64)
    found[:lookback] = np.nan
    return found


def _direction(c: Context) -> np.ndarray:
    return np.sign(c.close - c.open)


def _tweezer(c: Context, extreme: np.ndarray, first: float) -> np.ndarray:
    """1 where two bars share an extreme, the first in direction `first`, the second against it."""
    mean_range = lagged(window_sum(c.bar_range, 10) / 10.0, 1)
    shared = np.abs(extreme - lagged(extreme, 1)) <= TWEEZER_TOLERANCE * mean_range
    turned = (lagged(_direction(c), 1) == first) & (_direction(c) == -first)
    return _unless_nan((shared & turned).astype(np.float64), mean_range)


def _unless_nan(values: np.ndarray, needed: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(needed), np.nan, values)

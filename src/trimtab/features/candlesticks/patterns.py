"""The fifteen named patterns: 1 bullish, -1 bearish, 0 absent.

They are TA-Lib's (Bulkowski's and Nison's definitions with its tolerances), which judges "long" and
"short" against the bars before, and only on prices, so nothing depends on their unit. Tweezers, which
TA-Lib lacks, are defined here.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import talib

from trimtab.features.candlesticks.shared import OHLC, body_direction, recognised, unless_nan
from trimtab.features.catalogue import feature
from trimtab.features.context import Context
from trimtab.features.kernels.ratios import lagged
from trimtab.features.kernels.windows import window_sum

pattern = partial(feature, "candlesticks", inputs=OHLC)
# Two extremes are equal when they differ by at most this share of the mean range of ten bars.
TWEEZER_TOLERANCE = 0.05 * (1.0 + 1e-9)  # exactly 5 % counts, whatever the rounding


@pattern(
    "doji", "Open and close nearly equal: 1 where present.",
    formula="TA-Lib CDLDOJI: body <= 10 % of the mean range of 10 bars", lookback=10, bounds=(0.0, 1.0),
)  # fmt: skip
def doji(c: Context) -> np.ndarray:
    return recognised(c, talib.CDLDOJI, 10)


@pattern(
    "hammer", "Small body on top of a long lower shadow after a fall: 1 where present.",
    formula="TA-Lib CDLHAMMER", lookback=11, bounds=(0.0, 1.0),
)  # fmt: skip
def hammer(c: Context) -> np.ndarray:
    return recognised(c, talib.CDLHAMMER, 11)


@pattern(
    "shooting_star", "Small body below a long upper shadow after a gap up: -1 where present.",
    formula="TA-Lib CDLSHOOTINGSTAR", lookback=11, bounds=(-1.0, 0.0),
)  # fmt: skip
def shooting_star(c: Context) -> np.ndarray:
    return recognised(c, talib.CDLSHOOTINGSTAR, 11)


@pattern(
    "bullish_engulfing", "A rising body that covers the falling body before: 1 where present.",
    formula="TA-Lib CDLENGULFING > 0", lookback=2, bounds=(0.0, 1.0),
)  # fmt: skip
def bullish_engulfing(c: Context) -> np.ndarray:
    return np.maximum(c.of(recognised, c, talib.CDLENGULFING, 2), 0.0)


@pattern(
    "bearish_engulfing", "A falling body that covers the rising body before: -1 where present.",
    formula="TA-Lib CDLENGULFING < 0", lookback=2, bounds=(-1.0, 0.0),
)  # fmt: skip
def bearish_engulfing(c: Context) -> np.ndarray:
    return np.minimum(c.of(recognised, c, talib.CDLENGULFING, 2), 0.0)


@pattern(
    "morning_star", "Long fall, small body below it, rise into the first body: 1 where present.",
    formula="TA-Lib CDLMORNINGSTAR, penetration 0.3", lookback=12, bounds=(0.0, 1.0),
)  # fmt: skip
def morning_star(c: Context) -> np.ndarray:
    return recognised(c, talib.CDLMORNINGSTAR, 12)


@pattern(
    "evening_star", "Long rise, small body above it, fall into the first body: -1 where present.",
    formula="TA-Lib CDLEVENINGSTAR, penetration 0.3", lookback=12, bounds=(-1.0, 0.0),
)  # fmt: skip
def evening_star(c: Context) -> np.ndarray:
    return recognised(c, talib.CDLEVENINGSTAR, 12)


@pattern(
    "three_white_soldiers", "Three long rises, each opening in the body before: 1 where present.",
    formula="TA-Lib CDL3WHITESOLDIERS", lookback=12, bounds=(0.0, 1.0),
)  # fmt: skip
def three_white_soldiers(c: Context) -> np.ndarray:
    return recognised(c, talib.CDL3WHITESOLDIERS, 12)


@pattern(
    "three_black_crows", "Three falls in a row that close near their lows: -1 where present.",
    formula="TA-Lib CDL3BLACKCROWS", lookback=13, bounds=(-1.0, 0.0),
)  # fmt: skip
def three_black_crows(c: Context) -> np.ndarray:
    return recognised(c, talib.CDL3BLACKCROWS, 13)


@pattern(
    "harami", "A small body inside the long body before: 1 after a fall, -1 after a rise.",
    formula="TA-Lib CDLHARAMI", lookback=11, bounds=(-1.0, 1.0),
)  # fmt: skip
def harami(c: Context) -> np.ndarray:
    return recognised(c, talib.CDLHARAMI, 11)


@pattern(
    "piercing_line", "A rise from below the last low into the upper half of a long falling body: 1 where present.",
    formula="TA-Lib CDLPIERCING", lookback=11, bounds=(0.0, 1.0),
)  # fmt: skip
def piercing_line(c: Context) -> np.ndarray:
    return recognised(c, talib.CDLPIERCING, 11)


@pattern(
    "dark_cloud_cover", "A fall from above the last high into the lower half of a long rising body: -1 where present.",
    formula="TA-Lib CDLDARKCLOUDCOVER, penetration 0.5", lookback=11, bounds=(-1.0, 0.0),
)  # fmt: skip
def dark_cloud_cover(c: Context) -> np.ndarray:
    return recognised(c, talib.CDLDARKCLOUDCOVER, 11)


@pattern(
    "marubozu", "A long body without shadows: 1 rising, -1 falling.",
    formula="TA-Lib CDLMARUBOZU", lookback=10, bounds=(-1.0, 1.0),
)  # fmt: skip
def marubozu(c: Context) -> np.ndarray:
    return recognised(c, talib.CDLMARUBOZU, 10)


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


def _tweezer(c: Context, extreme: np.ndarray, first: float) -> np.ndarray:
    """1 where two bars share an extreme, the first in direction `first`, the second against it."""
    mean_range = lagged(window_sum(c.bar_range, 10) / 10.0, 1)
    shared = np.abs(extreme - lagged(extreme, 1)) <= TWEEZER_TOLERANCE * mean_range
    turned = (lagged(body_direction(c), 1) == first) & (body_direction(c) == -first)
    return unless_nan((shared & turned).astype(np.float64), mean_range)

"""Further formations that TA-Lib recognises, most of them of several bars: 1 bullish, -1 bearish, 0 absent.

Left out are those that never occur on 20,000 days of the packaged sample, or hardly ever (kicking,
abandoned baby, breakaway, mat hold): a column of zeros teaches a model nothing. Left out, too, is the
spinning top, which hangs on whether a shadow and a body of the same few ticks are equal: the last bit
of a price decided one bar in 170 of an illiquid market.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import talib

from trimtab.features.candlesticks.shared import OHLC, recognised
from trimtab.features.catalogue import Bounds, Computation, feature
from trimtab.features.context import Context

EITHER, BULLISH, BEARISH = (-1.0, 1.0), (0.0, 1.0), (-1.0, 0.0)


def formation(
    name: str, description: str, recognise: Callable[..., np.ndarray], lookback: int, bounds: Bounds = EITHER
) -> Computation:
    """The feature that reports one of TA-Lib's formations; `lookback` is TA-Lib's own."""

    @feature(
        "candlesticks",
        name,
        description,
        formula=f"TA-Lib {recognise.__name__}",
        inputs=OHLC,
        lookback=lookback,
        bounds=bounds,
    )
    def values(c: Context) -> np.ndarray:
        return recognised(c, recognise, lookback)

    return values


three_inside = formation("three_inside", "A harami confirmed by the third bar: 1 up, -1 down.", talib.CDL3INSIDE, 12)
three_outside = formation(
    "three_outside", "An engulfing confirmed by the third bar: 1 up, -1 down.", talib.CDL3OUTSIDE, 3
)
three_line_strike = formation(
    "three_line_strike",
    "Three bars of one direction taken back by the fourth: 1 after rises, -1 after falls.",
    talib.CDL3LINESTRIKE,
    8,
)
three_methods = formation(
    "three_methods",
    "A long bar, a pause of three small ones within it, and a second long bar: 1 rising, -1 falling.",
    talib.CDLRISEFALL3METHODS,
    14,
)
gap_three_methods = formation(
    "gap_three_methods",
    "A gap between two bars of one direction that the third closes: 1 rising, -1 falling.",
    talib.CDLXSIDEGAP3METHODS,
    2,
)
tasuki_gap = formation(
    "tasuki_gap", "A gap that a bar against it enters but does not close: 1 up, -1 down.", talib.CDLTASUKIGAP, 7
)
side_by_side_white_lines = formation(
    "side_by_side_white_lines", "Two alike rising bodies beyond a gap: 1 up, -1 down.", talib.CDLGAPSIDESIDEWHITE, 7
)
separating_lines = formation(
    "separating_lines",
    "Opposite bodies from the same open, the second with the trend: 1 rising, -1 falling.",
    talib.CDLSEPARATINGLINES,
    11,
)
counterattack = formation(
    "counterattack",
    "Opposite long bodies that close at the same price: 1 bullish, -1 bearish.",
    talib.CDLCOUNTERATTACK,
    11,
)
harami_cross = formation(
    "harami_cross", "A doji inside the long body before: 1 after a fall, -1 after a rise.", talib.CDLHARAMICROSS, 11
)
doji_star = formation(
    "doji_star", "A doji beyond a gap after a long body: 1 after a fall, -1 after a rise.", talib.CDLDOJISTAR, 11
)
morning_doji_star = formation(
    "morning_doji_star",
    "A morning star whose middle bar is a doji: 1 where present.",
    talib.CDLMORNINGDOJISTAR,
    12,
    BULLISH,
)
evening_doji_star = formation(
    "evening_doji_star",
    "An evening star whose middle bar is a doji: -1 where present.",
    talib.CDLEVENINGDOJISTAR,
    12,
    BEARISH,
)
tristar = formation(
    "tristar", "Three doji in a row, the middle one beyond the others: 1 bullish, -1 bearish.", talib.CDLTRISTAR, 12
)
hikkake = formation(
    "hikkake",
    "A break out of an inside bar that failed: 1 bullish, -1 bearish, again where it is confirmed.",
    talib.CDLHIKKAKE,
    5,
)
advance_block = formation(
    "advance_block", "Three rises that lose strength: -1 where present.", talib.CDLADVANCEBLOCK, 12, BEARISH
)
matching_low = formation(
    "matching_low",
    "Two falling bodies that close at the same price: 1 where present.",
    talib.CDLMATCHINGLOW,
    6,
    BULLISH,
)
homing_pigeon = formation(
    "homing_pigeon",
    "A small falling body inside a long falling one: 1 where present.",
    talib.CDLHOMINGPIGEON,
    11,
    BULLISH,
)
stick_sandwich = formation(
    "stick_sandwich",
    "A rise between two falls that close at the same price: 1 where present.",
    talib.CDLSTICKSANDWICH,
    7,
    BULLISH,
)
unique_three_river = formation(
    "unique_three_river",
    "A long fall, a new low with a small body, and a small rise below it: 1 where present.",
    talib.CDLUNIQUE3RIVER,
    12,
    BULLISH,
)
thrusting = formation(
    "thrusting",
    "A rise that ends below the middle of the long fall before: -1 where present.",
    talib.CDLTHRUSTING,
    11,
    BEARISH,
)
belt_hold = formation(
    "belt_hold", "A long body that opens at its extreme: 1 rising, -1 falling.", talib.CDLBELTHOLD, 10
)
hanging_man = formation(
    "hanging_man", "The shape of a hammer after a rise: -1 where present.", talib.CDLHANGINGMAN, 11, BEARISH
)
inverted_hammer = formation(
    "inverted_hammer",
    "Small body below a long upper shadow after a gap down: 1 where present.",
    talib.CDLINVERTEDHAMMER,
    11,
    BULLISH,
)
dragonfly_doji = formation(
    "dragonfly_doji", "A doji at the top of its range: 1 where present.", talib.CDLDRAGONFLYDOJI, 10, BULLISH
)
gravestone_doji = formation(
    "gravestone_doji", "A doji at the bottom of its range: 1 where present.", talib.CDLGRAVESTONEDOJI, 10, BULLISH
)

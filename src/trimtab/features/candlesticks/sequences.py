"""Bars in a row: runs of one direction, gaps, bars inside or around each other."""

from __future__ import annotations

from functools import partial

import numpy as np
import talib

from trimtab.features.candlesticks.shared import OHLC, body_direction, recognised, unless_nan
from trimtab.features.catalogue import feature
from trimtab.features.context import Context
from trimtab.features.kernels.ratios import lagged
from trimtab.features.kernels.recursive import run_length
from trimtab.features.kernels.windows import window_sum

candlesticks = partial(feature, "candlesticks")
LONGEST_RUN = 20


@candlesticks(
    "run_length", "Bars in a row with the same direction, falling negative, counted to 20.",
    formula="signed length of the run of sign(close - open), at most 20", inputs=("open", "close"),
    warmup=LONGEST_RUN, bounds=(-20.0, 20.0),
)  # fmt: skip
def same_direction_run(c: Context) -> np.ndarray:
    return run_length(body_direction(c), LONGEST_RUN)


@candlesticks(
    "direction_balance_{n}", "Rising less falling bodies of {n} bars, as a share of {n}.",
    formula="mean(sign(close - open), {n})", inputs=("open", "close"), n=(5,),
    lookback=lambda n: n - 1, bounds=(-1.0, 1.0),
)  # fmt: skip
def direction_balance(c: Context, n: int) -> np.ndarray:
    return window_sum(body_direction(c), n) / n


@candlesticks(
    "inside_outside", "1 where the bar covers the one before, -1 where it lies inside it, else 0.",
    formula="high >= high[t-1] and low <= low[t-1], or the reverse; 0 for equal bars",
    inputs=("high", "low"), lookback=1, bounds=(-1.0, 1.0),
)  # fmt: skip
def inside_outside(c: Context) -> np.ndarray:
    high, low = lagged(c.high, 1), lagged(c.low, 1)
    outside = ((c.high >= high) & (c.low <= low)).astype(np.float64)
    inside = ((c.high <= high) & (c.low >= low)).astype(np.float64)
    return unless_nan(outside - inside, high)


@candlesticks(
    "higher_highs_lower_lows", "1 where high and low both rose for three bars, -1 where both fell, else 0.",
    formula="sign of high and low changes over t, t-1, t-2 all equal", inputs=("high", "low"),
    lookback=3, bounds=(-1.0, 1.0),
)  # fmt: skip
def higher_highs_lower_lows(c: Context) -> np.ndarray:
    steps = np.sign(c.high - lagged(c.high, 1)) + np.sign(c.low - lagged(c.low, 1))
    return np.trunc(window_sum(steps, 3) / 6.0)


@candlesticks(
    "close_run", "Bars in a row that closed higher than the one before, lower negative, counted to 20.",
    formula="signed length of the run of sign(close[t] - close[t-1]), at most 20", lookback=1,
    warmup=LONGEST_RUN + 1, bounds=(-20.0, 20.0),
)  # fmt: skip
def close_run(c: Context) -> np.ndarray:
    return run_length(np.sign(c.close - c.previous_close), LONGEST_RUN)


@candlesticks(
    "price_gap", "1 where the whole bar lies above the one before, -1 where below, else 0.",
    formula="low > high[t-1], or high < low[t-1]", inputs=("high", "low"), lookback=1, bounds=(-1.0, 1.0),
)  # fmt: skip
def price_gap(c: Context) -> np.ndarray:
    return c.of(_price_gap, c)


@candlesticks(
    "price_gap_balance_{n}", "Gaps up less gaps down among {n} bars, as a share of {n}.",
    formula="mean(price_gap, {n})", inputs=("high", "low"), n=(20,), lookback=lambda n: n, bounds=(-1.0, 1.0),
)  # fmt: skip
def price_gap_balance(c: Context, n: int) -> np.ndarray:
    return window_sum(c.of(_price_gap, c), n) / n


@candlesticks(
    "open_gap_run", "Bars in a row that opened above the close before, below negative, counted to 20.",
    formula="signed length of the run of sign(open[t] - close[t-1]), at most 20", inputs=("open", "close"),
    lookback=1, warmup=LONGEST_RUN + 1, bounds=(-20.0, 20.0),
)  # fmt: skip
def open_gap_run(c: Context) -> np.ndarray:
    return run_length(np.sign(c.open - c.previous_close), LONGEST_RUN)


@candlesticks(
    "engulfing_run", "Bars in a row whose body covers and exceeds the one before, negative where the last one falls.",
    formula="signed length of the run of |body| > |body[t-1]| covering it, at most 20", inputs=("open", "close"),
    lookback=1, warmup=LONGEST_RUN + 1, bounds=(-20.0, 20.0),
)  # fmt: skip
def engulfing_run(c: Context) -> np.ndarray:
    top, bottom = np.maximum(c.open, c.close), np.minimum(c.open, c.close)
    before_top, before_bottom = lagged(top, 1), lagged(bottom, 1)
    covers = (top >= before_top) & (bottom <= before_bottom) & ((top > before_top) | (bottom < before_bottom))
    length = run_length(unless_nan(covers.astype(np.float64), before_top), LONGEST_RUN)
    return length * body_direction(c)


@candlesticks(
    "engulfing_balance_{n}", "Bullish less bearish engulfings among {n} bars, as a share of {n}.",
    formula="mean(bullish_engulfing + bearish_engulfing, {n})", inputs=OHLC, n=(20,), lookback=lambda n: n + 1,
    bounds=(-1.0, 1.0),
)  # fmt: skip
def engulfing_balance(c: Context, n: int) -> np.ndarray:
    return window_sum(c.of(recognised, c, talib.CDLENGULFING, 2), n) / n


@candlesticks(
    "inside_run", "Bars in a row that lie inside the one before, counted to 20: a coil.",
    formula="length of the run of high <= high[t-1] and low >= low[t-1] with a smaller range, at most 20",
    inputs=("high", "low"), lookback=1, warmup=LONGEST_RUN + 1, bounds=(0.0, 20.0),
)  # fmt: skip
def inside_run(c: Context) -> np.ndarray:
    high, low = lagged(c.high, 1), lagged(c.low, 1)
    inside = (c.high <= high) & (c.low >= low) & ((c.high < high) | (c.low > low))
    return run_length(unless_nan(inside.astype(np.float64), high), LONGEST_RUN)


def _price_gap(c: Context) -> np.ndarray:
    high, low = lagged(c.high, 1), lagged(c.low, 1)
    return unless_nan((c.low > high).astype(np.float64) - (c.high < low).astype(np.float64), high)

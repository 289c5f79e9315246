"""The shape of one bar, and its prices against its close: KMID to KSFT2, OPEN0 to VWAP0."""

from __future__ import annotations

import numpy as np

from trimtab.features.alpha158.family import TINY, alpha158
from trimtab.features.context import Context

OHLC = ("open", "high", "low", "close")


@alpha158(
    "KMID", "Body of the bar, rising positive, as a share of the open.",
    formula="(close - open) / open", inputs=("open", "close"), bounds=(-1.0, None),
)  # fmt: skip
def kmid(c: Context) -> np.ndarray:
    return c.of(_body, c) / c.open


@alpha158(
    "KLEN", "Range of the bar as a share of the open.",
    formula="(high - low) / open", inputs=("open", "high", "low"), bounds=(0.0, None),
)  # fmt: skip
def klen(c: Context) -> np.ndarray:
    return c.bar_range / c.open


@alpha158(
    "KMID2", "Body of the bar as a share of its range; 0 where it has no range.",
    formula="(close - open) / (high - low + 1e-12)", inputs=OHLC, bounds=(-1.0, 1.0),
)  # fmt: skip
def kmid2(c: Context) -> np.ndarray:
    return c.of(_body, c) / c.of(_padded_range, c)


@alpha158(
    "KUP", "Upper shadow of the bar as a share of the open.",
    formula="(high - max(open, close)) / open", inputs=("open", "high", "close"), bounds=(0.0, None),
)  # fmt: skip
def kup(c: Context) -> np.ndarray:
    return c.of(_upper_shadow, c) / c.open


@alpha158(
    "KUP2", "Upper shadow of the bar as a share of its range; 0 where it has no range.",
    formula="(high - max(open, close)) / (high - low + 1e-12)", inputs=OHLC, bounds=(0.0, 1.0),
)  # fmt: skip
def kup2(c: Context) -> np.ndarray:
    return c.of(_upper_shadow, c) / c.of(_padded_range, c)


@alpha158(
    "KLOW", "Lower shadow of the bar as a share of the open.",
    formula="(min(open, close) - low) / open", inputs=("open", "low", "close"), bounds=(0.0, 1.0),
)  # fmt: skip
def klow(c: Context) -> np.ndarray:
    return c.of(_lower_shadow, c) / c.open


@alpha158(
    "KLOW2", "Lower shadow of the bar as a share of its range; 0 where it has no range.",
    formula="(min(open, close) - low) / (high - low + 1e-12)", inputs=OHLC, bounds=(0.0, 1.0),
)  # fmt: skip
def klow2(c: Context) -> np.ndarray:
    return c.of(_lower_shadow, c) / c.of(_padded_range, c)


@alpha158(
    "KSFT", "How far the close lies above the middle of the bar, twice, as a share of the open.",
    formula="(2 close - high - low) / open", inputs=OHLC,
)  # fmt: skip
def ksft(c: Context) -> np.ndarray:
    return c.of(_shift, c) / c.open


@alpha158(
    "KSFT2", "Where the close lies in the bar: -1 at the low, 1 at the high, 0 where it has no range.",
    formula="(2 close - high - low) / (high - low + 1e-12)", inputs=("high", "low", "close"), bounds=(-1.0, 1.0),
)  # fmt: skip
def ksft2(c: Context) -> np.ndarray:
    return c.of(_shift, c) / c.of(_padded_range, c)


@alpha158(
    "OPEN0", "Open of the bar over its close.", formula="open / close", inputs=("open", "close"), bounds=(0.0, None)
)
def open0(c: Context) -> np.ndarray:
    return c.open / c.close


@alpha158(
    "HIGH0", "High of the bar over its close.", formula="high / close", inputs=("high", "close"), bounds=(1.0, None)
)
def high0(c: Context) -> np.ndarray:
    return c.high / c.close


@alpha158("LOW0", "Low of the bar over its close.", formula="low / close", inputs=("low", "close"), bounds=(0.0, 1.0))
def low0(c: Context) -> np.ndarray:
    return c.low / c.close


@alpha158(
    "VWAP0", "Mean of high, low and close over close; it stands for the volume-weighted price, which bars do not tell.",
    formula="vwap / close, vwap = (high + low + close) / 3", inputs=("high", "low", "close"), bounds=(0.0, None),
)  # fmt: skip
def vwap0(c: Context) -> np.ndarray:
    return c.typical_price / c.close


def _body(c: Context) -> np.ndarray:
    return c.close - c.open


def _padded_range(c: Context) -> np.ndarray:
    return c.bar_range + TINY


def _upper_shadow(c: Context) -> np.ndarray:
    return c.high - np.maximum(c.open, c.close)


def _lower_shadow(c: Context) -> np.ndarray:
    return np.minimum(c.open, c.close) - c.low


def _shift(c: Context) -> np.ndarray:
    # In this order a close at either end of the bar gives the range to the last bit.
    return (c.close - c.low) - (c.high - c.close)

"""The proportions of one bar: how much of it is body, how much shadow."""

from __future__ import annotations

from functools import partial

import numpy as np

from trimtab.features.candlesticks.shared import OHLC, body_direction
from trimtab.features.catalogue import feature
from trimtab.features.context import Context
from trimtab.features.kernels.ratios import ratio
from trimtab.features.kernels.windows import window_sum

candlesticks = partial(feature, "candlesticks")


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
    return body_direction(c)

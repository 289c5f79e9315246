"""Returns, lagged returns, and the shape of the last bar in units of its price."""

from __future__ import annotations

from functools import partial

import numpy as np

from trimtab.features.catalogue import feature
from trimtab.features.context import Context
from trimtab.features.kernels.extremes import window_extremes
from trimtab.features.kernels.ratios import change, lagged, positive_ratio, ratio

technical = partial(feature, "technical")


@technical(
    "return_{n}", "Return of the close over {n} bars.",
    formula="close[t] / close[t-{n}] - 1", n=(1, 2, 3, 5, 10, 20, 60), lookback=lambda n: n, bounds=(-1.0, None),
)  # fmt: skip
def simple_return(c: Context, n: int) -> np.ndarray:
    return c.of(change, "close", n)


@technical(
    "log_return_{n}", "Logarithmic return of the close over {n} bars.",
    formula="ln(close[t] / close[t-{n}])", n=(1, 5, 20), lookback=lambda n: n,
)  # fmt: skip
def log_return(c: Context, n: int) -> np.ndarray:
    return c.log_return if n == 1 else np.log(positive_ratio(c.close, lagged(c.close, n)))


@technical(
    "return_lag_{n}", "The one-bar return {n} bars ago.",
    formula="close[t-{n}] / close[t-{n}-1] - 1", n=(1, 2, 3, 5, 10), lookback=lambda n: n + 1, bounds=(-1.0, None),
)  # fmt: skip
def return_lag(c: Context, n: int) -> np.ndarray:
    return lagged(c.simple_return, n)


@technical(
    "gap", "Open against the close before.",
    formula="open[t] / close[t-1] - 1", inputs=("open", "close"), lookback=1, bounds=(-1.0, None),
)  # fmt: skip
def gap(c: Context) -> np.ndarray:
    return ratio(c.open - c.previous_close, c.previous_close, np.nan)


@technical(
    "range_pct", "Range of the bar in units of its close.",
    formula="(high - low) / close", inputs=("high", "low", "close"), bounds=(0.0, None),
)  # fmt: skip
def range_pct(c: Context) -> np.ndarray:
    return ratio(c.bar_range, c.close, np.nan)


@technical(
    "true_range_pct", "True range of the bar in units of its close.",
    formula="(max(high, close[t-1]) - min(low, close[t-1])) / close; Wilder 1978",
    inputs=("high", "low", "close"), lookback=1, bounds=(0.0, None),
)  # fmt: skip
def true_range_pct(c: Context) -> np.ndarray:
    return ratio(c.true_range, c.close, np.nan)


@technical(
    "body_pct", "Body of the bar, up positive, in units of its open.",
    formula="close / open - 1", inputs=("open", "close"), bounds=(-1.0, None),
)  # fmt: skip
def body_pct(c: Context) -> np.ndarray:
    return ratio(c.close - c.open, c.open, np.nan)


@technical(
    "upper_shadow_pct", "Upper shadow in units of the close.",
    formula="(high - max(open, close)) / close", inputs=("open", "high", "close"), bounds=(0.0, None),
)  # fmt: skip
def upper_shadow_pct(c: Context) -> np.ndarray:
    return ratio(c.high - np.maximum(c.open, c.close), c.close, np.nan)


@technical(
    "lower_shadow_pct", "Lower shadow in units of the close.",
    formula="(min(open, close) - low) / close", inputs=("open", "low", "close"), bounds=(0.0, 1.0),
)  # fmt: skip
def lower_shadow_pct(c: Context) -> np.ndarray:
    return ratio(np.minimum(c.open, c.close) - c.low, c.close, np.nan)


@technical(
    "close_location", "Where the close lies in the bar: -1 at the low, 1 at the high, 0 without a range.",
    formula="((close - low) - (high - close)) / (high - low); Chaikin", inputs=("high", "low", "close"),
    bounds=(-1.0, 1.0),
)  # fmt: skip
def close_location(c: Context) -> np.ndarray:
    return c.close_location


@technical(
    "high_distance_{n}", "Close below the highest high of {n} bars.",
    formula="close / max(high, {n}) - 1", inputs=("high", "low", "close"), n=(20, 60, 252),
    lookback=lambda n: n - 1, bounds=(-1.0, 0.0),
)  # fmt: skip
def high_distance(c: Context, n: int) -> np.ndarray:
    top, _ = c.of(window_extremes, "high", "low", n)
    return ratio(c.close - top, top, np.nan)


@technical(
    "low_distance_{n}", "Close above the lowest low of {n} bars.",
    formula="close / min(low, {n}) - 1", inputs=("high", "low", "close"), n=(20, 60, 252),
    lookback=lambda n: n - 1, bounds=(0.0, None),
)  # fmt: skip
def low_distance(c: Context, n: int) -> np.ndarray:
    _, bottom = c.of(window_extremes, "high", "low", n)
    return ratio(c.close - bottom, bottom, np.nan)

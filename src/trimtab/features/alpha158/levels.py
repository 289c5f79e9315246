"""The price among its last 5, 10, 20, 30 and 60 bars: ROC to IMXD.

Before a window is full it holds the bars there are, as in Qlib; only ROC waits for its bar.
"""

from __future__ import annotations

import numpy as np

from trimtab.features.alpha158.family import STANDS_STILL, STILL, TINY, last, of_window, rolling
from trimtab.features.context import Context
from trimtab.features.kernels.nested import nested_highest, nested_lowest
from trimtab.features.kernels.ordered import nested_quantiles, nested_ranks
from trimtab.features.kernels.ratios import lagged
from trimtab.features.kernels.regression import nested_lines

QUANTILES = 0.8, 0.2


@rolling(
    "ROC{n}", "Close {n} bars ago over the close: above 1 after a fall.",
    formula="Ref(close, {n}) / close", lookback=lambda n: n, bounds=(0.0, None),
)  # fmt: skip
def roc(c: Context, n: int) -> np.ndarray:
    return lagged(c.close, n) / c.close


@rolling(
    "MA{n}", "Mean close of {n} bars over the close.",
    formula="Mean(close, {n}) / close", warmup=last, bounds=(0.0, None),
)  # fmt: skip
def ma(c: Context, n: int) -> np.ndarray:
    mean, *_ = c.of(nested_lines, "close")
    return of_window(mean, n) / c.close


@rolling(
    "STD{n}", "Sample standard deviation of the close over {n} bars, over the close.",
    formula="Std(close, {n}) / close", lookback=1, warmup=last, bounds=(0.0, None),
)  # fmt: skip
def std(c: Context, n: int) -> np.ndarray:
    _, deviation, *_ = c.of(nested_lines, "close")
    return of_window(deviation, n) / c.close


@rolling(
    "BETA{n}", "Slope per bar of the line through the close of {n} bars, over the close.",
    formula="Slope(close, {n}) / close, least squares against 1, 2, ...", lookback=1, warmup=last,
)  # fmt: skip
def beta(c: Context, n: int) -> np.ndarray:
    _, _, slope, *_ = c.of(nested_lines, "close")
    return of_window(slope, n) / c.close


@rolling(
    "RSQR{n}", "R squared of the line through the close of {n} bars: 1 where the close moved in a line.",
    formula="Rsquare(close, {n})", lookback=1, warmup=last, bounds=(0.0, 1.0), unknown_when=STANDS_STILL,
)  # fmt: skip
def rsqr(c: Context, n: int) -> np.ndarray:
    _, deviation, _, r_squared, _ = c.of(nested_lines, "close")
    return np.where(of_window(deviation, n) <= STILL, np.nan, of_window(r_squared, n))


@rolling(
    "RESI{n}", "How far the close lies above the line through the close of {n} bars, over the close.",
    formula="Resi(close, {n}) / close", lookback=1, warmup=last,
)  # fmt: skip
def resi(c: Context, n: int) -> np.ndarray:
    *_, residual = c.of(nested_lines, "close")
    return of_window(residual, n) / c.close


@rolling(
    "MAX{n}", "Highest high of {n} bars over the close.",
    formula="Max(high, {n}) / close", inputs=("high", "close"), warmup=last, bounds=(1.0, None),
)  # fmt: skip
def highest(c: Context, n: int) -> np.ndarray:
    return of_window(c.of(nested_highest, "high")[0], n) / c.close


@rolling(
    "MIN{n}", "Lowest low of {n} bars over the close.",
    formula="Min(low, {n}) / close", inputs=("low", "close"), warmup=last, bounds=(0.0, 1.0),
)  # fmt: skip
def lowest(c: Context, n: int) -> np.ndarray:
    return of_window(c.of(nested_lowest, "low")[0], n) / c.close


@rolling(
    "QTLU{n}", "The close that four fifths of the last {n} closes do not exceed, over the close.",
    formula="Quantile(close, {n}, 0.8) / close, linear between neighbours", warmup=last, bounds=(0.0, None),
)  # fmt: skip
def qtlu(c: Context, n: int) -> np.ndarray:
    return of_window(c.of(nested_quantiles, "close", *QUANTILES)[0], n) / c.close


@rolling(
    "QTLD{n}", "The close that one fifth of the last {n} closes do not exceed, over the close.",
    formula="Quantile(close, {n}, 0.2) / close, linear between neighbours", warmup=last, bounds=(0.0, None),
)  # fmt: skip
def qtld(c: Context, n: int) -> np.ndarray:
    return of_window(c.of(nested_quantiles, "close", *QUANTILES)[1], n) / c.close


@rolling(
    "RANK{n}", "Rank of the close among the closes of {n} bars as a share of them, ties averaged; 1 is the highest.",
    formula="Rank(close, {n})", warmup=last, bounds=lambda n: (1.0 / n, 1.0),
)  # fmt: skip
def rank(c: Context, n: int) -> np.ndarray:
    return of_window(c.of(nested_ranks, "close"), n)


@rolling(
    "RSV{n}", "Where the close lies in the range of {n} bars: 0 at the low, 1 at the high; 0 where there is no range.",
    formula="(close - Min(low, {n})) / (Max(high, {n}) - Min(low, {n}) + 1e-12)", inputs=("high", "low", "close"),
    warmup=last, bounds=(0.0, 1.0),
)  # fmt: skip
def rsv(c: Context, n: int) -> np.ndarray:
    top, bottom = of_window(c.of(nested_highest, "high")[0], n), of_window(c.of(nested_lowest, "low")[0], n)
    return (c.close - bottom) / (top - bottom + TINY)


@rolling(
    "IMAX{n}", "Place of the highest high in the window of {n} bars, counted from its oldest bar, over {n}.",
    formula="IdxMax(high, {n}) / {n}; of equal highs the oldest", inputs=("high",), warmup=last,
    bounds=lambda n: (1.0 / n, 1.0),
)  # fmt: skip
def imax(c: Context, n: int) -> np.ndarray:
    return of_window(c.of(nested_highest, "high")[1], n) / n


@rolling(
    "IMIN{n}", "Place of the lowest low in the window of {n} bars, counted from its oldest bar, over {n}.",
    formula="IdxMin(low, {n}) / {n}; of equal lows the oldest", inputs=("low",), warmup=last,
    bounds=lambda n: (1.0 / n, 1.0),
)  # fmt: skip
def imin(c: Context, n: int) -> np.ndarray:
    return of_window(c.of(nested_lowest, "low")[1], n) / n


@rolling(
    "IMXD{n}", "How many bars the highest high of {n} bars came after their lowest low, over {n}.",
    formula="(IdxMax(high, {n}) - IdxMin(low, {n})) / {n}", inputs=("high", "low"), warmup=last,
    bounds=lambda n: (-(n - 1.0) / n, (n - 1.0) / n),
)  # fmt: skip
def imxd(c: Context, n: int) -> np.ndarray:
    top, bottom = c.of(nested_highest, "high")[1], c.of(nested_lowest, "low")[1]
    return (of_window(top, n) - of_window(bottom, n)) / n

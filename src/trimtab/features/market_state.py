"""Market state: how volatile, how liquid and how one-sided the market is now, against its own past."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.special import ndtr

from trimtab.features.catalogue import feature
from trimtab.features.context import Context
from trimtab.features.kernels.extremes import window_extremes, window_median, window_rank
from trimtab.features.kernels.ratios import lagged, positive_ratio, ratio
from trimtab.features.kernels.windows import window_covariance, window_mean_variance, window_sum

market_state = partial(feature, "market_state")
HLC = ("high", "low", "close")
YEAR = 252  # bars a regime is judged against; a trading year of daily bars


@market_state(
    "volatility_ratio_{fast}_{slow}", "Volatility of {fast} bars over that of {slow}; 1 where the price stood still.",
    formula="stdev(r, {fast}) / stdev(r, {slow}), r = ln(close[t] / close[t-1])", fast=(5, 20), slow=(20, 120),
    lookback=lambda fast, slow: slow, bounds=lambda fast, slow: (0.0, ((slow - 1) / (fast - 1)) ** 0.5),
)  # fmt: skip
def volatility_ratio(c: Context, fast: int, slow: int) -> np.ndarray:
    return np.minimum(ratio(_volatility(c, fast), _volatility(c, slow), 1.0), ((slow - 1) / (fast - 1)) ** 0.5)


@market_state(
    "volatility_percentile", "Share of the last 252 bars in which the volatility of 20 bars was lower.",
    formula="rank of stdev(r, 20) in its last 252 values, ties half", lookback=20 + YEAR - 1, bounds=(0.0, 1.0),
)  # fmt: skip
def volatility_percentile(c: Context) -> np.ndarray:
    return c.of(_volatility_rank, c)


@market_state(
    "volatility_regime", "0 calm, 1 usual, 2 turbulent: the third of the last 252 bars the volatility is in.",
    formula="floor(3 volatility_percentile)", lookback=20 + YEAR - 1, bounds=(0.0, 2.0),
)  # fmt: skip
def volatility_regime(c: Context) -> np.ndarray:
    return np.minimum(np.floor(3.0 * c.of(_volatility_rank, c)), 2.0)


@market_state(
    "volatility_to_median_{n}", "Volatility of {n} bars against a usual week of the last year: above 1 is livelier.",
    formula="rms(r, {n}) / median(rms(r, 5), 252), r = ln(close[t] / close[t-1]); 1 where the median is 0",
    n=(5, 10, 20, 60), lookback=5 + YEAR - 1, bounds=(0.0, None),
)  # fmt: skip
def volatility_to_median(c: Context, n: int) -> np.ndarray:
    return ratio(_root_mean_square(c, n), c.of(_median_week, c), 1.0)


@market_state(
    "range_to_median_{n}", "Mean range of {n} bars against the median range of the last year: above 1 is livelier.",
    formula="mean(ln(high / low), {n}) / median(ln(high / low), 252); 1 where the median is 0", inputs=("high", "low"),
    n=(1, 5, 10, 20, 60), lookback=YEAR - 1, bounds=(0.0, None),
)  # fmt: skip
def range_to_median(c: Context, n: int) -> np.ndarray:
    return ratio(window_sum(c.log_range, n) / n, c.of(window_median, "log_range", YEAR), 1.0)


@market_state(
    "downside_share_{n}", "Share of the squared returns of {n} bars that came from falls; 0.5 where none moved.",
    formula="sum(min(r, 0)^2, {n}) / sum(r^2, {n}); semivariance, Barndorff-Nielsen et al. 2010", n=(20, 60),
    lookback=lambda n: n, bounds=(0.0, 1.0),
)  # fmt: skip
def downside_share(c: Context, n: int) -> np.ndarray:
    falls = window_sum(np.minimum(c.log_return, 0.0) ** 2, n)
    return np.minimum(ratio(falls, window_sum(c.of(np.square, "log_return"), n), 0.5), 1.0)


@market_state(
    "jump_share_{n}", "Share of the squared returns of {n} bars that came in jumps; 0 where none moved.",
    formula="max(0, 1 - (pi/2) sum(|r[t]| |r[t-1]|, {n}) / sum(r^2, {n})); Barndorff-Nielsen & Shephard 2004",
    n=(20,), lookback=lambda n: n + 1, bounds=(0.0, 1.0),
)  # fmt: skip
def jump_share(c: Context, n: int) -> np.ndarray:
    size = np.abs(c.log_return)
    smooth = np.pi / 2.0 * window_sum(size * lagged(size, 1), n)
    return np.maximum(1.0 - ratio(smooth, window_sum(c.of(np.square, "log_return"), n), 1.0), 0.0)


@market_state(
    "variance_ratio_{n}", "Variance of 5-bar returns over five times that of one-bar returns, over {n} bars; 1 is a walk.",
    formula="var(ln(close[t] / close[t-5]), {n}) / (5 var(r, {n})); Lo & MacKinlay 1988; 1 where none moved",
    n=(60,), lookback=lambda n: n + 4, bounds=(0.0, None),
)  # fmt: skip
def variance_ratio(c: Context, n: int) -> np.ndarray:
    five = np.log(positive_ratio(c.close, lagged(c.close, 5)))
    return ratio(window_mean_variance(five, n)[1], 5.0 * c.of(window_mean_variance, "log_return", n)[1], 1.0)


@market_state(
    "amihud_ratio_{fast}_{slow}", "Price impact of {fast} bars over that of {slow}: above 1 is less liquid than usual.",
    formula="mean(|r| / (close volume), {fast}) / mean(same, {slow}); Amihud 2002; bars without volume count as 0",
    inputs=("close", "volume"), fast=(20,), slow=(120,),
    lookback=lambda fast, slow: slow, bounds=lambda fast, slow: (0.0, slow / fast),
)  # fmt: skip
def amihud_ratio(c: Context, fast: int, slow: int) -> np.ndarray:
    impact = ratio(np.abs(c.log_return), c.close * c.volume, 0.0)
    means = window_sum(impact, fast) / fast, window_sum(impact, slow) / slow
    return np.minimum(ratio(*means, 1.0), slow / fast)


@market_state(
    "roll_spread_{n}", "Effective spread implied by the bounce of {n} returns, as a share of the price.",
    formula="2 sqrt(max(0, -cov(r[t], r[t-1], {n}))); Roll 1984", n=(20, 60), lookback=lambda n: n + 1,
    bounds=(0.0, None),
)  # fmt: skip
def roll_spread(c: Context, n: int) -> np.ndarray:
    covariance, _, _ = window_covariance(c.log_return, lagged(c.log_return, 1), n)
    return 2.0 * np.sqrt(np.maximum(-covariance, 0.0))


@market_state(
    "corwin_schultz_spread_{n}", "Mean spread of {n} bars implied by one- and two-bar ranges, as a share of the price.",
    formula="mean(max(0, 2 (e^a - 1) / (1 + e^a)), {n}), highs and lows shifted by gaps; Corwin & Schultz 2012",
    inputs=HLC, n=(20,), lookback=lambda n: n, bounds=(0.0, 2.0),
)  # fmt: skip
def corwin_schultz_spread(c: Context, n: int) -> np.ndarray:
    return window_sum(c.of(_two_bar_spread, c), n) / n


@market_state(
    "volume_imbalance_{n}", "Bought less sold volume of {n} bars as a share of it, sides inferred from returns.",
    formula="sum(volume (2 N(r / stdev(r, 20)) - 1), {n}) / sum(volume, {n}); Easley et al. 2012; 0 without volume",
    inputs=("close", "volume"), n=(5, 20), lookback=lambda n: 20 + n - 1, bounds=(-1.0, 1.0),
)  # fmt: skip
def volume_imbalance(c: Context, n: int) -> np.ndarray:
    return ratio(window_sum(c.of(_bulk_classified, c), n), c.of(window_sum, "volume", n), 0.0)


@market_state(
    "buying_pressure_{n}", "Share of the true range of {n} bars that closes regained, weighted by volume; 0.5 without either.",
    formula="sum(volume (close - min(low, close[t-1])), {n}) / sum(volume true range, {n})",
    inputs=(*HLC, "volume"), n=(5, 20), lookback=lambda n: n, bounds=(0.0, 1.0),
)  # fmt: skip
def buying_pressure(c: Context, n: int) -> np.ndarray:
    regained = window_sum(c.volume * (c.close - np.minimum(c.low, c.previous_close)), n)
    return np.minimum(ratio(regained, window_sum(c.volume * c.true_range, n), 0.5), 1.0)


@market_state(
    "zero_return_share_{n}", "Share of {n} bars whose close did not move: a sign of thin trading.",
    formula="mean(close[t] == close[t-1], {n}); Lesmond, Ogden & Trzcinka 1999", n=(20,), lookback=lambda n: n,
    bounds=(0.0, 1.0),
)  # fmt: skip
def zero_return_share(c: Context, n: int) -> np.ndarray:
    still = np.where(np.isnan(c.log_return), np.nan, (c.log_return == 0.0).astype(np.float64))
    return window_sum(still, n) / n


@market_state(
    "traded_value_percentile", "Share of the last 252 bars that traded less value.",
    formula="rank of typical price x volume in its last 252 values, ties half", inputs=(*HLC, "volume"),
    lookback=YEAR - 1, bounds=(0.0, 1.0),
)  # fmt: skip
def traded_value_percentile(c: Context) -> np.ndarray:
    return window_rank(c.traded_value, YEAR)


@market_state(
    "drawdown_{n}", "Close below the highest close of {n} bars.",
    formula="close / max(close, {n}) - 1", n=(60, 252), lookback=lambda n: n - 1, bounds=(-1.0, 0.0),
)  # fmt: skip
def drawdown(c: Context, n: int) -> np.ndarray:
    top, _ = c.of(window_extremes, "close", "close", n)
    return ratio(c.close - top, top, np.nan)


def _volatility(c: Context, n: int) -> np.ndarray:
    return np.sqrt(c.of(window_mean_variance, "log_return", n)[1])


def _root_mean_square(c: Context, n: int) -> np.ndarray:
    return np.sqrt(window_sum(c.of(np.square, "log_return"), n) / n)


def _median_week(c: Context) -> np.ndarray:
    return window_median(_root_mean_square(c, 5), YEAR)


def _volatility_rank(c: Context) -> np.ndarray:
    return window_rank(_volatility(c, 20), YEAR)


def _bulk_classified(c: Context) -> np.ndarray:
    surprise = ratio(c.log_return, _volatility(c, 20), 0.0)
    return c.volume * (2.0 * ndtr(surprise) - 1.0)


def _two_bar_spread(c: Context) -> np.ndarray:
    """Spread of each pair of bars; the range of a pair is taken after removing the gap between them."""
    before_high, before_low = lagged(c.high, 1), lagged(c.low, 1)
    # A bar wholly above or below the close before it is moved by the gap, as in section IV of the paper.
    gap = np.maximum(c.low - c.previous_close, 0.0) + np.minimum(c.high - c.previous_close, 0.0)
    high, low = c.high - gap, c.low - gap
    single = np.square(np.log(positive_ratio(high, low))) + lagged(c.of(np.square, "log_range"), 1)
    pair = np.square(np.log(positive_ratio(np.maximum(high, before_high), np.minimum(low, before_low))))
    k = 3.0 - 2.0 * np.sqrt(2.0)
    alpha = (np.sqrt(2.0 * single) - np.sqrt(single)) / k - np.sqrt(pair / k)
    return np.maximum(2.0 * np.tanh(alpha / 2.0), 0.0)
